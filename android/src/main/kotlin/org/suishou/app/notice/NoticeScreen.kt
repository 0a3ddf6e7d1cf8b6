package org.suishou.app.notice

import android.content.Context
import android.content.Intent
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.incident.PhotoScreen
import org.suishou.app.phone.remark
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.chip
import org.suishou.app.ui.label
import org.suishou.app.ui.strip
import org.suishou.app.ui.thumb
import org.suishou.core.Field

/** A notice in words that people use; opened is not read, so the person says so. Questions go back with it. */
class NoticeScreen : Screen<NoticeShown>() {
    private val document get() = intent.getStringExtra(DOCUMENT)!!

    override fun title(): CharSequence = getString(R.string.kind_notice)
    override fun load(field: Field) = NoticePresenter.state(field, document)

    override fun LinearLayout.show(state: NoticeShown) {
        val view = state.view
        view.row.theme?.let { chip(words.theme(it), Tone.INFO, gap = 0) }
        label(view.row.title, Size.TITLE, gap = 8)
        label(words.text(R.string.notice_from, words.author(view.row.author), words.time(view.row.at)), Size.SMALL, R.color.ink_soft)
        if (view.isWithdrawn) card(tone = Tone.CAUTION) { label(getString(R.string.notice_withdrawn), color = R.color.on_caution_soft) }
        label(view.text, gap = 14).textSize = 18f
        if (view.photos.isNotEmpty()) strip {
            for (photo in view.photos) thumb(state.pictures[photo.hash], getString(R.string.photo), 160) {
                startActivity(PhotoScreen.of(this@NoticeScreen, photo.hash))
            }
        }
        when {
            view.isRead -> card(tone = Tone.SOFT) { label(getString(R.string.notice_is_read), Size.STRONG, R.color.on_brand_soft) }
            view.row.asksRead && view.isForMe && !view.isWithdrawn ->
                button(getString(R.string.notice_read), icon = R.drawable.ic_check, gap = 18) { act({ it.readNotice(document) }) }
        }
        button(getString(R.string.notice_pass_on), Tone.QUIET) {
            startActivity(Intent.createChooser(Intent(Intent.ACTION_SEND).setType("text/plain")
                .putExtra(Intent.EXTRA_TEXT, "${view.row.title}\n\n${view.text}"), getString(R.string.notice_pass_on)))
        }
        label(getString(R.string.notice_questions), Size.HEADING, gap = 22)
        for (note in view.about.notes) card(gap = 8) {
            label(words.text(R.string.notice_from, words.author(note.author), words.time(note.at)), Size.SMALL, R.color.ink_soft)
            label(note.text, gap = 2)
        }
        button(getString(R.string.notice_ask), Tone.SOFT, R.drawable.ic_pen) {
            askText(getString(R.string.notice_ask), getString(R.string.in_words)) { text ->
                if (text.isNotEmpty()) act({ it.addNote(document, remark(text)) })
            }
        }
    }

    companion object {
        private const val DOCUMENT = "document"
        fun of(context: Context, document: String): Intent = Intent(context, NoticeScreen::class.java).putExtra(DOCUMENT, document)
    }
}
