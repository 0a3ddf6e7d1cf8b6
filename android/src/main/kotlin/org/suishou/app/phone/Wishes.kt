package org.suishou.app.phone

import android.content.Context
import android.content.res.Configuration
import java.util.Locale

/** What the person set for themselves. It never leaves the phone. */
class Wishes(context: Context) {
    private val kept = context.getSharedPreferences("wishes", Context.MODE_PRIVATE)

    /** "zh", "en", or "" for the phone's own. */
    var language: String
        get() = kept.getString("language", "") ?: ""
        set(value) = kept.edit().putString("language", value).apply()

    var isElder: Boolean
        get() = kept.getBoolean("elder", false)
        set(value) = kept.edit().putBoolean("elder", value).apply()

    /** Asked for before the app shows anything; none if empty. Kept as a salted hash. */
    var lock: String
        get() = kept.getString("lock", "") ?: ""
        set(value) = kept.edit().putString("lock", value).apply()

    var lastSyncAt: Long
        get() = kept.getLong("last_sync", 0)
        set(value) = kept.edit().putLong("last_sync", value).apply()

    /** The person was asked once whether notifications may be shown; a no is a no. */
    var wasAskedToNotify: Boolean
        get() = kept.getBoolean("asked_to_notify", false)
        set(value) = kept.edit().putBoolean("asked_to_notify", value).apply()

    /** Warnings that were rung out, as "document/issue". */
    var rung: Set<String>
        get() = kept.getStringSet("rung", emptySet()) ?: emptySet()
        set(value) = kept.edit().putStringSet("rung", value).apply()

    companion object {
        /** Larger text in elder mode, beside what the system's own setting does. */
        const val ELDER_SCALE = 1.35f

        /** A context in the person's language and size. */
        fun dress(base: Context): Context {
            val wishes = Wishes(base)
            val configuration = Configuration(base.resources.configuration)
            val locale = when (wishes.language) {
                "zh" -> Locale.SIMPLIFIED_CHINESE
                "en" -> Locale.ENGLISH
                else -> null
            }
            locale?.let { configuration.setLocale(it) }
            if (wishes.isElder) configuration.fontScale = maxOf(configuration.fontScale * ELDER_SCALE, ELDER_SCALE)
            return base.createConfigurationContext(configuration)
        }
    }
}
