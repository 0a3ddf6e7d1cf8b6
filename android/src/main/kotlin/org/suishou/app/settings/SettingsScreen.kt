package org.suishou.app.settings

import android.app.NotificationManager
import android.content.ClipData
import android.content.ClipboardManager
import android.content.Intent
import android.os.Build
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.enrol.EnrolPresenter
import org.suishou.app.enrol.NOTICE_VERSION
import org.suishou.app.home.HomeScreen
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.patrol.BatteryScreen
import org.suishou.app.phone.Keys
import org.suishou.app.phone.Wishes
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.check
import org.suishou.app.ui.choices
import org.suishou.app.ui.label
import org.suishou.app.ui.line
import org.suishou.app.ui.row
import org.suishou.core.ConsentKind
import org.suishou.core.Field
import org.suishou.core.FieldException
import java.io.File

/** Size, language, consents, room, what did not take effect, and what the makers may know. */
class SettingsScreen : Screen<SettingsShown>() {
    private val wishes by lazy { Wishes(this) }

    override fun title(): CharSequence = getString(R.string.settings)
    override fun load(field: Field) = SettingsPresenter.state(field)

    override fun LinearLayout.show(state: SettingsShown) {
        held(state)
        look()
        consents(state)
        room(state)
        sync(state)
        about(state)
    }

    private fun LinearLayout.held(state: SettingsShown) {
        if (state.held.isEmpty()) return
        label(getString(R.string.held_all), Size.HEADING)
        card(tone = Tone.ALARM) {
            label(getString(R.string.held_all_text), color = R.color.on_danger_soft)
            for (entry in state.held) {
                line()
                label(words.code("reason", "held_${entry.code}", entry.code), Size.STRONG, R.color.on_danger_soft)
                label(words.time(entry.claimedAt), Size.SMALL, R.color.on_danger_soft, gap = 0)
                entry.reply?.let { label(words.text(R.string.held_reply, it), color = R.color.on_danger_soft) }
                row(gap = 8) {
                    button(getString(R.string.try_again), Tone.SURFACE, weight = 1f) { act({ it.tryAgain(entry.entry) }) }
                    button(getString(R.string.look), Tone.SURFACE, weight = 1f) { startActivity(IncidentScreen.of(context, entry.document)) }
                }
            }
            button(getString(R.string.held_export), Tone.SURFACE, gap = 14) { export() }
        }
    }

    /** Into the app's folder on the shared storage, where a cable or a file manager finds it. */
    private fun export() {
        val folder = File(getExternalFilesDir(null) ?: filesDir, "held-${app.phone.folder.lastModified()}")
        act({ it.exportHeld(folder.apply { mkdirs() }.path) }, then = { done ->
            tell(words.text(R.string.held_exported, done.entries.toInt(), done.files.toInt(), folder.path))
        })
    }

    private fun LinearLayout.look() {
        label(getString(R.string.set_look), Size.HEADING, gap = 18)
        card {
            check(getString(R.string.set_elder), wishes.isElder) { wishes.isElder = it; anew() }
            label(getString(R.string.set_elder_why), Size.SMALL, R.color.ink_soft, gap = 0)
            label(getString(R.string.set_language), gap = 14)
            val languages = listOf("" to getString(R.string.language_phone), "zh" to "简体中文", "en" to "English")
            choices(languages, wishes.language) { wishes.language = it; anew() }
            if (Lock.isPossible(this@SettingsScreen)) {
                check(getString(R.string.set_lock), Lock.isOn(this@SettingsScreen), gap = 10) { Lock.set(this@SettingsScreen, it) }
                label(getString(R.string.set_lock_why), Size.SMALL, R.color.ink_soft, gap = 0)
            } else label(getString(R.string.set_lock_none), Size.SMALL, R.color.ink_soft, gap = 10)
        }
    }

    private fun anew() {
        startActivity(Intent(this, HomeScreen::class.java).addFlags(Intent.FLAG_ACTIVITY_CLEAR_TASK or Intent.FLAG_ACTIVITY_NEW_TASK))
        startActivity(Intent(this, SettingsScreen::class.java))
    }

    private fun LinearLayout.consents(state: SettingsShown) {
        label(getString(R.string.consent_title), Size.HEADING, gap = 22)
        card {
            for ((kind, text, why) in listOf(
                Triple(ConsentKind.POSITION, R.string.consent_position, R.string.consent_position_why),
                Triple(ConsentKind.PHOTOS, R.string.consent_photos, R.string.consent_photos_why),
            )) {
                check(getString(text), state.isGiven(kind)) { isOn -> act({ EnrolPresenter.consent(it, kind, isOn) }) }
                label(getString(why), Size.SMALL, R.color.ink_soft, gap = 0)
            }
            line()
            label(getString(R.string.notice_title, NOTICE_VERSION.toInt()), Size.STRONG, gap = 10)
            label(getString(R.string.notice_text), Size.SMALL, R.color.ink_soft)
        }
    }

    private fun LinearLayout.room(state: SettingsShown) {
        val storage = state.storage
        label(getString(R.string.set_room), Size.HEADING, gap = 22)
        card(tone = if (storage.isLow) Tone.CAUTION else Tone.SURFACE) {
            fact(R.string.room_free, words.size(storage.freeBytes))
            fact(R.string.room_photos, words.size(storage.photos.bytes + storage.previews.bytes))
            fact(R.string.room_other, words.size(storage.voice.bytes + storage.tracks.bytes + storage.databaseBytes))
            fact(R.string.room_unsent, words.size(storage.unsentBytes))
            if (storage.trimmableBytes > 0u) button(words.text(R.string.room_trim, words.size(storage.trimmableBytes)), Tone.SOFT) { act({ it.trim() }) }
            label(getString(R.string.room_why), Size.SMALL, R.color.ink_soft, gap = 10)
        }
    }

    private fun LinearLayout.fact(what: Int, value: String) = row(gap = 6) {
        label(getString(what), weight = 1f)
        label(value, Size.STRONG, gap = 8)
    }

    private fun LinearLayout.sync(state: SettingsShown) {
        val counts = state.counts ?: return
        label(getString(R.string.set_sync), Size.HEADING, gap = 22)
        card {
            fact(R.string.sync_entries, counts.entriesPending.toString())
            fact(R.string.sync_blobs, counts.blobsPending.toString())
            val last = wishes.lastSyncAt
            fact(R.string.sync_last, if (last == 0L) getString(R.string.never) else words.time(last))
            app.syncer.problem?.let { label(words.failure(it), Size.SMALL, R.color.danger) }
            button(getString(if (app.syncer.isRunning) R.string.banner_running else R.string.sync_now), Tone.SOFT) { app.syncer.stir() }
            button(getString(R.string.battery_title), Tone.QUIET) { startActivity(Intent(context, BatteryScreen::class.java)) }
            if (Build.VERSION.SDK_INT >= 34 && !getSystemService(NotificationManager::class.java).canUseFullScreenIntent()) {
                label(getString(R.string.full_screen_denied), Size.SMALL, R.color.danger, gap = 12)
                button(getString(R.string.full_screen_allow), Tone.QUIET) {
                    runCatching { startActivity(Intent("android.settings.MANAGE_APP_USE_FULL_SCREEN_INTENT", android.net.Uri.parse("package:$packageName"))) }
                }
            }
        }
    }

    private fun LinearLayout.about(state: SettingsShown) {
        label(getString(R.string.set_about), Size.HEADING, gap = 22)
        card {
            state.enrolment?.let {
                label(it.townshipName, Size.STRONG)
                label(words.text(R.string.home_who, words.code("role", it.role), it.member), Size.SMALL, R.color.ink_soft, gap = 0)
                it.check?.let { check -> label(words.text(R.string.about_check, check), Size.SMALL, R.color.ink_soft) }
            }
            button(getString(R.string.diagnostics), Tone.QUIET) { copyDiagnostics() }
            label(getString(R.string.diagnostics_why), Size.SMALL, R.color.ink_soft)
        }
    }

    private fun copyDiagnostics() {
        val problem = app.syncer.problem
        val phone = mapOf(
            "app" to "0.1.0", "android" to Build.VERSION.SDK_INT, "maker" to Build.MANUFACTURER, "model" to Build.MODEL,
            "key_in_keystore" to Keys(this).isInKeystore, "last_sync" to wishes.lastSyncAt,
            "problem" to ((problem as? FieldException)?.message ?: problem?.javaClass?.simpleName ?: "none"),
        )
        app.phone.ask({ SettingsPresenter.diagnostics(it, phone) }) { done ->
            done.onSuccess { text ->
                getSystemService(ClipboardManager::class.java).setPrimaryClip(ClipData.newPlainText("suishou", text))
                tell(getString(R.string.diagnostics_copied))
            }.onFailure { tell(words.failure(it)) }
        }
    }
}
