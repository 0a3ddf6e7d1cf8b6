package org.suishou.app.incident

import android.Manifest
import android.content.Intent
import android.os.Bundle
import android.view.Gravity
import android.widget.GridLayout
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.phone.CameraFiles
import org.suishou.app.phone.Voice
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.dp
import org.suishou.app.ui.ground
import org.suishou.app.ui.image
import org.suishou.app.ui.label
import org.suishou.app.ui.put
import org.suishou.app.ui.row
import org.suishou.app.ui.thumb
import org.suishou.core.Field

/** Snap, say or pick what it is, done. Nothing is typed, and nothing waits for a network or a fix. */
class QuickScreen : Capture<QuickState>() {
    private var photo: String? = null
    private val voice by lazy { Voice(this) }

    /** The document that was kept; from then on the screen only says so. */
    private var kept: String? = null
    private var isBusy = false

    override fun title(): CharSequence = getString(R.string.snap)
    override val isLive get() = false
    override fun load(field: Field) = QuickPresenter.state(field)

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        photo = saved?.getString("photo")
        kept = saved?.getString("kept")
        if (saved == null) snap()
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString("photo", photo)
        out.putString("kept", kept)
    }

    override fun taken(name: String) {
        photo?.let { CameraFiles.drop(this, it) }
        photo = name
        askForPlace()
        draw()
    }

    override fun notTaken() { if (photo == null) finish() }

    override fun LinearLayout.show(state: QuickState) {
        val name = photo
        when {
            kept != null -> done()
            name == null -> button(getString(R.string.snap), icon = R.drawable.ic_camera, gap = 0) { snap() }
            else -> pick(state, name)
        }
    }

    private fun LinearLayout.pick(state: QuickState, name: String) {
        row {
            thumb(CameraFiles.file(context, name).path, getString(R.string.photo), 112)
            val again = LinearLayout(context).apply { orientation = LinearLayout.VERTICAL }
            put(again, gap = 12, weight = 1f)
            again.label(getString(R.string.quick_what), Size.HEADING)
            again.button(getString(R.string.photo_again), Tone.QUIET, R.drawable.ic_camera) { snap() }
        }
        val grid = GridLayout(context)
        grid.columnCount = if (resources.configuration.fontScale > 1.6f) 1 else 2
        for (category in state.categories) grid.tile(words.say(category.words), iconOf(category.words.id), Tone.SURFACE) {
            keep(name) { field, bytes -> QuickPresenter.keep(field, bytes, category.words.id, where.fix()) }
        }
        put(grid, gap = 12)
        val isSpeaking = voice.isRunning
        button(
            getString(if (isSpeaking) R.string.speak_stop else R.string.speak_instead), if (isSpeaking) Tone.DANGER else Tone.BRAND,
            if (isSpeaking) R.drawable.ic_stop else R.drawable.ic_mic, gap = 14,
        ) { speak(state, name) }
        if (isSpeaking) label(getString(R.string.speak_now), Size.STRONG, R.color.danger, gap = 8).gravity = Gravity.CENTER
    }

    private fun GridLayout.tile(text: String, icon: Int, tone: Tone, onPress: () -> Unit) {
        val tile = LinearLayout(context)
        tile.orientation = LinearLayout.VERTICAL
        tile.gravity = Gravity.CENTER
        tile.background = context.ground(tone.ground, 18, R.color.line, true)
        tile.setPadding(dp(8), dp(16), dp(8), dp(16))
        tile.minimumHeight = dp(112)
        tile.contentDescription = text
        tile.isFocusable = true
        tile.setOnClickListener { onPress() }
        tile.image(icon, R.color.brand, 44)
        tile.label(text, Size.STRONG, gap = 8).gravity = Gravity.CENTER
        val place = GridLayout.LayoutParams(GridLayout.spec(GridLayout.UNDEFINED, GridLayout.FILL), GridLayout.spec(GridLayout.UNDEFINED, 1f))
        place.width = 0
        place.setMargins(dp(4), dp(4), dp(4), dp(4))
        addView(tile, place)
    }

    private fun speak(state: QuickState, name: String) {
        if (!voice.isRunning) return withPermission(Manifest.permission.RECORD_AUDIO) { isGranted ->
            if (!isGranted) return@withPermission tell(getString(R.string.mic_denied))
            runCatching { voice.start() }.onFailure { tell(getString(R.string.mic_none)) }
            draw()
        }
        val spoken = voice.stop()
        val other = QuickPresenter.other(state)
        draw()
        if (spoken == null || other == null) return tell(getString(R.string.mic_nothing))
        keep(name) { field, bytes -> QuickPresenter.keepSpoken(field, bytes, spoken, other, where.fix()) }
    }

    private fun keep(name: String, work: (Field, ByteArray) -> String) {
        if (isBusy) return
        isBusy = true
        app.phone.act({ field -> work(field, checkNotNull(CameraFiles.take(this, name)) { "the picture is gone" }) }) { done ->
            isBusy = false
            done.onSuccess { document ->
                CameraFiles.drop(this, name)
                kept = document
                if (!isDestroyed) draw()
            }.onFailure { tell(words.failure(it)) }
        }
    }

    private val app get() = applicationContext as org.suishou.app.App

    private fun LinearLayout.done() {
        card(tone = Tone.SOFT) {
            gravity = Gravity.CENTER
            image(R.drawable.ic_check, R.color.on_brand_soft, 96)
            label(getString(R.string.quick_kept), Size.TITLE, R.color.on_brand_soft).gravity = Gravity.CENTER
            label(getString(R.string.quick_kept_text), color = R.color.on_brand_soft, gap = 6).gravity = Gravity.CENTER
        }
        card {
            row {
                image(R.drawable.ic_lock, R.color.brand, 22)
                label(getString(R.string.nobody_learns), Size.SMALL, R.color.ink_soft, gap = 10, weight = 1f)
            }
        }
        button(getString(R.string.quick_done), icon = R.drawable.ic_check, gap = 18) { finish() }
        button(getString(R.string.quick_another), Tone.QUIET, R.drawable.ic_camera) { kept = null; photo = null; snap() }
        button(getString(R.string.quick_look), Tone.QUIET) {
            kept?.let { startActivity(IncidentScreen.of(this@QuickScreen, it).addFlags(Intent.FLAG_ACTIVITY_FORWARD_RESULT)) }
            finish()
        }
    }
}
