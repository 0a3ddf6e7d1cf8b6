package org.suishou.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.suishou.app.map.MapView
import org.suishou.core.Author
import org.suishou.core.Degrees
import org.suishou.core.GridView
import org.suishou.core.IncidentRow
import org.suishou.core.IncidentState
import org.suishou.core.Severity

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
    fun `334 grids and 2000 incidents are drawn, and the one that is pressed is found`() {
        val map = MapView(RuntimeEnvironment.getApplication())
        val (grids, incidents) = (0 until 334).map(::grid) to (0 until 2000).map(::incident)
        map.show(grids, incidents, emptyList(), emptyList(), incidents[700].position)
        val exactly = { size: Int -> View.MeasureSpec.makeMeasureSpec(size, View.MeasureSpec.EXACTLY) }
        map.measure(exactly(720), exactly(1200))
        map.layout(0, 0, 720, 1200)
        val canvas = Canvas(Bitmap.createBitmap(720, 1200, Bitmap.Config.ARGB_8888))
        map.draw(canvas)
        repeat(20) { map.zoom(1.02f); map.draw(canvas) }
        val frames = 120
        val begun = System.nanoTime()
        repeat(frames) { map.zoom(if (it % 2 == 0) 1.05f else 0.95f, 200f, 300f); map.draw(canvas) }
        val each = (System.nanoTime() - begun) / 1e6 / frames
        println("map: 334 grids with 16,366 corners and 2,000 incidents: %.1f ms a frame on the JVM's software canvas (60 frames a second: 16.7 ms)".format(each))

        var picked: IncidentRow? = null
        map.onPick = { picked = it }
        map.fit()
        map.zoom(40f)
        map.draw(canvas)
        var found = 0
        for (x in 0..720 step 24) for (y in 0..1200 step 24) { picked = null; map.pick(x.toFloat(), y.toFloat()); if (picked != null) found += 1 }
        assertTrue("some of the incidents in sight can be pressed, and the ground between them as well", found in 1..1500)
    }
}
