package org.suishou.app.patrol

import org.suishou.core.CheckpointView
import org.suishou.core.Field
import org.suishou.core.GridView
import org.suishou.core.PatrolView
import org.suishou.core.Stretch

/** A patrol under way, or what one may set out to do. */
data class PatrolShown(
    val view: PatrolView?,
    val isOwn: Boolean,
    /** Metres so far, with what is in no segment yet; never across a gap. */
    val distanceM: Long,
    val track: List<Stretch>,
    val checkpoints: List<CheckpointView>,
    val grids: List<GridView>,
    val mayLocate: Boolean,
)

object PatrolPresenter {
    fun state(field: Field, document: String?): PatrolShown {
        val open = field.openPatrol()
        val id = document ?: open
        val view = id?.let(field::patrol)
        val track = id?.let(field::track) ?: emptyList()
        val settings = field.settings()
        val consent = field.consents().find { it.kind == org.suishou.core.ConsentKind.POSITION }
        return PatrolShown(
            view, id != null && id == open, track.sumOf { it.distanceM }.toLong(), track,
            settings?.checkpoints ?: emptyList(), settings?.grids ?: emptyList(),
            consent == null || consent.givenAt != null,
        )
    }
}
