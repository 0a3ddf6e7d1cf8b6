package org.suishou.app.incident

import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.widget.LinearLayout
import org.suishou.app.App
import org.suishou.app.R
import org.suishou.app.phone.CameraFiles
import org.suishou.app.phone.MapApps
import org.suishou.app.phone.Voice
import org.suishou.app.phone.remark
import org.suishou.app.ui.Flow
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.chip
import org.suishou.app.ui.column
import org.suishou.app.ui.iconButton
import org.suishou.app.ui.image
import org.suishou.app.ui.label
import org.suishou.app.ui.line
import org.suishou.app.ui.put
import org.suishou.app.ui.row
import org.suishou.app.ui.strip
import org.suishou.app.ui.thumb
import org.suishou.core.Author
import org.suishou.core.Field
import org.suishou.core.HeldEntry
import org.suishou.core.NoteView
import org.suishou.core.StepDraft
import org.suishou.core.StepKind

/** One incident: where it stands, everything that was said and done, and what this person may do now. */
class IncidentScreen : Capture<IncidentShown>() {
    private val document get() = intent.getStringExtra(DOCUMENT)!!
    private val app get() = applicationContext as App

    /** The step that waits for its photo. */
    private var begun: StepKind? = null

    override fun title(): CharSequence = getString(R.string.incident)
    override fun load(field: Field) = IncidentPresenter.state(field, document)

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        begun = StepKind.entries.find { it.name == saved?.getString("step") }
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString("step", begun?.name)
    }

    override fun LinearLayout.show(state: IncidentShown) {
        val view = state.view
        val incident = view.incident
        row {
            image(iconOf(incident.category.value ?: ""), R.color.brand, 34)
            label(words.category(incident.category.value), Size.TITLE, gap = 10, weight = 1f)
        }
        val flow = put(Flow(context), gap = 8)
        flow.chip(words.state(incident.state), toneOf(incident.state))
        incident.severity.value?.let { flow.chip(words.code("severity", it), if (it == "urgent" || it == "high") Tone.ALARM else Tone.QUIET) }
        view.matter?.let { flow.chip(words.code("matter", it), Tone.INFO) }
        if (view.isAnonymous) flow.chip(getString(R.string.anonymous), Tone.QUIET, R.drawable.ic_lock)
        if (view.author is Author.You) safety(words, view.about.stored, isSeen(view.about.stored), gap = 8)
        held(view.about.held)
        clash(state)
        if (view.text.isNotBlank()) label(view.text, gap = 14).textSize = 18f
        pictures(view.photos.map { it.hash }, state)
        view.voice?.let { spoken(it.hash) }
        place(state)
        label(getString(R.string.story), Size.HEADING, gap = 22)
        card(gap = 8) {
            told(words.text(R.string.story_reported, words.author(view.author)), words.time(view.reportedAt))
            state.story.forEach { tell(it, state) }
        }
        buttons(state)
    }

    private fun LinearLayout.held(held: List<HeldEntry>) {
        for (entry in held) card(tone = Tone.ALARM) {
            label(getString(R.string.held_title), Size.STRONG, R.color.on_danger_soft)
            label(words.code("reason", "held_${entry.code}", entry.code), color = R.color.on_danger_soft)
            entry.reply?.let { label(words.text(R.string.held_reply, it), color = R.color.on_danger_soft) }
            button(getString(R.string.try_again), Tone.SURFACE) { act({ it.tryAgain(entry.entry) }) }
        }
    }

    /** Two people chose differently at the same time: somebody chooses now. */
    private fun LinearLayout.clash(state: IncidentShown) {
        val incident = state.view.incident
        if (incident.category.others.isNotEmpty()) card(tone = Tone.CAUTION) {
            label(getString(R.string.clash_category), color = R.color.on_caution_soft)
            for (code in listOfNotNull(incident.category.value) + incident.category.others) {
                button(words.category(code), Tone.SURFACE) { act({ it.correct(document, code, null, null, null) }) }
            }
        }
        if (incident.grid.others.isNotEmpty()) card(tone = Tone.CAUTION) {
            label(getString(R.string.clash_grid), color = R.color.on_caution_soft)
            for (code in listOfNotNull(incident.grid.value) + incident.grid.others) {
                button(words.grid(code), Tone.SURFACE) { act({ it.correct(document, null, null, code, null) }) }
            }
        }
    }

    private fun LinearLayout.pictures(hashes: List<String>, state: IncidentShown) {
        if (hashes.isEmpty()) return
        strip {
            for (hash in hashes) thumb(state.pictures[hash], getString(R.string.photo), 128) { startActivity(PhotoScreen.of(this@IncidentScreen, hash)) }
        }
    }

    private fun LinearLayout.spoken(hash: String) = row(gap = 8) {
        iconButton(R.drawable.ic_play, getString(R.string.voice_play), R.color.brand) {
            app.phone.ask({ it.blobFile(hash) }) { done ->
                val path = done.getOrNull()
                if (path == null) tell(getString(R.string.photo_on_relay)) else runCatching { Voice.play(path) {} }
            }
        }
        label(getString(R.string.voice_here), gap = 8)
    }

    private fun LinearLayout.place(state: IncidentShown) {
        val place = state.view.place
        card {
            row {
                image(R.drawable.ic_place, R.color.brand, 26)
                column(gap = 10, weight = 1f) {
                    label(words.grid(state.view.incident.grid.value), Size.STRONG)
                    val accuracy = place.accuracyM?.let { words.text(R.string.place_accuracy, it.toInt()) } ?: getString(R.string.place_unknown)
                    val age = place.ageS?.toLong() ?: 0
                    label(if (age > 120) words.text(R.string.place_stale, accuracy, words.span(age)) else accuracy, Size.SMALL, R.color.ink_soft, gap = 0)
                    if (place.isMock == true) label(getString(R.string.place_mock), Size.SMALL, R.color.danger, gap = 0)
                }
            }
            place.position?.let { at ->
                button(getString(R.string.open_map), Tone.QUIET, R.drawable.ic_map) {
                    val wasOpened = MapApps.open(this@IncidentScreen, MapApps.amap(at), MapApps.baidu(at), MapApps.other(at))
                    if (!wasOpened) tell(getString(R.string.no_map_app))
                }
            }
        }
    }

    private fun LinearLayout.told(what: CharSequence, at: CharSequence, isStrong: Boolean = true) {
        label(what, if (isStrong) Size.STRONG else Size.BODY)
        label(at, Size.SMALL, R.color.ink_soft, gap = 0)
    }

    private fun LinearLayout.tell(told: Told, state: IncidentShown) {
        line()
        val step = told.step
        if (step != null) {
            val who = words.author(step.origin.author)
            val to = step.department?.let(words::department) ?: step.member
            val what = if (step.kind == StepKind.DISPATCHED && to != null) words.text(R.string.step_dispatched_to, to)
            else words.code("step", step.kind)
            told(words.text(R.string.step_by, what, who), words.time(told.at))
            step.dueAt?.let { label(getString(R.string.due_by, words.time(it)), Size.SMALL, R.color.ink_soft) }
            step.reason?.let { label(words.reason(it)) }
            step.answer?.let { label(words.answer(it)) }
            step.rating?.let { label("★".repeat(it.toInt()) + "☆".repeat(5 - it.toInt()), Size.STRONG, R.color.brand) }
            if (!step.tookEffect) label(getString(R.string.no_effect), Size.SMALL, R.color.danger)
        }
        told.note?.let { note(it, step == null, state) }
    }

    private fun LinearLayout.note(note: NoteView, isAlone: Boolean, state: IncidentShown) {
        if (isAlone) {
            val who = words.author(note.author)
            told(if (note.isCorrection) words.text(R.string.note_correction, who) else who, words.time(note.at))
        }
        if (note.text.isNotBlank()) label(note.text, gap = 4)
        pictures(note.photos.map { it.hash }, state)
        note.voice?.let { spoken(it.hash) }
    }

    private fun LinearLayout.buttons(state: IncidentShown) {
        val possible = state.view.possible
        label(getString(R.string.what_now), Size.HEADING, gap = 22)
        if (StepKind.HANDLING in possible) button(getString(R.string.do_handling), icon = R.drawable.ic_walk) { take(StepKind.HANDLING) }
        if (StepKind.RESOLVED in possible) {
            button(getString(R.string.do_resolved), icon = R.drawable.ic_camera) { begun = StepKind.RESOLVED; snap() }
            button(getString(R.string.do_resolved_plain), Tone.QUIET) { withWords(StepKind.RESOLVED, R.string.do_resolved_plain) }
        }
        if (StepKind.RETURNED in possible) button(getString(R.string.do_returned), Tone.QUIET) { withReason(StepKind.RETURNED, state) }
        if (StepKind.RATED in possible) rating()
        if (StepKind.REOPENED in possible) button(getString(R.string.do_reopened), Tone.QUIET) { withWords(StepKind.REOPENED, R.string.do_reopened) }
        button(getString(R.string.add_note), Tone.SOFT, R.drawable.ic_pen) {
            askText(getString(R.string.add_note), getString(R.string.add_note_hint)) { text ->
                if (text.isNotEmpty()) act({ it.addNote(document, remark(text)) })
            }
        }
        button(getString(R.string.add_photo_note), Tone.SOFT, R.drawable.ic_camera) { begun = null; snap() }
        if (state.view.author is Author.You) button(getString(R.string.correct_text), Tone.QUIET) {
            askText(getString(R.string.correct_text), getString(R.string.correct_text_hint)) { text ->
                if (text.isNotEmpty()) act({ it.correctText(document, text) })
            }
        }
    }

    private fun LinearLayout.rating() = card(tone = Tone.SOFT) {
        label(getString(R.string.rate_title), Size.STRONG, R.color.on_brand_soft)
        row(gap = 6) {
            for (stars in 1..5) button("$stars ★", Tone.SURFACE, gap = 6, weight = 1f) {
                act({ it.step(document, step(StepKind.RATED).copy(rating = stars.toUByte())) })
            }.apply {
                contentDescription = getString(R.string.rate_stars, stars)
                setPadding(0, paddingTop, 0, paddingBottom)
            }
        }
    }

    private fun step(kind: StepKind): StepDraft {
        val isAboutDispatch = kind in setOf(StepKind.HANDLING, StepKind.RESOLVED, StepKind.RETURNED)
        val dispatch = if (isAboutDispatch) state?.view?.myDispatch else null
        return StepDraft(kind, dispatch, null, null, null, emptyList())
    }

    private fun take(kind: StepKind) = act({ it.step(document, step(kind)) })

    private fun withWords(kind: StepKind, title: Int) = askText(getString(title), getString(R.string.in_words)) { text ->
        act({ it.step(document, step(kind).copy(remark = text.ifEmpty { null })) })
    }

    private fun withReason(kind: StepKind, state: IncidentShown) {
        val reasons = state.township?.reasons ?: emptyList()
        pick(getString(R.string.do_returned), reasons.map { it.id to words.say(it) }) { reason ->
            act({ it.step(document, step(kind).copy(reason = reason)) })
        }
    }

    override fun taken(name: String) {
        val kind = begun
        begun = null
        act({ field ->
            val hash = field.addPhoto(checkNotNull(CameraFiles.take(this, name)), emptyList())
            if (kind == null) field.addNote(document, remark(photos = listOf(hash)))
            else field.step(document, step(kind).copy(photos = listOf(hash)))
        }, then = { CameraFiles.drop(this, name) })
    }

    companion object {
        private const val DOCUMENT = "document"
        fun of(context: Context, document: String): Intent = Intent(context, IncidentScreen::class.java).putExtra(DOCUMENT, document)
    }
}
