package org.suishou.app.task

import android.os.Bundle
import android.widget.LinearLayout
import org.suishou.app.R
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
import org.suishou.core.TaskForm

/** A leader gives a task to those in the own grids. */
class GiveScreen : Screen<GiveShown>() {
    private var draft = TaskDraft()
    private val chosen = linkedSetOf<String>()
    private var hours = DAY
    private var isBusy = false

    override fun title(): CharSequence = getString(R.string.task_give)
    override val isLive get() = false
    override fun load(field: Field) = GivePresenter.state(field)

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        saved ?: return
        fun text(name: String) = saved.getString(name) ?: ""
        draft = TaskDraft(
            TaskForm.valueOf(text("form")), text("title"), text("text"), text("items"), text("shelters"), null, saved.getBoolean("proof"),
        )
        hours = saved.getInt("hours")
        chosen += saved.getStringArrayList("chosen") ?: arrayListOf()
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString("form", draft.form.name)
        out.putString("title", draft.title)
        out.putString("text", draft.text)
        out.putString("items", draft.items)
        out.putString("shelters", draft.shelters)
        out.putBoolean("proof", draft.needsProof)
        out.putInt("hours", hours)
        out.putStringArrayList("chosen", ArrayList(chosen))
    }

    override fun LinearLayout.show(state: GiveShown) {
        choices(TaskForm.entries.map { it.name to words.code("form", it) }, draft.form.name, gap = 0) { code ->
            draft = draft.copy(form = TaskForm.valueOf(code))
            draw()
        }
        heading(R.string.task_title)
        input(getString(R.string.task_title_hint), draft.title, gap = 6) { draft = draft.copy(title = it) }
        heading(R.string.task_text)
        input(getString(R.string.task_text_hint), draft.text, lines = 3, gap = 6) { draft = draft.copy(text = it) }
        Whom(chosen).show(this, state.grids)
        heading(R.string.task_due)
        val spans = listOf(0 to getString(R.string.task_no_due), 2 to hoursText(2), 12 to hoursText(12), DAY to daysText(1), 3 * DAY to daysText(3), 7 * DAY to daysText(7))
        choices(spans.map { (hours, text) -> hours.toString() to text }, hours.toString(), gap = 6) { hours = it.toInt(); draw() }
        if (draft.form in LISTED) {
            heading(R.string.task_items)
            label(getString(R.string.task_items_how), Size.SMALL, R.color.ink_soft, gap = 0)
            input(getString(R.string.task_items_hint), draft.items, lines = 4, gap = 6) { draft = draft.copy(items = it) }
        }
        if (draft.form == TaskForm.EVACUATION) {
            heading(R.string.task_shelters)
            input(getString(R.string.task_shelters_hint), draft.shelters, lines = 2, gap = 6) { draft = draft.copy(shelters = it) }
        }
        check(getString(R.string.task_needs_proof), draft.needsProof, gap = 14) { draft = draft.copy(needsProof = it) }
    }

    private fun LinearLayout.heading(text: Int) = label(getString(text), Size.HEADING, gap = 18)
    private fun hoursText(hours: Int) = resources.getQuantityString(R.plurals.in_hours, hours, hours)
    private fun daysText(days: Int) = resources.getQuantityString(R.plurals.in_days, days, days)

    override fun LinearLayout.foot(state: GiveShown) {
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            button(getString(R.string.task_give_now), icon = R.drawable.ic_check) { give() }
        }
    }

    private fun give() {
        // An order for nobody would go to the command centre alone: here somebody was meant.
        if (chosen.isEmpty()) return tell(getString(R.string.whom_missing))
        if (isBusy) return
        isBusy = true
        val dueAt = if (hours == 0) null else Phone.clock.now() + hours * HOUR_MS
        val record = GivePresenter.record(draft.copy(dueAt = dueAt), Whom(chosen).audience())
        act({ it.giveTask(record, null) }, then = { document ->
            startActivity(TaskScreen.of(this, document))
            finish()
        }, failed = { isBusy = false })
    }

    private companion object {
        const val DAY = 24
        const val HOUR_MS = 3_600_000L
        val LISTED = setOf(TaskForm.INSPECTION, TaskForm.EVACUATION, TaskForm.RELIEF, TaskForm.ERRAND)
    }
}
