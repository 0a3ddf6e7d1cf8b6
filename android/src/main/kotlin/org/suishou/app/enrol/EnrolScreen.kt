package org.suishou.app.enrol

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.text.InputType
import android.widget.LinearLayout
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.home.HomeScreen
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.choices
import org.suishou.app.ui.dp
import org.suishou.app.ui.image
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.core.ConsentKind
import org.suishou.core.Field

/** From a new phone to one of the township: the notice, two consents, a QR or a code, six digits to compare. */
class EnrolScreen : Screen<EnrolState>() {
    /** Nothing is agreed to before the person said so. */
    private var mayLocate: Boolean? = null
    private var mayPhoto: Boolean? = null
    private var isTyping = false
    private var isBusy = false
    private var problem: String? = null
    private var address = ""
    private var code = ""
    private var hasCompared = false

    override val isSecret get() = false

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        isTyping = saved?.getBoolean("typing") ?: false
        address = saved?.getString("address") ?: ""
        code = saved?.getString("code") ?: ""
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putBoolean("typing", isTyping)
        out.putString("address", address)
        out.putString("code", code)
    }

    override fun load(field: Field) = EnrolPresenter.state(field)

    override fun LinearLayout.show(state: EnrolState) {
        image(R.drawable.ic_launcher_front, R.color.brand, 88)
        label(getString(R.string.app_name), Size.TITLE)
        label(getString(R.string.app_what), color = R.color.ink_soft)
        when {
            state.isRevoked -> revoked(state)
            !state.isAsked -> notice()
            state.township == null -> ways()
            else -> compare(state)
        }
    }

    private fun LinearLayout.revoked(state: EnrolState) {
        card(tone = Tone.CAUTION) {
            label(getString(R.string.revoked_title, state.township ?: ""), Size.HEADING, R.color.on_caution_soft)
            label(getString(R.string.revoked_text), color = R.color.on_caution_soft)
            if (state.unsent > 0u) label(getString(R.string.revoked_bundle, state.unsent.toInt()), color = R.color.on_caution_soft)
        }
        ways()
    }

    private fun LinearLayout.notice() {
        card {
            label(getString(R.string.notice_title, NOTICE_VERSION.toInt()), Size.HEADING)
            label(getString(R.string.notice_text), gap = 8)
        }
        card {
            label(getString(R.string.consent_title), Size.HEADING)
            consent(R.string.consent_position, R.string.consent_position_why, mayLocate) { mayLocate = it }
            consent(R.string.consent_photos, R.string.consent_photos_why, mayPhoto) { mayPhoto = it }
        }
        button(getString(R.string.consent_go_on), icon = R.drawable.ic_check, gap = 16) {
            val (position, photos) = (mayLocate ?: return@button tell(getString(R.string.consent_missing))) to
                (mayPhoto ?: return@button tell(getString(R.string.consent_missing)))
            act({
                EnrolPresenter.consent(it, ConsentKind.POSITION, position)
                EnrolPresenter.consent(it, ConsentKind.PHOTOS, photos)
            })
        }
    }

    private fun LinearLayout.consent(what: Int, why: Int, given: Boolean?, onPick: (Boolean) -> Unit) {
        label(getString(what), Size.STRONG, gap = 14)
        label(getString(why), Size.SMALL, R.color.ink_soft, gap = 0)
        val answers = listOf(true to R.string.consent_yes, false to R.string.consent_no).map { (code, text) -> code.toString() to getString(text) }
        choices(answers, given?.toString()) {
            onPick(it.toBoolean())
            draw()
        }
    }

    private fun LinearLayout.ways() {
        problem?.let { text -> card(tone = Tone.ALARM) { label(text, color = R.color.on_danger_soft) } }
        if (isBusy) {
            card { label(getString(R.string.enrol_busy), Size.STRONG) }
            return
        }
        card {
            label(getString(R.string.enrol_scan_title), Size.HEADING)
            label(getString(R.string.enrol_scan_text), color = R.color.ink_soft)
            button(getString(R.string.enrol_scan), icon = R.drawable.ic_scan) { scan() }
        }
        if (!isTyping) {
            button(getString(R.string.enrol_type), Tone.QUIET, R.drawable.ic_pen) { isTyping = true; draw() }
            return
        }
        card {
            label(getString(R.string.enrol_type_title), Size.HEADING)
            label(getString(R.string.enrol_address), Size.SMALL, R.color.ink_soft)
            input("192.168.1.20:8443", address, type = InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_VARIATION_URI) { address = it }
            label(getString(R.string.enrol_code), Size.SMALL, R.color.ink_soft, gap = 10)
            input("XXXXX-XXXXX-XXXXX-XXXXX", code, type = InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_CAP_CHARACTERS) { code = it }
            button(getString(R.string.enrol_go)) { enrol { it.enrolTyped(address.trim(), code.trim()) } }
        }
    }

    private fun LinearLayout.compare(state: EnrolState) {
        card(tone = Tone.SOFT) {
            label(getString(R.string.enrol_done, state.township ?: ""), Size.HEADING, R.color.on_brand_soft)
            state.check?.let {
                label(getString(R.string.check_text), color = R.color.on_brand_soft)
                val digits = label(it, Size.FIGURE, R.color.on_brand_soft, gap = 10)
                digits.letterSpacing = 0.25f
                digits.contentDescription = it.filter(Char::isDigit).toCharArray().joinToString(" ")
            }
        }
        button(getString(if (state.check == null) R.string.enrol_start else R.string.check_same), icon = R.drawable.ic_check, gap = 16) {
            hasCompared = true
            startActivity(Intent(this@EnrolScreen, HomeScreen::class.java).addFlags(Intent.FLAG_ACTIVITY_CLEAR_TASK or Intent.FLAG_ACTIVITY_NEW_TASK))
            finish()
        }
        if (state.check != null) {
            button(getString(R.string.check_differs), Tone.QUIET) {
                ask(getString(R.string.check_differs_text), getString(R.string.ok)) {}
            }
        }
    }

    private fun scan() = withPermission(android.Manifest.permission.CAMERA) { isGranted ->
        if (isGranted) startActivityForResult(Intent(this, ScanScreen::class.java), SCAN) else tell(getString(R.string.camera_denied))
    }

    override fun got(request: Int, result: Int, data: Intent?) {
        if (request != SCAN || result != Activity.RESULT_OK) return
        val invitation = data?.getStringExtra(ScanScreen.TEXT) ?: return
        enrol { it.enrol(invitation) }
    }

    /** Enrols, and fetches the township's settings at once if it can. */
    internal fun enrol(work: suspend (Field) -> Unit) {
        isBusy = true
        problem = null
        draw()
        CoroutineScope(Dispatchers.IO).launch {
            val done = runCatching { work(app.phone.field) }
            runOnUiThread {
                isBusy = false
                problem = done.exceptionOrNull()?.let(words::failure)
                draw()
                reload()
            }
            if (done.isSuccess) app.syncer.stir()
        }
    }

    private companion object { const val SCAN = 1 }
}
