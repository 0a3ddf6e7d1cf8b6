package org.suishou.app.notice

import android.os.Bundle
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.area.AreaPresenter
import org.suishou.app.area.Whom
import org.suishou.app.phone.Phone
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.button
import org.suishou.app.ui.check
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.core.Field
import org.suishou.core.GridView
import org.suishou.core.NoticeRecord
import org.suishou.core.TownshipView

/** To whom one may speak, and about what. */
data class PublishShown(val grids: List<GridView>, val township: TownshipView?)

/** A leader publishes a notice for those in the own grids. */
class PublishScreen : Screen<PublishShown>() {
    private var subject = ""
    private var text = ""
    private var theme: String? = null
    private var asksRead = true
    private var days = WEEK
    private val chosen = linkedSetOf<String>()
    private var isBusy = false

    override fun title(): CharSequence = getString(R.string.publish)
    override val isLive get() = false
    override fun load(field: Field) = PublishShown(AreaPresenter.grids(field), field.settings())

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        saved ?: return
        subject = saved.getString("subject") ?: ""
        text = saved.getString("text") ?: ""
        theme = saved.getString("theme")
        asksRead = saved.getBoolean("asks")
        days = saved.getInt("days")
        chosen += saved.getStringArrayList("chosen") ?: arrayListOf()
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString("subject", subject)
        out.putString("text", text)
        out.putString("theme", theme)
        out.putBoolean("asks", asksRead)
        out.putInt("days", days)
        out.putStringArrayList("chosen", ArrayList(chosen))
    }

    override fun LinearLayout.show(state: PublishShown) {
        label(getString(R.string.task_title), Size.HEADING)
        input(getString(R.string.publish_title_hint), subject, gap = 6) { subject = it }
        label(getString(R.string.publish_text), Size.HEADING, gap = 18)
        input(getString(R.string.publish_text_hint), text, lines = 5, gap = 6) { text = it }
        val themes = state.township?.themes ?: emptyList()
        if (themes.isNotEmpty()) {
            label(getString(R.string.publish_theme), Size.HEADING, gap = 18)
            choices(themes.map { it.id to words.say(it) }, theme, gap = 6) { theme = if (it == theme) null else it; draw() }
        }
        Whom(chosen).show(this, state.grids)
        label(getString(R.string.publish_until), Size.HEADING, gap = 18)
        val spans = listOf(0, 1, WEEK, MONTH).map { it.toString() to if (it == 0) getString(R.string.task_no_due) else resources.getQuantityString(R.plurals.in_days, it, it) }
        choices(spans, days.toString(), gap = 6) { days = it.toInt(); draw() }
        check(getString(R.string.publish_asks_read), asksRead, gap = 14) { asksRead = it }
    }

    override fun LinearLayout.foot(state: PublishShown) {
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            button(getString(R.string.publish_now), icon = R.drawable.ic_check) { publish() }
        }
    }

    private fun publish() {
        if (chosen.isEmpty()) return tell(getString(R.string.whom_missing))
        if (isBusy) return
        isBusy = true
        val untilAt = if (days == 0) null else Phone.clock.now() + days * DAY_MS
        val record = NoticeRecord("", theme, subject.trim(), text.trim(), Whom(chosen).audience(), emptyList(), null, untilAt, asksRead)
        act({ it.publishNotice(record) }, then = { document ->
            startActivity(NoticeScreen.of(this, document))
            finish()
        }, failed = { isBusy = false })
    }

    private companion object {
        const val WEEK = 7
        const val MONTH = 30
        const val DAY_MS = 86_400_000L
    }
}
