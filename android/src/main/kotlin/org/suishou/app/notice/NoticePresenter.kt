package org.suishou.app.notice

import org.suishou.core.Field
import org.suishou.core.NoticeView

/** A notice with its pictures. */
data class NoticeShown(val view: NoticeView, val pictures: Map<String, String?>)

object NoticePresenter {
    fun state(field: Field, document: String): NoticeShown {
        val view = field.notice(document)
        return NoticeShown(view, view.photos.associate { it.hash to field.previewFile(it.hash) })
    }
}
