package org.suishou.app.map

import org.suishou.core.Degrees
import kotlin.math.cos

/** Metres east and south of an origin: flat enough for a township, and quick to draw. */
class Plane(val origin: Degrees) {
    private val east = METRES * cos(Math.toRadians(origin.latitude))

    fun x(at: Degrees): Float = ((at.longitude - origin.longitude) * east).toFloat()
    fun y(at: Degrees): Float = ((origin.latitude - at.latitude) * METRES).toFloat()

    fun degrees(x: Float, y: Float) = Degrees(
        (origin.latitude - y / METRES).coerceIn(-90.0, 90.0), (origin.longitude + x / east).coerceIn(-180.0, 180.0),
    )

    private companion object {
        const val METRES = 111_320.0
    }
}
