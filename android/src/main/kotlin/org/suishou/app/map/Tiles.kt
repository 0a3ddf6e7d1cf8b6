package org.suishou.app.map

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Rect
import android.graphics.RectF
import android.os.Handler
import android.os.Looper
import android.util.LruCache
import org.suishou.core.Degrees
import org.suishou.core.forAmap
import org.suishou.core.fromAmap
import java.util.concurrent.CopyOnWriteArraySet
import java.util.concurrent.LinkedBlockingDeque
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import kotlin.math.PI
import kotlin.math.asinh
import kotlin.math.atan
import kotlin.math.cos
import kotlin.math.floor
import kotlin.math.log2
import kotlin.math.sinh
import kotlin.math.tan

/** A base map in square pieces, as MBTiles and the web have them: zoom, column from the west, row from the north. */
interface TileSource {
    /** The picture of one piece as PNG, JPEG or WebP; none where there is none. Asked on a thread of its own. */
    fun tile(z: Int, x: Int, y: Int): ByteArray?

    /** The zooms that it has. */
    val zooms: IntRange

    /** It is drawn in GCJ-02, as the maps of Chinese makers are. */
    val isShifted: Boolean get() = false
}

/**
 * What of a base map lies under a view. Everything else on a map stays where it is on Earth: a map that was drawn in
 * GCJ-02 is put back piece by piece, at this moment of drawing and nowhere else.
 */
class Tiles(private val source: TileSource) {
    private data class Piece(val z: Int, val x: Int, val y: Int) {
        fun parent() = Piece(z - 1, x shr 1, y shr 1)
    }

    private val main = Handler(Looper.getMainLooper())

    /** The newest wish first: what left the screen meanwhile can wait. */
    private val wishes = object : LinkedBlockingDeque<Runnable>() {
        override fun offer(wish: Runnable) = offerFirst(wish)
    }
    private val worker = ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, wishes).apply { allowCoreThreadTimeOut(true) }
    private val pictures = object : LruCache<Piece, Bitmap>(MOST_BYTES) {
        override fun sizeOf(key: Piece, value: Bitmap) = value.allocationByteCount
    }

    /** Asked for, or known not to be there; on the main thread only. */
    private val asked = HashSet<Piece>()
    private val listeners = CopyOnWriteArraySet<() -> Unit>()

    fun watch(listener: () -> Unit) { listeners += listener }
    fun unwatch(listener: () -> Unit) { listeners -= listener }

    private val frame = RectF()
    private val from = Rect()

    /** Draws what is there and asks for the rest. */
    fun draw(canvas: Canvas, plane: Plane, view: Matrix, width: Int, height: Int, density: Float, paint: Paint) {
        val back = Matrix().also { if (!view.invert(it)) return }
        val corners = floatArrayOf(0f, 0f, width.toFloat(), height.toFloat()).also(back::mapPoints)
        val pixelsInAMetre = width / (corners[2] - corners[0])
        val whole = WORLD_M * cos(Math.toRadians(plane.origin.latitude)) * pixelsInAMetre
        val fitting = floor(log2(whole / (PIECE_DP * density))).toInt()
        val zoom = fitting.coerceIn(source.zooms)
        val northWest = onMap(plane.degrees(corners[0], corners[1]))
        val southEast = onMap(plane.degrees(corners[2], corners[3]))
        val (columns, rows) = column(northWest, zoom)..column(southEast, zoom) to row(northWest, zoom)..row(southEast, zoom)
        // Far out of the zooms that there are, a view has thousands of pieces: nothing could be read on them.
        if (columns.count().toLong() * rows.count() > MOST_PIECES) return
        for (y in rows) for (x in columns) piece(canvas, Piece(zoom, x, y), plane, view, paint)
    }

    private fun piece(canvas: Canvas, piece: Piece, plane: Plane, view: Matrix, paint: Paint) {
        val northWest = onEarth(corner(piece.z, piece.x, piece.y))
        val southEast = onEarth(corner(piece.z, piece.x + 1, piece.y + 1))
        frame.set(plane.x(northWest), plane.y(northWest), plane.x(southEast), plane.y(southEast))
        view.mapRect(frame)
        pictures.get(piece)?.let { return canvas.drawBitmap(it, null, frame, paint) }
        ask(piece)
        // Until it is there: the part of a coarser one.
        var above = piece
        for (steps in 1..COARSER) {
            above = above.parent()
            if (above.z < source.zooms.first) return
            val picture = pictures.get(above) ?: continue
            val side = picture.width shr steps
            if (side == 0) return
            val (left, top) = (piece.x - (above.x shl steps)) * side to (piece.y - (above.y shl steps)) * side
            from.set(left, top, left + side, top + side)
            return canvas.drawBitmap(picture, from, frame, paint)
        }
    }

    private fun ask(piece: Piece) {
        if (!asked.add(piece)) return
        worker.execute {
            val bytes = runCatching { source.tile(piece.z, piece.x, piece.y) }.getOrNull()
            val picture = bytes?.let { BitmapFactory.decodeByteArray(it, 0, it.size) }
            main.post {
                if (picture == null) return@post
                pictures.put(piece, picture)
                // It may be asked for again once it was pushed out.
                asked -= piece
                listeners.forEach { it() }
            }
        }
    }

    private fun onMap(place: Degrees) = if (source.isShifted) forAmap(place) else place
    private fun onEarth(place: Degrees) = if (source.isShifted) fromAmap(place) else place

    /** Web Mercator, as all such pieces are cut. */
    private fun corner(z: Int, x: Int, y: Int): Degrees {
        val pieces = (1 shl z).toDouble()
        return Degrees(Math.toDegrees(atan(sinh(PI * (1 - 2 * y / pieces)))), x / pieces * 360 - 180)
    }

    private fun column(at: Degrees, z: Int) = inside((at.longitude + 180) / 360, z)

    private fun row(at: Degrees, z: Int) = inside((1 - asinh(tan(Math.toRadians(at.latitude.coerceIn(-85.0, 85.0)))) / PI) / 2, z)

    private fun inside(part: Double, z: Int) = floor(part * (1 shl z)).toInt().coerceIn(0, (1 shl z) - 1)

    private companion object {
        const val WORLD_M = 40_075_016.686
        const val PIECE_DP = 192
        const val MOST_PIECES = 150
        const val COARSER = 4
        const val MOST_BYTES = 24 * 1024 * 1024
    }
}
