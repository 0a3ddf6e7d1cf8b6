package org.suishou.app.sync

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.suishou.app.App
import org.suishou.app.phone.Phone
import org.suishou.app.phone.Wishes
import org.suishou.app.warning.Bellringer
import org.suishou.core.FieldException
import kotlin.math.min

/** Sends and fetches: once when there is something to send, and again and again while somebody looks or is on duty. */
class Syncer(private val app: App, private val phone: Phone) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.IO)
    private val turn = Mutex()
    private var loop: Job? = null
    private var waiting: Job? = null
    private val onDuty = mutableSetOf<String>()

    /** How the last try went: null is well. */
    @Volatile
    var problem: Throwable? = null
        private set

    @Volatile
    var isRunning = false
        private set

    /** Syncs once; tells whether there is nothing left to try. Whoever hangs at the relay lets go first. */
    suspend fun once(): Boolean {
        waiting?.cancel()
        return turn.withLock { exchange() } != Outcome.FAILED
    }

    /** Without an enrolment there is nobody to speak to, and nothing to be tried again. */
    private enum class Outcome { DONE, NOBODY, FAILED }

    private suspend fun exchange(): Outcome {
        isRunning = true
        phone.changed()
        return try {
            val field = phone.field
            if (field.enrolment().isRevoked) return Outcome.NOBODY
            field.sync()
            problem = null
            Wishes(app).lastSyncAt = Phone.clock.now()
            Bellringer.look(app, phone)
            scope.launch { runCatching { app.baseMap.bring() } }
            Outcome.DONE
        } catch (failed: FieldException) {
            problem = failed
            if (failed is FieldException.EnrolAgain) Outcome.NOBODY else Outcome.FAILED
        } finally {
            isRunning = false
            phone.changed()
        }
    }

    /** The person did something: it goes out now if it can, and later by the job if not. */
    fun stir() {
        SyncJob.plan(app)
        waiting?.cancel()
        if (loop?.isActive != true) scope.launch { once() }
    }

    /** Somebody looks, or a patrol runs: stays in touch with the relay. */
    @Synchronized
    fun begin(who: String) {
        onDuty += who
        if (loop?.isActive == true) return
        loop = scope.launch {
            runCatching { app.baseMap.show() }
            var pause = FIRST_PAUSE_MS
            while (isActive) {
                waiting?.cancel()
                val outcome = turn.withLock { exchange() }
                val hasWaited = outcome == Outcome.DONE && hang()
                pause = if (hasWaited) FIRST_PAUSE_MS else min(pause * 2, LAST_PAUSE_MS)
                if (!hasWaited) {
                    // A stir ends this pause as well.
                    waiting = launch { delay(pause) }
                    waiting?.join()
                }
            }
        }
    }

    @Synchronized
    fun end(who: String) {
        onDuty -= who
        if (onDuty.isEmpty()) loop?.cancel()
    }

    fun close() = scope.cancel()

    /** Hangs at the relay until there is news; false if it can't. */
    private suspend fun hang(): Boolean {
        var isWell = false
        waiting = scope.launch { isWell = runCatching { phone.field.wait() }.isSuccess }
        waiting?.join()
        return isWell || waiting?.isCancelled == true
    }

    private companion object {
        const val FIRST_PAUSE_MS = 2_000L
        const val LAST_PAUSE_MS = 120_000L
    }
}
