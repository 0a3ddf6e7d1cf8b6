package org.suishou.app.settings

import android.app.Activity
import android.app.KeyguardManager
import android.content.Context
import android.os.SystemClock
import org.suishou.app.R
import org.suishou.app.phone.Wishes

/** Asks for the phone's own lock before the app shows anything, if the person wants it. */
object Lock {
    private const val ON = "keyguard"
    private const val REQUEST = 77

    /** An unlocked app stays so for a while, also when the camera was in front of it. */
    private const val STAYS_OPEN_MS = 120_000L
    private var openUntil = 0L

    fun isOn(context: Context) = Wishes(context).lock == ON

    fun isPossible(context: Context) = context.getSystemService(KeyguardManager::class.java).isDeviceSecure

    fun set(context: Context, isOn: Boolean) {
        Wishes(context).lock = if (isOn) ON else ""
        stayOpen()
    }

    fun ask(activity: Activity) {
        if (!isOn(activity) || !isPossible(activity)) return
        if (SystemClock.elapsedRealtime() < openUntil) return stayOpen()
        @Suppress("DEPRECATION")
        val intent = activity.getSystemService(KeyguardManager::class.java)
            .createConfirmDeviceCredentialIntent(activity.getString(R.string.app_name), activity.getString(R.string.lock_ask))
        @Suppress("DEPRECATION")
        intent?.let { activity.startActivityForResult(it, REQUEST) }
    }

    /** Tells whether this was the answer to a lock. */
    fun answered(activity: Activity, request: Int, result: Int): Boolean {
        if (request != REQUEST) return false
        if (result == Activity.RESULT_OK) stayOpen() else activity.finishAffinity()
        return true
    }

    private fun stayOpen() { openUntil = SystemClock.elapsedRealtime() + STAYS_OPEN_MS }
}
