package org.suishou.app.task

import org.suishou.app.area.AreaPresenter
import org.suishou.core.Audience
import org.suishou.core.Field
import org.suishou.core.GridView
import org.suishou.core.Place
import org.suishou.core.TaskForm
import org.suishou.core.TaskItem
import org.suishou.core.TaskRecord

/** To whom one may give a task. */
data class GiveShown(val grids: List<GridView>)

/** A task that is being written. */
data class TaskDraft(
    val form: TaskForm = TaskForm.ERRAND,
    val title: String = "",
    val text: String = "",
    /** One a line: what, where, how many people. */
    val items: String = "",
    /** One a line. */
    val shelters: String = "",
    val dueAt: Long? = null,
    val needsProof: Boolean = false,
)

object GivePresenter {
    fun state(field: Field) = GiveShown(AreaPresenter.grids(field))

    fun record(draft: TaskDraft, audience: Audience) = TaskRecord(
        salt = "", form = draft.form, title = draft.title.trim(), text = draft.text.trim(), items = items(draft.items), audience = audience,
        fromAt = null, dueAt = draft.dueAt, place = Place(null, null, null, null, null, null, null), source = null, photos = emptyList(),
        shelters = if (draft.form == TaskForm.EVACUATION) lines(draft.shelters) else emptyList(), needsProof = draft.needsProof,
    )

    private fun lines(text: String) = text.lines().map { it.trim() }.filter { it.isNotEmpty() }

    /** The number of people is the last part, if it is a number; the address stands between. */
    private fun items(text: String) = lines(text).mapIndexed { at, line ->
        val parts = line.split(',', '\uff0c').map { it.trim() }
        val people = parts.drop(1).lastOrNull()?.toUShortOrNull()
        val address = (if (people == null) parts.drop(1) else parts.drop(1).dropLast(1)).joinToString(" ")
        TaskItem((at + 1).toUShort(), parts.first(), address, people ?: 1.toUShort())
    }
}
