package org.suishou.app.map

import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import org.json.JSONArray
import org.json.JSONObject
import org.suishou.core.Degrees
import org.suishou.core.GridView
import kotlin.math.hypot

/** A grid in metres. Seen from far off it is drawn with as many corners as can be told apart. */
class Area(grid: GridView, plane: Plane) {
    val id = grid.id
    val name = grid.name
    val x = plane.x(grid.centre)
    val y = plane.y(grid.centre)
    private var nameWidth = 0f

    /** Measured once: letters don't grow with the map. */
    fun nameWidth(paint: Paint): Float {
        if (nameWidth == 0f) nameWidth = paint.measureText(name)
        return nameWidth
    }

    private val rings: List<FloatArray> = rings(JSONObject(grid.outline), plane)
    private val path = Path()
    private var level = -1f
    val bounds = RectF().also { path(0f).computeBounds(it, true) }

    /** Its outline, good to `metres`. */
    fun path(metres: Float): Path {
        // Not anew for every small step of a zoom: for each doubling.
        val wanted = if (metres < FINEST_M) 0f else java.lang.Float.intBitsToFloat(metres.toBits() and EXPONENT)
        if (wanted == level) return path
        level = wanted
        path.rewind()
        path.fillType = Path.FillType.EVEN_ODD
        for (ring in rings) ring(ring, wanted)
        return path
    }

    private fun ring(ring: FloatArray, metres: Float) {
        var (x, y) = ring[0] to ring[1]
        path.moveTo(x, y)
        for (at in 2 until ring.size step 2) {
            if (hypot(ring[at] - x, ring[at + 1] - y) < metres) continue
            x = ring[at]
            y = ring[at + 1]
            path.lineTo(x, y)
        }
        path.close()
    }

    private companion object {
        const val FINEST_M = 1f
        const val EXPONENT = 0x7F80_0000

        fun rings(geometry: JSONObject, plane: Plane): List<FloatArray> {
            val coordinates = geometry.getJSONArray("coordinates")
            val polygons = if (geometry.getString("type") == "Polygon") listOf(coordinates) else all(coordinates)
            return polygons.flatMap(::all).map { ring(it, plane) }.filter { it.size >= 6 }
        }

        private fun all(array: JSONArray) = (0 until array.length()).map(array::getJSONArray)

        private fun ring(ring: JSONArray, plane: Plane): FloatArray {
            val places = all(ring).map { Degrees(it.getDouble(1), it.getDouble(0)) }
            return FloatArray(places.size * 2) { if (it % 2 == 0) plane.x(places[it / 2]) else plane.y(places[it / 2]) }
        }
    }
}
