package org.suishou.app.phone

import android.content.Context
import android.os.Handler
import android.os.Looper
import org.suishou.core.Field
import org.suishou.core.FieldException
import org.suishou.core.PhoneClock
import org.suishou.core.TownshipView
import org.suishou.core.Watcher
import java.io.File
import java.util.concurrent.CopyOnWriteArraySet
import java.util.concurrent.Executors
import java.util.concurrent.Future
import java.util.concurrent.atomic.AtomicBoolean

/** The store and the one thread that works on it; answers come back on the main thread. */
class Phone(private val context: Context) : Watcher {
    private val main = Handler(Looper.getMainLooper())
    private val worker = Executors.newSingleThreadExecutor { Thread(it, "phone") }
    private val listeners = CopyOnWriteArraySet<() -> Unit>()
    private val isTelling = AtomicBoolean(false)
    private var opened: Field? = null
    private var known: TownshipView? = null

    /** Called after everything that the person did: there may be something to send. */
    var onAct: () -> Unit = {}

    val folder: File get() = File(context.noBackupFilesDir, "field")

    /** The open store; on the worker's or a syncer's thread only. */
    @get:Synchronized
    val field: Field
        get() = opened ?: Field.open(folder.apply { mkdirs() }.path, clock, Keys(context), this).also { opened = it }

    /** The township's words and grids; none before the first sync. */
    fun township(): TownshipView? = known ?: field.settings()?.also { known = it }

    /** Reads on the worker's thread. */
    fun <T> ask(work: (Field) -> T, then: (Result<T>) -> Unit): Future<*> = worker.submit {
        val done = runCatching { work(field) }
        done.exceptionOrNull()?.let { if (it !is FieldException) android.util.Log.e("suishou", "failed", it) }
        main.post { then(done) }
    }

    /** Does something that is kept, and lets it be sent. */
    fun <T> act(work: (Field) -> T, then: (Result<T>) -> Unit): Future<*> = ask(work) {
        then(it)
        if (it.isSuccess) onAct()
    }

    fun watch(listener: () -> Unit) { listeners += listener }
    fun unwatch(listener: () -> Unit) { listeners -= listener }

    /** From any thread; many changes at once are told once. */
    override fun changed() {
        known = null
        if (isTelling.compareAndSet(false, true)) {
            main.post {
                isTelling.set(false)
                listeners.forEach { it() }
            }
        }
    }

    /** Ends as a killed process does: nothing is finished, the lock is let go. */
    @Synchronized
    fun close() {
        worker.shutdownNow()
        worker.awaitTermination(5, java.util.concurrent.TimeUnit.SECONDS)
        opened?.shut()
        opened?.destroy()
        opened = null
    }

    companion object {
        /** The phone's clock; tests turn it. */
        var clock: PhoneClock = object : PhoneClock {
            override fun now() = System.currentTimeMillis()
        }
    }
}
