package org.suishou.app.task

import android.content.Context
import android.content.Intent
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.incident.Capture
import org.suishou.app.incident.PhotoScreen
import org.suishou.app.phone.CameraFiles
import org.suishou.app.phone.MapApps
import org.suishou.app.phone.Phone
import org.suishou.app.phone.remark
import org.suishou.app.ui.Flow
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.chip
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.label
import org.suishou.app.ui.line
import org.suishou.app.ui.progress
import org.suishou.app.ui.put
import org.suishou.app.ui.row
import org.suishou.app.ui.strip
import org.suishou.app.ui.thumb
import org.suishou.core.Field
import org.suishou.core.ItemState
import org.suishou.core.TaskAnswer
import org.suishou.core.TaskForm
import org.suishou.core.TaskItemView
import org.suishou.core.TaskPossible
import org.suishou.core.TaskState

/** An order of any form: what is asked, the list to go through, and the answers that it takes. */
class TaskScreen : Capture<TaskShown>() {
    private val document get() = intent.getStringExtra(DOCUMENT)!!

    override fun title(): CharSequence = state?.let { words.code("form", it.view.row.form) } ?: getString(R.string.kind_task)
    override fun load(field: Field) = TaskPresenter.state(field, document)

    override fun LinearLayout.show(state: TaskShown) {
        val view = state.view
        val flow = put(Flow(context))
        flow.chip(words.code("form", view.row.form), Tone.INFO)
        flow.chip(words.code("task_state", view.row.state), if (view.row.state == TaskState.FINISHED || view.row.state == TaskState.CLOSED) Tone.SOFT else Tone.QUIET)
        view.row.dueAt?.let { due ->
            val isLate = due < Phone.clock.now() && view.row.state != TaskState.FINISHED
            flow.chip(getString(if (isLate) R.string.late_since else R.string.due_by, words.time(due)), if (isLate) Tone.ALARM else Tone.QUIET)
        }
        label(view.row.title, Size.TITLE, gap = 10)
        if (view.text.isNotBlank()) label(view.text, gap = 8)
        if (view.photos.isNotEmpty()) strip {
            for (photo in view.photos) thumb(state.pictures[photo.hash], getString(R.string.photo), 128) { startActivity(PhotoScreen.of(this@TaskScreen, photo.hash)) }
        }
        view.place.position?.let { at ->
            button(getString(R.string.open_map), Tone.QUIET, R.drawable.ic_map) {
                if (!MapApps.open(this@TaskScreen, MapApps.amap(at), MapApps.baidu(at), MapApps.other(at))) tell(getString(R.string.no_map_app))
            }
        }
        view.myPart?.answer?.let { answer ->
            card(tone = Tone.SOFT) { label(words.text(R.string.task_you_said, words.code(answerPrefix(view.row.form), answer)), Size.STRONG, R.color.on_brand_soft) }
        }
        answers(state)
        items(state)
        counts(state)
        deeds(state)
        notes(state)
    }

    /** A muster is answered by coming, a reminder by having read it, anything else by taking it. */
    private fun answerPrefix(form: TaskForm) = when (form) {
        TaskForm.MUSTER -> "muster"
        TaskForm.REMINDER, TaskForm.PLAN -> "reminder"
        else -> "answer"
    }

    private fun LinearLayout.answers(state: TaskShown) {
        val view = state.view
        if (TaskPossible.ANSWER !in view.possible || !view.isForMe) return
        val prefix = answerPrefix(view.row.form)
        val said = view.myPart?.answer
        column(gap = 14) {
            if (said == null || said == TaskAnswer.DECLINED) button(words.code(prefix, TaskAnswer.ACCEPTED), icon = R.drawable.ic_check) { answer(TaskAnswer.ACCEPTED) }
            if (view.row.form == TaskForm.MUSTER && said != TaskAnswer.ARRIVED) {
                button(words.code(prefix, TaskAnswer.ARRIVED), if (said == null) Tone.SOFT else Tone.BRAND, R.drawable.ic_place) { answer(TaskAnswer.ARRIVED) }
            }
            if (said == null && prefix != "reminder") button(words.code(prefix, TaskAnswer.DECLINED), Tone.QUIET) {
                val reasons = state.township?.reasons ?: emptyList()
                pick(getString(R.string.task_why_not), reasons.map { it.id to words.say(it) }) { reason ->
                    act({ it.answerTask(document, TaskAnswer.DECLINED, reason, remark()) })
                }
            }
        }
    }

    private fun answer(answer: TaskAnswer) = act({ it.answerTask(document, answer, null, remark()) })

    private fun LinearLayout.items(state: TaskShown) {
        val view = state.view
        if (view.items.isEmpty()) return
        val counts = view.row.counts
        label(getString(R.string.task_items), Size.HEADING, gap = 20)
        val isPeople = view.row.form == TaskForm.EVACUATION
        val done = if (isPeople) counts.peopleAccounted.toInt() else counts.accounted.toInt()
        val whole = if (isPeople) counts.people.toInt() else counts.items.toInt()
        label(getString(if (isPeople) R.string.task_people_accounted else R.string.task_items_accounted, done, whole), Size.STRONG, R.color.brand)
        progress(done, whole)
        for (item in view.items) item(item, state)
    }

    private fun LinearLayout.item(item: TaskItemView, state: TaskShown) = card(gap = 8) {
        val marks = item.state.state
        row {
            column(weight = 1f) {
                label(item.item.text, Size.STRONG)
                val under = listOf(item.item.address, if (item.item.people > 1u) getString(R.string.people, item.item.people.toInt()) else "")
                    .filter { it.isNotBlank() }.joinToString(" · ")
                if (under.isNotEmpty()) label(under, Size.SMALL, R.color.ink_soft, gap = 0)
                val now = marks.first()
                if (now.state != ItemState.OPEN) {
                    val text = now.shelter?.let { words.text(R.string.item_moved_to, state.view.shelters.getOrElse(it.toInt()) { "?" }) } ?: words.code("item", now.state)
                    chip(text, if (now.state in setOf(ItemState.ABSENT, ItemState.REFUSED, ItemState.FAULTY)) Tone.CAUTION else Tone.SOFT, gap = 6)
                }
            }
        }
        if (marks.size > 1) {
            val all = marks.joinToString(" / ") { words.code("item", it.state) }
            label(words.text(R.string.item_clash, all), Size.SMALL, R.color.danger)
        }
        if (TaskPossible.MARK in state.view.possible) {
            choices(optionsOf(state), chosen(item)) { code -> mark(item, code) }
        }
    }

    private fun optionsOf(state: TaskShown): List<Pair<String, String>> = if (state.view.row.form == TaskForm.EVACUATION) {
        state.view.shelters.mapIndexed { at, name -> "MOVED:$at" to "→ $name" } +
            listOf(ItemState.ELSEWHERE, ItemState.ABSENT, ItemState.REFUSED).map { it.name to words.code("item", it) }
    } else listOf(ItemState.DONE, ItemState.FAULTY, ItemState.ABSENT).map { it.name to words.code("item", it) }

    private fun chosen(item: TaskItemView): String {
        val now = item.state.state.first()
        return now.shelter?.let { "MOVED:$it" } ?: now.state.name
    }

    private fun mark(item: TaskItemView, code: String) {
        val word = code.substringBefore(':')
        val shelter = code.substringAfter(':', "").toUByteOrNull()
        act({ it.markItem(document, item.item.id, ItemState.valueOf(word), shelter, remark()) })
    }

    private fun LinearLayout.counts(state: TaskShown) {
        val counts = state.view.row.counts
        if (state.view.row.form != TaskForm.MUSTER) return
        card {
            row {
                figure(counts.accepted.toInt(), R.string.count_accepted)
                figure(counts.arrived.toInt(), R.string.count_arrived)
                figure(counts.declined.toInt(), R.string.count_declined)
            }
        }
    }

    private fun LinearLayout.figure(figure: Int, what: Int) = column(weight = 1f) {
        label(figure.toString(), Size.FIGURE, R.color.brand)
        label(getString(what), Size.SMALL, R.color.ink_soft, gap = 0)
    }

    private fun LinearLayout.deeds(state: TaskShown) {
        val view = state.view
        val possible = view.possible
        if (TaskPossible.FINISH in possible) {
            if (view.needsProof) label(getString(R.string.task_needs_proof), Size.SMALL, R.color.ink_soft, gap = 14)
            button(getString(if (view.needsProof) R.string.task_finish_photo else R.string.task_finish),
                icon = if (view.needsProof) R.drawable.ic_camera else R.drawable.ic_check, gap = 14) {
                if (view.needsProof) snap() else act({ it.finishTask(document, remark()) })
            }
        }
        if (TaskPossible.HAND_OVER in possible) button(getString(R.string.task_hand_over), Tone.QUIET) {
            askText(getString(R.string.task_hand_over), getString(R.string.task_hand_over_hint)) { to ->
                if (to.isNotEmpty()) act({ it.handOverTask(document, to, remark()) })
            }
        }
        if (TaskPossible.CLOSE in possible) button(getString(R.string.task_close), Tone.QUIET) { act({ it.closeTask(document, remark()) }) }
        if (TaskPossible.CANCEL in possible) button(getString(R.string.task_cancel), Tone.QUIET) {
            askText(getString(R.string.task_cancel), getString(R.string.in_words)) { text -> act({ it.cancelTask(document, null, remark(text)) }) }
        }
        if (TaskPossible.REOPEN in possible) button(getString(R.string.task_reopen), Tone.QUIET) { act({ it.reopenTask(document, null, remark()) }) }
    }

    private fun LinearLayout.notes(state: TaskShown) {
        val notes = state.view.about.notes
        if (notes.isNotEmpty()) card(gap = 18) {
            for ((at, note) in notes.withIndex()) {
                if (at > 0) line()
                label(words.text(R.string.notice_from, words.author(note.author), words.time(note.at)), Size.SMALL, R.color.ink_soft)
                if (note.text.isNotBlank()) label(note.text, gap = 2)
                if (note.photos.isNotEmpty()) strip {
                    for (photo in note.photos) thumb(state.pictures[photo.hash], getString(R.string.photo)) { startActivity(PhotoScreen.of(this@TaskScreen, photo.hash)) }
                }
            }
        }
        button(getString(R.string.add_note), Tone.SOFT, R.drawable.ic_pen) {
            askText(getString(R.string.add_note), getString(R.string.add_note_hint)) { text ->
                if (text.isNotEmpty()) act({ it.addNote(document, remark(text)) })
            }
        }
    }

    override fun taken(name: String) = act({ field ->
        val hash = field.addPhoto(checkNotNull(CameraFiles.take(this, name)), emptyList())
        field.finishTask(document, remark(photos = listOf(hash)))
    }, then = { CameraFiles.drop(this, name) })

    companion object {
        private const val DOCUMENT = "document"
        fun of(context: Context, document: String): Intent = Intent(context, TaskScreen::class.java).putExtra(DOCUMENT, document)
    }
}
