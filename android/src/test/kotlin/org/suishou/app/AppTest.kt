package org.suishou.app

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.location.Location
import android.location.LocationManager
import android.os.Looper
import android.os.SystemClock
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Before
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.suishou.app.phone.CameraFiles
import org.suishou.app.phone.Phone
import org.suishou.core.ConsentKind
import org.suishou.core.PhoneClock
import java.io.ByteArrayOutputStream
import java.io.File
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.LockSupport

/** The app with the real library and a real relay; nothing stands in for either. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "zh-rCN-w360dp-h720dp-xhdpi")
abstract class AppTest {
    protected val application get() = RuntimeEnvironment.getApplication() as App
    protected val phone get() = application.phone
    protected lateinit var town: Town
    private val screens = mutableListOf<ActivityController<*>>()

    /** The phone's clock is this machine's, and so much off. */
    protected val clockOffMs = AtomicLong(0)

    @Before
    fun begin() {
        Phone.clock = object : PhoneClock {
            override fun now() = System.currentTimeMillis() + clockOffMs.get()
        }
        town = Town()
        for (permission in listOf("CAMERA", "RECORD_AUDIO", "ACCESS_FINE_LOCATION", "ACCESS_COARSE_LOCATION", "POST_NOTIFICATIONS")) {
            shadowOf(application).grantPermissions("android.permission.$permission")
        }
    }

    @After
    fun end() {
        screens.reversed().forEach { runCatching { it.close() } }
        application.syncer.close()
        phone.close()
        town.close()
    }

    protected fun enrol(member: String) {
        runBlocking { phone.field.enrol(town.invitation(member)) }
        phone.field.giveConsent(ConsentKind.POSITION, 1u)
        phone.field.giveConsent(ConsentKind.PHOTOS, 1u)
        check(sync()) { "the first sync failed: ${application.syncer.problem}" }
    }

    protected fun sync(): Boolean = runBlocking { application.syncer.once() }

    protected fun <T : Activity> open(screen: Class<T>, intent: Intent? = null): T {
        val controller = if (intent == null) Robolectric.buildActivity(screen) else Robolectric.buildActivity(screen, intent)
        screens += controller
        controller.setup()
        settle()
        return controller.get()
    }

    /** Until the worker has nothing left to do and the main thread neither. */
    protected fun settle() = repeat(4) {
        phone.ask({ }) {}.get()
        shadowOf(Looper.getMainLooper()).idle()
    }

    protected fun await(what: String, isSo: () -> Boolean) {
        val deadline = System.nanoTime() + 30_000_000_000
        while (true) {
            settle()
            if (isSo()) return
            check(System.nanoTime() < deadline) { "still not: $what (${application.syncer.problem})\n${shown()}" }
            LockSupport.parkNanos(5_000_000)
        }
    }

    protected fun Activity.views(): List<View> {
        fun of(view: View): List<View> = listOf(view) + if (view is ViewGroup) (0 until view.childCount).flatMap { of(view.getChildAt(it)) } else emptyList()
        return of(window.decorView)
    }

    protected fun Activity.texts(): List<String> = views().filterIsInstance<TextView>().filter { it.visibility == View.VISIBLE }.map { it.text.toString() }
    protected fun Activity.says(text: String) = texts().any { text in it }

    private fun shown() = screens.mapNotNull { it.get() as? Activity }.joinToString("\n---\n") { it.texts().joinToString("\n") }

    /** Presses what says this, or is described so. */
    protected fun Activity.press(text: String) {
        fun words(view: View) = listOfNotNull((view as? TextView)?.text?.toString(), view.contentDescription?.toString()).map { it.trim('\u00a0') }
        fun pressed(view: View): View? = generateSequence(view) { it.parent as? View }.firstOrNull { it.hasOnClickListeners() }
        val shown = views().filter { it.isShown && pressed(it) != null }
        val found = shown.firstOrNull { text in words(it) } ?: shown.firstOrNull { view -> words(view).any { text in it } }
        checkNotNull(found) { "nothing to press says \"$text\":\n${texts().joinToString("\n")}" }
        pressed(found)!!.performClick()
        settle()
    }

    /** To both, and on. */
    protected fun Activity.agree(yes: String, goOn: String = "选好了，继续") {
        for (which in 0..1) {
            views().filterIsInstance<android.widget.Button>().filter { it.text.toString() == yes }[which].performClick()
            settle()
        }
        press(goOn)
    }

    /** The camera app gives back a picture of this. */
    protected fun Activity.photograph(picture: ByteArray = picture()) {
        val asked = checkNotNull(shadowOf(this).nextStartedActivityForResult) { "the camera was not asked" }
        val uri = asked.intent.getParcelableExtra<android.net.Uri>(android.provider.MediaStore.EXTRA_OUTPUT)!!
        CameraFiles.file(this, uri.lastPathSegment!!).writeBytes(picture)
        shadowOf(this).receiveResult(asked.intent, Activity.RESULT_OK, null)
        settle()
    }

    protected fun stand(latitude: Double, longitude: Double, accuracy: Float = 12f) {
        val location = Location(LocationManager.GPS_PROVIDER)
        location.latitude = latitude
        location.longitude = longitude
        location.accuracy = accuracy
        location.time = Phone.clock.now()
        location.elapsedRealtimeNanos = SystemClock.elapsedRealtimeNanos()
        // Robolectric keeps a receiver for each context; a phone has one.
        for (context in listOf(application) + screens.mapNotNull { it.get() as? android.content.Context }) {
            val manager = shadowOf(context.getSystemService(LocationManager::class.java))
            manager.setProviderEnabled(LocationManager.GPS_PROVIDER, true)
            manager.simulateLocation(location)
        }
        settle()
    }

    /** The process ends between two instructions: what is on the disk at this moment is all that there is. */
    protected fun kill() {
        // A copy takes more than one moment: nobody writes meanwhile.
        screens.forEach { runCatching { it.close() } }
        screens.clear()
        application.syncer.close()
        settle()
        val folder = phone.folder
        val left = File(folder.parentFile, "left")
        folder.copyRecursively(left)
        phone.close()
        folder.deleteRecursively()
        check(left.renameTo(folder))
        application.begin()
    }

    companion object {
        /** A road with a puddle and a heap, as good as a drawing can be. */
        fun picture(seed: Int = 0): ByteArray {
            val bitmap = Bitmap.createBitmap(1200, 900, Bitmap.Config.ARGB_8888)
            val canvas = Canvas(bitmap)
            val paint = Paint(Paint.ANTI_ALIAS_FLAG)
            fun fill(color: Int, draw: (Paint) -> Unit) { paint.color = color; draw(paint) }
            fill(Color.rgb(150, 190, 220)) { canvas.drawRect(0f, 0f, 1200f, 420f, it) }
            fill(Color.rgb(95, 130, 80)) { canvas.drawOval(-200f, 260f, 800f, 620f, it); canvas.drawOval(500f, 300f, 1500f, 640f, it) }
            fill(Color.rgb(150, 140, 125)) { canvas.drawRect(0f, 480f, 1200f, 900f, it) }
            fill(Color.rgb(90, 105, 115)) { canvas.drawOval(250f + seed * 90, 600f, 800f + seed * 60, 780f, it) }
            fill(Color.rgb(170, 200, 215)) { canvas.drawOval(330f + seed * 90, 640f, 620f + seed * 60, 720f, it) }
            fill(Color.rgb(120, 80, 50)) { canvas.drawCircle(930f - seed * 120, 560f, 130f, it) }
            val bytes = ByteArrayOutputStream()
            bitmap.compress(Bitmap.CompressFormat.JPEG, 85, bytes)
            return bytes.toByteArray()
        }
    }
}
