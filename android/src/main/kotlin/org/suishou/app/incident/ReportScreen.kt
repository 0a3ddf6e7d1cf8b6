package org.suishou.app.incident

import android.Manifest
import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.widget.LinearLayout
import android.widget.TextView
import org.suishou.app.App
import org.suishou.app.R
import org.suishou.app.phone.CameraFiles
import org.suishou.app.phone.Phone
import org.suishou.app.phone.Voice
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.check
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.ground
import org.suishou.app.ui.iconButton
import org.suishou.app.ui.image
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.app.ui.row
import org.suishou.app.ui.strip
import org.suishou.app.ui.thumb
import org.suishou.core.Blur
import org.suishou.core.Draft
import org.suishou.core.DraftBody
import org.suishou.core.Field
import org.suishou.core.Matter
import org.suishou.core.SensitiveKind
import org.suishou.core.Severity
import org.suishou.core.sensitiveNumbers

/** A report with everything that may be in it. What is entered is kept at once, as a draft. */
class ReportScreen : Capture<ReportState>() {
    private var draft: Draft? = null
    private var isKept = false
    private var isReported = false
    private val voice by lazy { Voice(this) }

    /** Where the camera's own file of a photo lies, so that faces in it can still be hidden. */
    private val originals = mutableMapOf<String, String>()
    private var placeLine: TextView? = null
    private var gridLine: TextView? = null
    private var warnLine: TextView? = null

    private val matter get() = Matter.entries.find { it.name == intent.getStringExtra(MATTER) }
    private val app get() = applicationContext as App

    override fun title(): CharSequence = getString(if (matter == null) R.string.report else R.string.complain)
    override val isLive get() = false

    override fun onCreate(saved: Bundle?) {
        saved?.getString(DRAFT)?.let { intent.putExtra(DRAFT, it) }
        saved?.getStringArray("originals")?.toList()?.chunked(2)?.forEach { (hash, name) -> originals[hash] = name }
        super.onCreate(saved)
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        if (isKept) out.putString(DRAFT, draft?.id)
        out.putStringArray("originals", originals.flatMap { listOf(it.key, it.value) }.toTypedArray())
    }

    override fun load(field: Field): ReportState {
        val known = draft
        val shown = if (known == null) ReportPresenter.open(field, intent.getStringExtra(DRAFT), matter)
        else ReportPresenter.shown(field, known)
        if (draft == null) {
            draft = shown.draft
            isKept = intent.hasExtra(DRAFT)
        }
        return shown
    }

    /** Keeps what was entered; from the first letter on it is on this phone. */
    private fun change(isShownAnew: Boolean = true, edit: (DraftBody) -> DraftBody) {
        val changed = draft?.let { it.copy(body = edit(it.body)) } ?: return
        draft = changed
        isKept = true
        app.phone.ask({ it.saveDraft(changed) }) { done -> done.onFailure { tell(words.failure(it)) } }
        if (isShownAnew) reload()
    }

    override fun located() {
        val fix = where.fix() ?: return
        val known = draft ?: return
        if (known.body.fix == null || fix.accuracyM < known.body.fix!!.accuracyM) {
            // A fix alone makes no draft: nothing was entered yet.
            draft = known.copy(body = known.body.copy(fix = fix))
            if (isKept) change(false) { it }
            placeLine?.text = placeText()
            // The grid is named as soon as it is known; nothing else is drawn anew under the person's fingers.
            if (known.body.grid == null) app.phone.ask({ it.findGrid(fix.position) }) { found ->
                found.getOrNull()?.let { gridLine?.text = words.grid(it) }
            }
        }
    }

    override fun taken(name: String) {
        app.phone.ask({ ReportPresenter.addPhoto(it, checkNotNull(CameraFiles.take(this, name)), emptyList()) }) { done ->
            done.onSuccess { hash ->
                originals[hash] = name
                change { it.copy(photos = it.photos + hash) }
            }.onFailure { tell(words.failure(it)) }
        }
        askForPlace()
    }

    override fun LinearLayout.show(state: ReportState) {
        val body = draft?.body ?: return
        if (body.matter != null) matters(body)
        photos(state)
        if (state.missing.isNotEmpty()) card(tone = Tone.CAUTION) { label(getString(R.string.draft_missing), color = R.color.on_caution_soft) }
        label(getString(R.string.report_text), Size.HEADING, gap = 18)
        input(getString(R.string.report_text_hint), body.text, lines = 3) { text ->
            change(false) { it.copy(text = text) }
            warn(text)
        }
        warnLine = label("", Size.SMALL, R.color.danger, gap = 6)
        warn(body.text)
        spoken(body)
        label(getString(R.string.report_category), Size.HEADING, gap = 18)
        val categories = state.township?.categories ?: emptyList()
        if (categories.isEmpty()) label(getString(R.string.no_settings_yet), color = R.color.ink_soft)
        choices(categories.map { it.words.id to words.say(it.words) }, body.category) { code -> change { it.copy(category = code) } }
        similar(state)
        label(getString(R.string.report_severity), Size.HEADING, gap = 18)
        choices(Severity.entries.map { it.name to words.code("severity", it) }, body.severity.name) { code ->
            change { it.copy(severity = Severity.valueOf(code)) }
        }
        place(state, body)
        if (body.matter == null) {
            check(getString(R.string.report_anonymous), body.isAnonymous, gap = 14) { isOn -> change(false) { it.copy(isAnonymous = isOn) } }
            label(getString(R.string.report_anonymous_why), Size.SMALL, R.color.ink_soft, gap = 0)
        } else label(getString(R.string.matter_why), Size.SMALL, R.color.ink_soft, gap = 14)
    }

    override fun LinearLayout.foot(state: ReportState) {
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            button(getString(R.string.report_keep), icon = R.drawable.ic_check) { report() }
        }
    }

    private fun LinearLayout.matters(body: DraftBody) {
        val both = Matter.entries.map { it.name to words.code("matter", it) }
        choices(both, body.matter?.name) { code -> change { it.copy(matter = Matter.valueOf(code)) } }
    }

    private fun LinearLayout.photos(state: ReportState) {
        strip {
            for ((hash, path) in state.photos) thumb(path, getString(R.string.photo), 112) { photoMenu(hash) }
            addView(addPhoto(this))
        }
    }

    /** A tile as large as a photo, that takes one more. */
    private fun addPhoto(strip: LinearLayout): LinearLayout {
        val tile = LinearLayout(this)
        tile.orientation = LinearLayout.VERTICAL
        tile.gravity = android.view.Gravity.CENTER
        tile.background = ground(R.color.brand_soft, 12, isPressable = true)
        tile.contentDescription = getString(R.string.photo_add)
        tile.isFocusable = true
        tile.setOnClickListener { snap() }
        tile.image(R.drawable.ic_camera, R.color.on_brand_soft, 36)
        tile.label(getString(R.string.photo_add), Size.SMALL, R.color.on_brand_soft).gravity = android.view.Gravity.CENTER
        val place = LinearLayout.LayoutParams(dp(112), dp(112))
        place.marginStart = if (strip.childCount == 0) 0 else dp(8)
        tile.layoutParams = place
        return tile
    }

    private fun photoMenu(hash: String) {
        val options = listOfNotNull(
            "look" to getString(R.string.photo_look),
            originals[hash]?.let { "blur" to getString(R.string.photo_blur) },
            "drop" to getString(R.string.photo_drop),
        )
        pick(getString(R.string.photo), options) { chosen ->
            when (chosen) {
                "look" -> startActivity(PhotoScreen.of(this, hash))
                "blur" -> @Suppress("DEPRECATION") startActivityForResult(BlurScreen.of(this, originals.getValue(hash), hash), BLUR)
                else -> change { it.copy(photos = it.photos - hash) }
            }
        }
    }

    override fun got(request: Int, result: Int, data: Intent?) {
        if (request != BLUR) return super.got(request, result, data)
        val hash = data?.getStringExtra(BlurScreen.HASH) ?: return
        val blurs = BlurScreen.blurs(data)
        val name = originals[hash] ?: return
        app.phone.ask({ ReportPresenter.addPhoto(it, checkNotNull(CameraFiles.take(this, name)), blurs) }) { done ->
            done.onSuccess { hidden ->
                originals.remove(hash)
                originals[hidden] = name
                change { it.copy(photos = it.photos.map { old -> if (old == hash) hidden else old }) }
            }.onFailure { tell(words.failure(it)) }
        }
    }

    /** A number that looks like a person's is pointed out before it is sent; nobody is kept from sending it. */
    private fun warn(text: String) {
        val found = sensitiveNumbers(text)
        warnLine?.text = when {
            found.any { it.kind == SensitiveKind.CITIZEN_ID } -> getString(R.string.has_citizen_id)
            found.isNotEmpty() -> getString(R.string.has_phone_number)
            else -> ""
        }
        warnLine?.visibility = if (found.isEmpty()) android.view.View.GONE else android.view.View.VISIBLE
    }

    private fun LinearLayout.spoken(body: DraftBody) {
        val recording = body.voice
        if (recording != null && !voice.isRunning) {
            card {
                row {
                    iconButton(R.drawable.ic_play, getString(R.string.voice_play), R.color.brand) { play(recording) }
                    label(getString(R.string.voice_here), gap = 8, weight = 1f)
                    iconButton(R.drawable.ic_close, getString(R.string.voice_drop)) { change { it.copy(voice = null) } }
                }
            }
            return
        }
        button(
            getString(if (voice.isRunning) R.string.speak_stop else R.string.speak), if (voice.isRunning) Tone.DANGER else Tone.QUIET,
            if (voice.isRunning) R.drawable.ic_stop else R.drawable.ic_mic,
        ) { speak() }
    }

    private fun speak() {
        if (!voice.isRunning) return withPermission(Manifest.permission.RECORD_AUDIO) { isGranted ->
            if (!isGranted) return@withPermission tell(getString(R.string.mic_denied))
            runCatching { voice.start() }.onFailure { tell(getString(R.string.mic_none)) }
            draw()
        }
        val bytes = voice.stop()
        draw()
        if (bytes == null) return tell(getString(R.string.mic_nothing))
        app.phone.ask({ it.addVoice(bytes) }) { done ->
            done.onSuccess { kept -> change { it.copy(voice = kept.hash) } }.onFailure { tell(words.failure(it)) }
        }
    }

    private fun play(hash: String) = app.phone.ask({ it.blobFile(hash) }) { done ->
        done.getOrNull()?.let { path -> runCatching { Voice.play(path) {} } }
    }

    private fun LinearLayout.similar(state: ReportState) {
        for (found in state.similar) card(tone = Tone.INFO, onPress = { startActivity(IncidentScreen.of(context, found.row.document)) }) {
            label(getString(R.string.similar_title), Size.STRONG, R.color.on_info_soft)
            val what = found.row.excerpt.ifEmpty { words.category(found.row.category) }
            label(words.text(R.string.similar_text, what, words.time(found.row.reportedAt), words.state(found.row.state)), color = R.color.on_info_soft)
        }
    }

    private fun LinearLayout.place(state: ReportState, body: DraftBody) {
        label(getString(R.string.report_place), Size.HEADING, gap = 18)
        card {
            row {
                image(R.drawable.ic_place, R.color.brand, 26)
                column(gap = 10, weight = 1f) {
                    val grid = body.grid ?: state.foundGrid
                    gridLine = label(if (grid == null) getString(R.string.no_grid) else words.grid(grid), Size.STRONG)
                    placeLine = label(placeText(), Size.SMALL, R.color.ink_soft, gap = 0)
                }
            }
            button(getString(R.string.place_correct), Tone.QUIET) { pickGrid(state) }
        }
    }

    private fun placeText(): CharSequence {
        val fix = draft?.body?.fix ?: return getString(if (where.isAllowed && where.isOn) R.string.place_searching else R.string.place_none)
        val age = ((Phone.clock.now() - fix.takenAt) / 1000).coerceAtLeast(0)
        val accuracy = words.text(R.string.place_accuracy, fix.accuracyM.toInt())
        return if (age > STALE_S) words.text(R.string.place_stale, accuracy, words.span(age)) else accuracy
    }

    private fun pickGrid(state: ReportState) {
        val grids = state.township?.grids ?: return tell(getString(R.string.no_settings_yet))
        pick(getString(R.string.place_correct), grids.map { it.id to it.name }) { id -> change { it.copy(grid = id) } }
    }

    private fun report() {
        val last = draft ?: return
        if (isReported) return
        isReported = true
        app.phone.act({
            it.saveDraft(last)
            it.reportDraft(last.id)
        }) { done ->
            done.onSuccess { document ->
                originals.values.forEach { CameraFiles.drop(this, it) }
                tell(getString(R.string.report_kept))
                startActivity(IncidentScreen.of(this, document))
                finish()
            }.onFailure {
                // What is missing is told, and the draft is still here.
                isReported = false
                tell(words.failure(it))
            }
        }
    }

    companion object {
        private const val DRAFT = "draft"
        private const val MATTER = "matter"
        private const val BLUR = 42
        private const val STALE_S = 120L

        fun ofDraft(context: Context, draft: String): Intent = Intent(context, ReportScreen::class.java).putExtra(DRAFT, draft)
        fun ofMatter(context: Context): Intent = Intent(context, ReportScreen::class.java).putExtra(MATTER, Matter.SUGGESTION.name)
    }
}
