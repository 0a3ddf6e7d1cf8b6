package org.suishou.app.task

import org.suishou.core.Field
import org.suishou.core.TaskView
import org.suishou.core.TownshipView

/** A task with everything about it. */
data class TaskShown(val view: TaskView, val pictures: Map<String, String?>, val township: TownshipView?)

object TaskPresenter {
    fun state(field: Field, document: String): TaskShown {
        val view = field.task(document)
        val hashes = view.photos.map { it.hash } + view.about.notes.flatMap { note -> note.photos.map { it.hash } }
        return TaskShown(view, hashes.associateWith(field::previewFile), field.settings())
    }
}
