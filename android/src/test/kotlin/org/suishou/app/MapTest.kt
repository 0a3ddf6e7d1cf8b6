package org.suishou.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.os.Looper
import android.view.View
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.suishou.app.map.MapView
import org.suishou.app.map.TileSource
import org.suishou.app.map.Tiles
import org.suishou.core.Author
import org.suishou.core.Degrees
import org.suishou.core.GridView
import org.suishou.core.IncidentRow
import org.suishou.core.IncidentState
import org.suishou.core.Severity
import org.suishou.core.distanceM
import org.suishou.core.forAmap
import java.io.ByteArrayOutputStream
import java.lang.management.ManagementFactory
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.locks.LockSupport
import kotlin.math.hypot

/** A township as large as they come: what is pressed is found, and how long a frame takes is printed. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "zh-rCN-w360dp-h720dp-xhdpi", application = android.app.Application::class)
class MapTest {
    private fun grid(at: Int): GridView {
        val (x, y) = at % 20 to at / 20
        val (west, south) = 119.6 + x * 0.004 to 29.0 + y * 0.004
        // A border as surveyed: 48 corners.
        val ring = (0..48).joinToString(",") {
            val turn = it % 48 / 48.0 * 2 * Math.PI
            val reach = 0.0019 + 0.0002 * Math.sin(turn * 7 + at)
            "[${west + 0.002 + reach * Math.cos(turn)},${south + 0.002 + reach * Math.sin(turn)}]"
        }
        return GridView("g$at", "网格$at", "micro", null, """{"type":"Polygon","coordinates":[[$ring]]}""", Degrees(south + 0.002, west + 0.002))
    }

    private fun incident(at: Int) = IncidentRow(
        "%032x".format(at), IncidentState.REPORTED, "order", Severity.entries[at % 4], "g${at % 334}",
        Degrees(29.0 + at * 7919 % 680 * 0.0001, 119.6 + at * 104_729 % 800 * 0.0001), "x", 0u, Author.You, 0, null, 0, null,
        emptyList(), emptyList(), false, false, null, null, null, null,
    )

    @Test
    fun `334 grids and 2000 incidents are drawn, and the one that is pressed is found`() = large(null, "no base map")

    @Test
    fun `334 grids and 2000 incidents are drawn over a base map`() = large(Tiles(Painted(isShifted = true)), "a base map in GCJ-02")

    private fun large(base: Tiles?, what: String) {
        val map = MapView(RuntimeEnvironment.getApplication(), base)
        val (grids, incidents) = (0 until 334).map(::grid) to (0 until 2000).map(::incident)
        map.show(grids, incidents, emptyList(), emptyList(), incidents[700].position)
        val exactly = { size: Int -> View.MeasureSpec.makeMeasureSpec(size, View.MeasureSpec.EXACTLY) }
        map.measure(exactly(720), exactly(1200))
        map.layout(0, 0, 720, 1200)
        val canvas = Canvas(Bitmap.createBitmap(720, 1200, Bitmap.Config.ARGB_8888))
        map.draw(canvas)
        repeat(20) { map.zoom(1.02f); map.draw(canvas); shadowOf(Looper.getMainLooper()).idle() }
        val frames = 120
        // Of this thread alone: what else runs on the machine is no part of a frame.
        val clock = ManagementFactory.getThreadMXBean()
        val each = DoubleArray(frames) { frame ->
            map.zoom(if (frame % 2 == 0) 1.05f else 0.95f, 200f, 300f)
            val begun = clock.currentThreadCpuTime
            map.draw(canvas)
            (clock.currentThreadCpuTime - begun) / 1e6
        }
        println(
            "map: 334 grids with 16,366 corners and 2,000 incidents, $what: %.1f ms a frame under two fingers, %.1f ms when all lines are drawn anew, on the JVM's software canvas (60 frames a second: 16.7 ms)"
                .format(each.average(), each.max()),
        )

        var picked: IncidentRow? = null
        map.onPick = { picked = it }
        map.fit()
        map.zoom(40f)
        map.draw(canvas)
        var found = 0
        for (x in 0..720 step 24) for (y in 0..1200 step 24) { picked = null; map.pick(x.toFloat(), y.toFloat()); if (picked != null) found += 1 }
        assertTrue("some of the incidents in sight can be pressed, and the ground between them as well", found in 1..1500)
    }

    /** Pieces of one colour each. */
    private class Painted(override val isShifted: Boolean) : TileSource {
        override val zooms = 10..17
        val asked = ConcurrentLinkedQueue<Int>()

        override fun tile(z: Int, x: Int, y: Int): ByteArray? {
            asked += z
            if (x % 7 == 3) return null
            val picture = Bitmap.createBitmap(256, 256, Bitmap.Config.ARGB_8888)
            picture.eraseColor(colour(x, y))
            return ByteArrayOutputStream().also { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }.toByteArray()
        }

        fun colour(x: Int, y: Int) = if (x % 7 == 3) 0 else Color.rgb(20 + x * 37 % 200, 20 + y * 53 % 200, (x + y) % 2 * 100)
    }

    /** Column and row with their parts, by the formulas that everyone uses for such pieces. */
    private fun mercator(at: Degrees, z: Int): Pair<Double, Double> {
        val latitude = Math.toRadians(at.latitude)
        val pieces = Math.pow(2.0, z.toDouble())
        return (at.longitude + 180) / 360 * pieces to (1 - Math.log(Math.tan(latitude) + 1 / Math.cos(latitude)) / Math.PI) / 2 * pieces
    }

    private fun liesUnder(source: Painted) {
        val here = Degrees(29.0512, 119.6021)
        val map = MapView(RuntimeEnvironment.getApplication(), Tiles(source))
        map.show(emptyList(), emptyList(), emptyList(), emptyList(), here)
        map.layout(0, 0, 720, 1200)
        map.look(here, 3_000)
        val picture = Bitmap.createBitmap(720, 1200, Bitmap.Config.ARGB_8888)
        fun wrong(): String? {
            picture.eraseColor(0)
            map.draw(Canvas(picture))
            val zoom = source.asked.firstOrNull() ?: return "nothing was asked for"
            var compared = 0
            for (x in 5..715 step 10) for (y in 5..1195 step 10) {
                if (hypot(x - 360.0, y - 600.0) < 60) continue
                val place = map.place(x.toFloat(), y.toFloat())!!
                val (column, row) = mercator(if (source.isShifted) forAmap(place) else place, zoom)
                // A pixel beside an edge may be of either piece.
                if (listOf(column, row).any { it % 1 !in 0.02..0.98 }) continue
                compared += 1
                val wanted = source.colour(column.toInt(), row.toInt())
                if (picture.getPixel(x, y) != wanted) return "at $x, $y: %x and not %x".format(picture.getPixel(x, y), wanted)
            }
            return if (compared > 5_000) null else "only $compared compared"
        }
        val deadline = System.nanoTime() + 20_000_000_000
        while (true) {
            val wrong = wrong() ?: break
            check(System.nanoTime() < deadline) { wrong }
            LockSupport.parkNanos(5_000_000)
            shadowOf(Looper.getMainLooper()).idle()
        }
        val once = source.asked.size
        wrong()
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals("what is not there is asked for once", once, source.asked.size)
    }

    @Test
    fun `a base map lies where it belongs`() = liesUnder(Painted(isShifted = false))

    @Test
    fun `a base map drawn in GCJ-02 is put back where it belongs`() = liesUnder(Painted(isShifted = true))

    @Test
    fun `a press on the ground is a place, with what a finger may miss`() {
        val map = MapView(RuntimeEnvironment.getApplication())
        val here = Degrees(29.0512, 119.6021)
        map.show((0 until 30).map(::grid), emptyList(), emptyList(), emptyList(), here)
        map.layout(0, 0, 720, 1200)
        map.look(here, 2_000)
        var pressed: Pair<Degrees, Int>? = null
        map.onPlace = { at, accuracy -> pressed = at to accuracy }
        map.pick(360f, 600f)
        assertTrue(distanceM(pressed!!.first, here) < 1)
        map.pick(360f, 240f)
        // 360 of 720 pixels are half of 2,000 m.
        assertEquals(1_000.0, distanceM(pressed!!.first, here), 5.0)
        assertEquals(133, pressed!!.second)
    }
}
