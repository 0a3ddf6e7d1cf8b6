package org.suishou.app.warning

import android.content.Context
import org.suishou.app.R
import org.suishou.app.phone.Notices
import org.suishou.app.phone.Phone
import org.suishou.app.phone.Wishes
import org.suishou.app.phone.Words
import org.suishou.app.phone.query
import org.suishou.core.DocumentKind
import org.suishou.core.Row
import org.suishou.core.WarningState

/** Rings once for each issue of a warning that is for this person and not acknowledged. */
object Bellringer {
    fun look(context: Context, phone: Phone) {
        val wishes = Wishes(context)
        val field = phone.field
        val warnings = field.list(query(kinds = listOf(DocumentKind.WARNING), forMe = true)).items
        for (listed in warnings) {
            val row = (listed.row as? Row.Warning)?.v1 ?: continue
            val mark = "${row.document}/${row.issue}"
            if (mark in wishes.rung) continue
            val view = field.warning(row.document)
            val isOver = view.state == WarningState.ENDED || view.state == WarningState.EXPIRED
            wishes.rung = wishes.rung + mark
            if (isOver || view.isAcknowledged || !view.isForMe) {
                Notices.silence(context, row.document)
                continue
            }
            val words = Words(Wishes.dress(context), phone.township())
            val title = words.text(R.string.warning_title, words.code("level", row.level), words.hazard(row.hazard))
            Notices.ring(context, row.document, title, row.title)
        }
    }
}
