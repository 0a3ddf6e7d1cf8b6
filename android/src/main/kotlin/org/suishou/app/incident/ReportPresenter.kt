package org.suishou.app.incident

import org.suishou.core.Blur
import org.suishou.core.Draft
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.Matter
import org.suishou.core.SimilarIncident
import org.suishou.core.Similar
import org.suishou.core.TownshipView

/** A report being filled in. The draft is the state: it is kept at every change. */
data class ReportState(
    val draft: Draft,
    val photos: List<Pair<String, String?>>,
    val missing: List<String>,
    val township: TownshipView?,
    val foundGrid: String?,
    val similar: List<SimilarIncident>,
)

object ReportPresenter {
    /** The draft with this id, else a new one. */
    fun open(field: Field, id: String?, matter: Matter?): ReportState {
        val view = id?.let { known -> runCatching { field.draft(known) }.getOrNull() }
        val draft = view?.draft ?: field.startDraft(DocumentKind.INCIDENT).let { it.copy(body = it.body.copy(matter = matter)) }
        return shown(field, draft, view?.missing ?: emptyList())
    }

    fun shown(field: Field, draft: Draft, missing: List<String> = emptyList()): ReportState {
        val body = draft.body
        val found = body.fix?.let { field.findGrid(it.position) }
        return ReportState(
            draft, body.photos.map { it to field.previewFile(it) }, missing, field.settings(), found,
            if (body.matter == null) similar(field, draft, body.grid ?: found) else emptyList(),
        )
    }

    /** What others may have reported already, once it is known what and where it is. */
    private fun similar(field: Field, draft: Draft, grid: String?): List<SimilarIncident> {
        val category = draft.body.category ?: return emptyList()
        if (draft.body.fix == null && grid == null) return emptyList()
        return field.similar(Similar(draft.body.fix?.position, grid, category, draft.startedAt, draft.body.text, null)).take(2)
    }

    fun addPhoto(field: Field, bytes: ByteArray, blurs: List<Blur>) = field.addPhoto(bytes, blurs)
}
