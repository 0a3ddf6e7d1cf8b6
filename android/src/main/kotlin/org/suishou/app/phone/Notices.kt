package org.suishou.app.phone

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.media.AudioAttributes
import android.media.RingtoneManager
import org.suishou.app.R
import org.suishou.app.warning.WarningScreen

/** Notifications: a running patrol, and a warning that rings. */
object Notices {
    const val PATROL = "patrol"
    const val WARNING = "warning"
    const val WORK = "work"
    const val PATROL_ID = 1
    private const val FLAGS = PendingIntent.FLAG_UPDATE_CURRENT or PendingIntent.FLAG_IMMUTABLE

    fun makeChannels(context: Context) {
        val words = Wishes.dress(context)
        val patrol = NotificationChannel(PATROL, words.getString(R.string.channel_patrol), NotificationManager.IMPORTANCE_LOW)
        val work = NotificationChannel(WORK, words.getString(R.string.channel_work), NotificationManager.IMPORTANCE_DEFAULT)
        val warning = NotificationChannel(WARNING, words.getString(R.string.channel_warning), NotificationManager.IMPORTANCE_HIGH)
        val alarm = AudioAttributes.Builder().setUsage(AudioAttributes.USAGE_ALARM)
            .setContentType(AudioAttributes.CONTENT_TYPE_SONIFICATION).build()
        warning.setSound(RingtoneManager.getDefaultUri(RingtoneManager.TYPE_ALARM), alarm)
        warning.enableVibration(true)
        warning.vibrationPattern = longArrayOf(0, 800, 400, 800, 400, 800)
        warning.lockscreenVisibility = Notification.VISIBILITY_PUBLIC
        manager(context).createNotificationChannels(listOf(patrol, work, warning))
    }

    fun manager(context: Context) = context.getSystemService(NotificationManager::class.java)

    fun open(context: Context, intent: Intent, code: Int = 0): PendingIntent =
        PendingIntent.getActivity(context, code, intent, FLAGS)

    fun service(context: Context, intent: Intent, code: Int): PendingIntent =
        PendingIntent.getService(context, code, intent, FLAGS)

    /** Rings, and opens over the lock screen. No name and no place stand in it. */
    fun ring(context: Context, document: String, title: String, text: String) {
        val intent = WarningScreen.of(context, document).addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
        val pending = open(context, intent, document.hashCode())
        val notice = Notification.Builder(context, WARNING)
            .setSmallIcon(R.drawable.ic_warning)
            .setContentTitle(title)
            .setContentText(text)
            .setStyle(Notification.BigTextStyle().bigText(text))
            .setCategory(Notification.CATEGORY_ALARM)
            .setVisibility(Notification.VISIBILITY_PUBLIC)
            .setFullScreenIntent(pending, true)
            .setContentIntent(pending)
            .setOngoing(true)
            .build()
        notice.flags = notice.flags or Notification.FLAG_INSISTENT
        manager(context).notify(document, 2, notice)
    }

    fun silence(context: Context, document: String) = manager(context).cancel(document, 2)
}
