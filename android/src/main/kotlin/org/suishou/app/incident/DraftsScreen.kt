package org.suishou.app.incident

import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.card
import org.suishou.app.ui.column
import org.suishou.app.ui.iconButton
import org.suishou.app.ui.label
import org.suishou.app.ui.row
import org.suishou.app.ui.thumb
import org.suishou.core.Draft
import org.suishou.core.Field

/** A draft with its first picture. */
data class DraftShown(val draft: Draft, val picture: String?)

/** Reports that were begun: to go on with, or to throw away. */
class DraftsScreen : Screen<List<DraftShown>>() {
    override fun title(): CharSequence = getString(R.string.drafts)

    override fun load(field: Field) = field.drafts().map { DraftShown(it, it.body.photos.firstOrNull()?.let(field::previewFile)) }

    override fun LinearLayout.show(state: List<DraftShown>) {
        if (state.isEmpty()) label(getString(R.string.no_drafts), color = R.color.ink_soft)
        for ((draft, picture) in state) card(onPress = { startActivity(ReportScreen.ofDraft(this@DraftsScreen, draft.id)) }) {
            row {
                if (picture != null) thumb(picture, getString(R.string.photo), 56)
                column(gap = 12, weight = 1f) {
                    val what = draft.body.text.ifBlank { draft.body.category?.let(words::category) ?: getString(R.string.draft_empty) }
                    label(what, Size.STRONG).apply { maxLines = 2 }
                    label(words.text(R.string.draft_since, words.time(draft.changedAt)), Size.SMALL, R.color.ink_soft, gap = 0)
                }
                iconButton(R.drawable.ic_close, getString(R.string.draft_discard)) {
                    ask(getString(R.string.draft_discard_ask), getString(R.string.draft_discard)) { act({ it.discardDraft(draft.id) }) }
                }
            }
        }
    }
}
