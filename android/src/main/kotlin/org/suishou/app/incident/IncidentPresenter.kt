package org.suishou.app.incident

import org.suishou.core.Field
import org.suishou.core.IncidentView
import org.suishou.core.NoteView
import org.suishou.core.Said
import org.suishou.core.StepShown
import org.suishou.core.TownshipView

/** One incident, and what happened to it in the order in which it did. */
data class IncidentShown(
    val view: IncidentView,
    val story: List<Told>,
    val pictures: Map<String, String?>,
    val township: TownshipView?,
)

/** A step with its remark, or a remark alone. */
data class Told(val step: StepShown?, val note: NoteView?) {
    val at: Long get() = step?.origin?.at() ?: note!!.at
}

private fun Said.at() = receivedAt ?: claimedAt

object IncidentPresenter {
    fun state(field: Field, document: String): IncidentShown {
        val view = field.incident(document)
        val explained = view.about.notes.filter { it.step != null }.associateBy { it.step }
        val steps = view.incident.steps.map { Told(it, explained[it.id]) }
        val known = view.incident.steps.map { it.id }.toSet()
        val alone = view.about.notes.filter { it.step == null || it.step !in known }.map { Told(null, it) }
        val hashes = view.photos.map { it.hash } + view.about.notes.flatMap { note -> note.photos.map { it.hash } }
        return IncidentShown(view, merge(steps, alone), hashes.associateWith(field::previewFile), field.settings())
    }

    /** Steps keep their causal order; remarks go where their time puts them. */
    private fun merge(steps: List<Told>, notes: List<Told>): List<Told> {
        val story = steps.toMutableList()
        for (note in notes) {
            val place = story.indexOfFirst { it.step != null && it.at > note.at }
            if (place < 0) story += note else story.add(place, note)
        }
        return story
    }
}
