package org.suishou.app.patrol

import android.app.Notification
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.location.Location
import android.os.Build
import android.os.IBinder
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.phone.Notices
import org.suishou.app.phone.Where
import org.suishou.app.phone.Wishes
import org.suishou.core.Degrees
import org.suishou.core.Field
import org.suishou.core.PatrolState
import org.suishou.core.TrackFix
import org.suishou.core.distanceM
import kotlin.math.roundToInt

/** Runs as long as a patrol does, in sight of the person. Every fix is kept before the next one is taken. */
class PatrolService : Service() {
    private val where by lazy { Where(this) }

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, id: Int): Int {
        // Without the permission, or begun out of sight, the system refuses: the person is asked to open the app.
        if (runCatching { show() }.isFailure) {
            remind(this)
            stopSelf()
            return START_NOT_STICKY
        }
        when (intent?.action) {
            PAUSE -> app.phone.act({ it.pausePatrol() }) { settle() }
            RESUME -> app.phone.act({ it.resumePatrol() }) { settle() }
            else -> settle()
        }
        return START_STICKY
    }

    override fun onDestroy() {
        where.stop()
        app.syncer.end(DUTY)
        super.onDestroy()
    }

    /** Records while the patrol runs, stands still while it is paused, ends when it is over. */
    private fun settle() = app.phone.ask({ field -> field.openPatrol()?.let { field.patrol(it).row.state } }) { done ->
        where.stop()
        when (done.getOrNull()) {
            PatrolState.RUNNING -> {
                app.syncer.begin(DUTY)
                where.start(EVERY_MS, ::keep)
            }
            PatrolState.PAUSED -> app.syncer.end(DUTY)
            else -> return@ask stopSelf()
        }
        show(isPaused = done.getOrNull() == PatrolState.PAUSED)
    }

    private fun keep(location: Location) {
        // What the phone remembers from before is no part of this walk.
        if (Where.ageMs(location) > OLD_MS || location.accuracy > BLURRED_M) return
        val fix = Where.fixOf(location)
        app.phone.ask({ field ->
            field.patrolFix(TrackFix(fix.takenAt, fix.position, fix.accuracyM))
            reach(field, fix.position)
        }) {}
    }

    /** A checkpoint that one stands at is noted by itself, with how far off it was. */
    private fun reach(field: Field, at: Degrees) {
        val patrol = field.patrol(field.openPatrol() ?: return).patrol
        val all = app.phone.township()?.checkpoints ?: return
        for (id in patrol.left) {
            val place = all.find { it.id == id }?.position ?: continue
            val metres = distanceM(at, place)
            if (metres <= REACHED_M) field.visitCheckpoint(id, metres.roundToInt().toUInt())
        }
    }

    private fun show(isPaused: Boolean = false) {
        val words = Wishes.dress(this)
        val next = Intent(this, PatrolService::class.java).setAction(if (isPaused) RESUME else PAUSE)
        val action = Notification.Action.Builder(
            null, words.getString(if (isPaused) R.string.patrol_resume else R.string.patrol_pause), Notices.service(this, next, 1),
        ).build()
        val notice = Notification.Builder(this, Notices.PATROL)
            .setSmallIcon(R.drawable.ic_walk)
            .setContentTitle(words.getString(if (isPaused) R.string.patrol_paused else R.string.patrol_running))
            .setContentText(words.getString(R.string.patrol_notice))
            .setContentIntent(Notices.open(this, Intent(this, PatrolScreen::class.java)))
            .addAction(action)
            .setOngoing(true)
            .build()
        if (Build.VERSION.SDK_INT >= 29) startForeground(Notices.PATROL_ID, notice, ServiceInfo.FOREGROUND_SERVICE_TYPE_LOCATION)
        else startForeground(Notices.PATROL_ID, notice)
    }

    companion object {
        private const val PAUSE = "pause"
        private const val RESUME = "resume"
        private const val DUTY = "patrol"
        private const val EVERY_MS = 5_000L
        private const val OLD_MS = 15_000L
        private const val BLURRED_M = 100f
        private const val REACHED_M = 50.0

        fun start(context: Context) { context.startForegroundService(Intent(context, PatrolService::class.java)) }

        /** After a restart: if a patrol was under way it goes on, and the hole is declared. */
        fun goOn(context: Context) = context.app.phone.ask({ it.openPatrol() }) { done ->
            // Android 14 may refuse a location service that begins out of sight: the notification then asks to open the app.
            if (done.getOrNull() != null) runCatching { start(context) }.onFailure { remind(context) }
        }

        private fun remind(context: Context) {
            val words = Wishes.dress(context)
            val notice = Notification.Builder(context, Notices.WORK)
                .setSmallIcon(R.drawable.ic_walk)
                .setContentTitle(words.getString(R.string.patrol_go_on))
                .setContentText(words.getString(R.string.patrol_go_on_text))
                .setContentIntent(Notices.open(context, Intent(context, PatrolScreen::class.java)))
                .setAutoCancel(true)
                .build()
            Notices.manager(context).notify(Notices.PATROL_ID + 1, notice)
        }
    }
}
