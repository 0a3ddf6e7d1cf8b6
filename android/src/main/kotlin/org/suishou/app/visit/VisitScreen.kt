package org.suishou.app.visit

import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.text.InputType
import android.widget.LinearLayout
import org.suishou.app.App
import org.suishou.app.R
import org.suishou.app.incident.Capture
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.incident.PhotoScreen
import org.suishou.app.phone.CameraFiles
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.check
import org.suishou.app.ui.chip
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.app.ui.strip
import org.suishou.app.ui.thumb
import org.suishou.core.AnswerValue
import org.suishou.core.Field
import org.suishou.core.QuestionKind
import org.suishou.core.QuestionView
import org.suishou.core.VisitOutcome

/** A visit: how it went, the township's questions, and a need that was found, kept together. */
class VisitScreen : Capture<VisitShown>() {
    private var entered = VisitEntered()
    private val app get() = applicationContext as App
    private val household: String? get() = intent.getStringExtra(HOUSEHOLD)
    private val visit: String? get() = intent.getStringExtra(VISIT)

    override fun title(): CharSequence = getString(R.string.kind_visit)
    override val isLive get() = visit != null
    override fun load(field: Field) = VisitPresenter.state(field, household, visit)

    override fun LinearLayout.show(state: VisitShown) {
        state.household?.let {
            label(it.card.name, Size.TITLE)
            if (it.card.address.isNotBlank()) label(it.card.address, color = R.color.ink_soft, gap = 0)
        }
        if (state.visit != null) past(state) else fill(state)
    }

    private fun LinearLayout.past(state: VisitShown) {
        val view = state.visit!!
        chip(words.code("outcome", view.row.outcome), Tone.SOFT)
        label(words.text(R.string.notice_from, words.author(view.row.author), words.time(view.row.at)), Size.SMALL, R.color.ink_soft)
        view.record.purpose?.let { label(words.purpose(it)) }
        if (view.record.text.isNotBlank()) label(view.record.text, gap = 12).textSize = 18f
        if (view.photos.isNotEmpty()) strip {
            for (photo in view.photos) thumb(state.pictures[photo.hash], getString(R.string.photo), 128) { startActivity(PhotoScreen.of(this@VisitScreen, photo.hash)) }
        }
        val form = state.township?.forms?.find { it.id == view.record.form }
        if (view.record.answers.isNotEmpty()) card {
            for (answer in view.record.answers) {
                val question = form?.questions?.find { it.id == answer.question }
                label(question?.let { words.say(it.words) } ?: answer.question, Size.SMALL, R.color.ink_soft, gap = if (childCount == 0) 0 else 10)
                label(said(answer.value, question), gap = 0)
            }
        }
        for (document in view.visit.ledTo) button(getString(R.string.visit_led_to), Tone.QUIET) { startActivity(IncidentScreen.of(context, document)) }
    }

    private fun said(value: AnswerValue, question: QuestionView?) = when (value) {
        is AnswerValue.Yes -> getString(if (value.v1) R.string.yes else R.string.no)
        is AnswerValue.Option -> question?.options?.find { it.id == value.v1 }?.let { words.say(it) } ?: value.v1
        is AnswerValue.Number -> value.v1.toString()
        is AnswerValue.Text -> value.v1
    }

    private fun LinearLayout.fill(state: VisitShown) {
        label(getString(R.string.visit_how), Size.HEADING, gap = 14)
        choices(VisitOutcome.entries.map { it.name to words.code("outcome", it) }, entered.outcome.name) { change { copy(outcome = VisitOutcome.valueOf(it)) } }
        val known = state.household?.card?.purposes ?: emptyList()
        val purposes = (state.township?.purposes ?: emptyList()).sortedBy { it.id !in known }
        if (entered.purpose == null) known.firstOrNull()?.let { entered = entered.copy(purpose = it) }
        label(getString(R.string.visit_purpose), Size.HEADING, gap = 18)
        choices(purposes.map { it.id to words.say(it) }, entered.purpose) { change { copy(purpose = it) } }
        if (entered.outcome == VisitOutcome.MET) questions(state)
        label(getString(R.string.visit_text), Size.HEADING, gap = 18)
        input(getString(R.string.visit_text_hint), entered.text, lines = 3) { entered = entered.copy(text = it) }
        if (entered.photos.isNotEmpty()) strip {
            for (hash in entered.photos) thumb(pictures[hash], getString(R.string.photo)) { startActivity(PhotoScreen.of(this@VisitScreen, hash)) }
        }
        button(getString(R.string.photo_add), Tone.QUIET, R.drawable.ic_camera) { snap() }
        if (entered.outcome == VisitOutcome.MET) need(state)
    }

    private fun LinearLayout.questions(state: VisitShown) {
        val form = VisitPresenter.form(state.township, entered.purpose) ?: return
        label(words.say(form.words), Size.HEADING, gap = 18)
        for (question in form.questions) {
            val text = words.say(question.words) + if (question.isRequired) " *" else ""
            label(text, gap = 10)
            val now = entered.answers[question.id]
            when (question.kind) {
                QuestionKind.YES -> choices(listOf("yes" to getString(R.string.yes), "no" to getString(R.string.no)), (now as? AnswerValue.Yes)?.let { if (it.v1) "yes" else "no" }, gap = 4) {
                    answer(question, AnswerValue.Yes(it == "yes"))
                }
                QuestionKind.OPTION -> choices(question.options.map { it.id to words.say(it) }, (now as? AnswerValue.Option)?.v1, gap = 4) {
                    answer(question, AnswerValue.Option(it))
                }
                QuestionKind.NUMBER -> input("0", (now as? AnswerValue.Number)?.v1?.toString() ?: "", type = InputType.TYPE_CLASS_NUMBER, gap = 4) { typed ->
                    keep(question, typed.toLongOrNull()?.let { AnswerValue.Number(it) })
                }
                QuestionKind.TEXT -> input(getString(R.string.in_words), (now as? AnswerValue.Text)?.v1 ?: "", lines = 2, gap = 4) { typed ->
                    keep(question, typed.ifBlank { null }?.let { AnswerValue.Text(it) })
                }
            }
        }
    }

    private fun answer(question: QuestionView, value: AnswerValue) = change { copy(answers = answers + (question.id to value)) }

    private fun keep(question: QuestionView, value: AnswerValue?) {
        entered = entered.copy(answers = if (value == null) entered.answers - question.id else entered.answers + (question.id to value))
    }

    private fun LinearLayout.need(state: VisitShown) {
        label(getString(R.string.visit_need), Size.HEADING, gap = 18)
        label(getString(R.string.visit_need_why), Size.SMALL, R.color.ink_soft, gap = 0)
        input(getString(R.string.visit_need_hint), entered.need, lines = 2) { entered = entered.copy(need = it) }
        choices((state.township?.categories ?: emptyList()).map { it.words.id to words.say(it.words) }, entered.needCategory) { change { copy(needCategory = it) } }
        check(getString(R.string.report_anonymous), entered.isConfidential) { entered = entered.copy(isConfidential = it) }
    }

    private fun change(edit: VisitEntered.() -> VisitEntered) {
        entered = entered.edit()
        draw()
    }

    override fun LinearLayout.foot(state: VisitShown) {
        if (state.visit != null) return
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            button(getString(R.string.visit_keep), icon = R.drawable.ic_check) {
                val made = entered
                if (made.need.isNotBlank() && made.needCategory == null) return@button tell(getString(R.string.reason_missing_category))
                val form = VisitPresenter.form(state.township, made.purpose)
                val fix = where.fix()
                act({ VisitPresenter.keep(it, household, made, form, fix) }, then = {
                    tell(getString(R.string.visit_kept))
                    finish()
                })
            }
        }
    }

    private val pictures = mutableMapOf<String, String?>()

    override fun taken(name: String) {
        app.phone.ask({ field ->
            val hash = field.addPhoto(checkNotNull(CameraFiles.take(this, name)), emptyList())
            hash to field.previewFile(hash)
        }) { done ->
            CameraFiles.drop(this, name)
            done.onSuccess { (hash, path) ->
                pictures[hash] = path
                change { copy(photos = photos + hash) }
            }.onFailure { tell(words.failure(it)) }
        }
    }

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        saved?.let { entered = entered.copy(text = it.getString("text") ?: "", need = it.getString("need") ?: "", photos = it.getStringArrayList("photos") ?: emptyList()) }
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString("text", entered.text)
        out.putString("need", entered.need)
        out.putStringArrayList("photos", ArrayList(entered.photos))
    }

    companion object {
        private const val HOUSEHOLD = "household"
        private const val VISIT = "visit"
        fun of(context: Context, household: String?): Intent = Intent(context, VisitScreen::class.java).putExtra(HOUSEHOLD, household)
        fun look(context: Context, visit: String): Intent = Intent(context, VisitScreen::class.java).putExtra(VISIT, visit)
    }
}
