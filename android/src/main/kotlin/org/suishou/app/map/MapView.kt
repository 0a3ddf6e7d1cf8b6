package org.suishou.app.map

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import android.view.GestureDetector
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import org.json.JSONArray
import org.json.JSONObject
import org.suishou.app.R
import org.suishou.app.ui.dp
import org.suishou.core.CheckpointView
import org.suishou.core.Degrees
import org.suishou.core.GridView
import org.suishou.core.IncidentRow
import org.suishou.core.Severity
import kotlin.math.cos
import kotlin.math.hypot

/**
 * Grids, incidents, checkpoints, a path and one's own position, to be moved with fingers. Everything is put into metres
 * once; drawing transforms paths as a whole.
 */
@SuppressLint("ClickableViewAccessibility")
class MapView(context: Context) : View(context) {
    private class Area(val name: String, val path: Path, val x: Float, val y: Float)
    private class Dot(val x: Float, val y: Float, val paint: Paint, val incident: IncidentRow?)

    private var areas = emptyList<Area>()
    private var dots = emptyList<Dot>()
    private var points = emptyList<Triple<Float, Float, String>>()
    private var tracks = emptyList<Path>()
    private var own: Pair<Float, Float>? = null
    private var origin = Degrees(0.0, 0.0)
    private var reach = floatArrayOf(-500f, -500f, 500f, 500f)
    private val view = Matrix()
    private var isPlaced = false

    /** A press on an incident; none for the ground. */
    var onPick: (IncidentRow?) -> Unit = {}

    private fun paint(color: Int, style: Paint.Style, width: Number = 1) = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        this.color = context.getColor(color)
        this.style = style
        strokeWidth = dp(width).toFloat()
        strokeJoin = Paint.Join.ROUND
        strokeCap = Paint.Cap.ROUND
    }

    private val fill = paint(R.color.brand_soft, Paint.Style.FILL).apply { alpha = 150 }
    private val border = paint(R.color.brand, Paint.Style.STROKE, 1.2)
    private val walked = paint(R.color.level_blue, Paint.Style.STROKE, 4)
    private val halo = paint(R.color.surface, Paint.Style.FILL)
    private val me = paint(R.color.level_blue, Paint.Style.FILL)
    private val point = paint(R.color.brand, Paint.Style.FILL)
    private val calm = paint(R.color.ink_soft, Paint.Style.FILL)
    private val high = paint(R.color.level_orange, Paint.Style.FILL)
    private val urgent = paint(R.color.level_red, Paint.Style.FILL)
    private val name = paint(R.color.ink, Paint.Style.FILL).apply {
        textSize = 13 * resources.displayMetrics.scaledDensity()
        textAlign = Paint.Align.CENTER
    }

    @Suppress("DEPRECATION")
    private fun android.util.DisplayMetrics.scaledDensity() = scaledDensity

    fun show(
        grids: List<GridView>, incidents: List<IncidentRow>, checkpoints: List<CheckpointView>, path: List<List<Degrees>>, position: Degrees?,
    ) {
        val middle = position ?: path.lastOrNull()?.lastOrNull() ?: grids.firstOrNull()?.centre ?: incidents.firstNotNullOfOrNull { it.position }
        middle?.let { if (!isPlaced) origin = it }
        areas = grids.map { grid ->
            val (x, y) = flat(grid.centre)
            Area(grid.name, outline(grid.outline), x, y)
        }
        dots = incidents.mapNotNull { row ->
            val (x, y) = flat(row.position ?: return@mapNotNull null)
            Dot(x, y, when (row.severity) { Severity.URGENT -> urgent; Severity.HIGH -> high; else -> calm }, row)
        }
        points = checkpoints.map { val (x, y) = flat(it.position); Triple(x, y, it.name) }
        tracks = path.map { stretch ->
            Path().apply { stretch.forEachIndexed { at, place -> val (x, y) = flat(place); if (at == 0) moveTo(x, y) else lineTo(x, y) } }
        }
        own = position?.let(::flat)
        val walkedPlaces = path.flatten().map(::flat)
        val corners = areas.flatMap { area ->
            val around = RectF().also { area.path.computeBounds(it, true) }
            listOf(around.left to around.top, around.right to around.bottom)
        }
        val all = walkedPlaces.ifEmpty { corners + dots.map { it.x to it.y } + listOfNotNull(own) } + points.map { it.first to it.second }
        if (all.isNotEmpty()) reach = floatArrayOf(all.minOf { it.first }, all.minOf { it.second }, all.maxOf { it.first }, all.maxOf { it.second })
        invalidate()
    }

    /** Metres east and south of the origin. */
    private fun flat(at: Degrees): Pair<Float, Float> {
        val east = (at.longitude - origin.longitude) * METRES * cos(Math.toRadians(origin.latitude))
        return east.toFloat() to ((origin.latitude - at.latitude) * METRES).toFloat()
    }

    private fun outline(geometry: String): Path {
        val path = Path()
        path.fillType = Path.FillType.EVEN_ODD
        val json = JSONObject(geometry)
        val coordinates = json.getJSONArray("coordinates")
        val polygons = if (json.getString("type") == "Polygon") listOf(coordinates) else (0 until coordinates.length()).map(coordinates::getJSONArray)
        polygons.forEach { rings -> (0 until rings.length()).forEach { ring(path, rings.getJSONArray(it)) } }
        return path
    }

    private fun ring(path: Path, ring: JSONArray) {
        for (at in 0 until ring.length()) {
            val place = ring.getJSONArray(at)
            val (x, y) = flat(Degrees(place.getDouble(1), place.getDouble(0)))
            if (at == 0) path.moveTo(x, y) else path.lineTo(x, y)
        }
        path.close()
    }

    /** So that everything is to be seen. */
    fun fit() {
        val (left, top, right, bottom) = reach
        val margin = 400f
        val scale = minOf(width / (right - left + margin), height / (bottom - top + margin)).coerceIn(MIN_SCALE, MAX_SCALE)
        view.reset()
        view.postTranslate(-(left + right) / 2, -(top + bottom) / 2)
        view.postScale(scale, scale)
        view.postTranslate(width / 2f, height / 2f)
        invalidate()
    }

    private val values = FloatArray(9)
    private fun scale(): Float { view.getValues(values); return values[Matrix.MSCALE_X] }
    private val spot = FloatArray(2)

    private inline fun at(x: Float, y: Float, draw: (Float, Float) -> Unit) {
        spot[0] = x
        spot[1] = y
        view.mapPoints(spot)
        if (spot[0] > -MARGIN && spot[1] > -MARGIN && spot[0] < width + MARGIN && spot[1] < height + MARGIN) draw(spot[0], spot[1])
    }

    private val moved = Path()

    override fun onDraw(canvas: Canvas) {
        if (!isPlaced && width > 0) { isPlaced = true; fit() }
        for (area in areas) {
            area.path.transform(view, moved)
            canvas.drawPath(moved, fill)
            canvas.drawPath(moved, border)
        }
        if (scale() > NAMES_FROM) for (area in areas) at(area.x, area.y) { x, y -> canvas.drawText(area.name, x, y, name) }
        for (track in tracks) {
            track.transform(view, moved)
            canvas.drawPath(moved, walked)
        }
        for ((x, y, _) in points) at(x, y) { sx, sy ->
            canvas.drawRect(sx - dp(7), sy - dp(7), sx + dp(7), sy + dp(7), halo)
            canvas.drawRect(sx - dp(5), sy - dp(5), sx + dp(5), sy + dp(5), point)
        }
        for (dot in dots) at(dot.x, dot.y) { x, y ->
            canvas.drawCircle(x, y, dp(8).toFloat(), halo)
            canvas.drawCircle(x, y, dp(6).toFloat(), dot.paint)
        }
        own?.let { (ox, oy) ->
            at(ox, oy) { x, y ->
                canvas.drawCircle(x, y, dp(11).toFloat(), halo)
                canvas.drawCircle(x, y, dp(8).toFloat(), me)
            }
        }
    }

    private val pinch = ScaleGestureDetector(context, object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
        override fun onScale(detector: ScaleGestureDetector): Boolean {
            zoom(detector.scaleFactor, detector.focusX, detector.focusY)
            return true
        }
    })

    private val gestures = GestureDetector(context, object : GestureDetector.SimpleOnGestureListener() {
        override fun onDown(event: MotionEvent) = true
        override fun onScroll(begin: MotionEvent?, event: MotionEvent, dx: Float, dy: Float): Boolean {
            view.postTranslate(-dx, -dy)
            invalidate()
            return true
        }
        override fun onDoubleTap(event: MotionEvent): Boolean { zoom(2f, event.x, event.y); return true }
        override fun onSingleTapConfirmed(event: MotionEvent): Boolean { pick(event.x, event.y); return true }
    })

    fun zoom(by: Float, x: Float = width / 2f, y: Float = height / 2f) {
        val wanted = (scale() * by).coerceIn(MIN_SCALE, MAX_SCALE) / scale()
        view.postScale(wanted, wanted, x, y)
        invalidate()
    }

    fun pick(x: Float, y: Float) {
        var nearest: Dot? = null
        var distance = dp(24).toFloat()
        for (dot in dots) at(dot.x, dot.y) { sx, sy ->
            val apart = hypot(sx - x, sy - y)
            if (apart < distance) { distance = apart; nearest = dot }
        }
        onPick(nearest?.incident)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        parent?.requestDisallowInterceptTouchEvent(true)
        pinch.onTouchEvent(event)
        if (!pinch.isInProgress) gestures.onTouchEvent(event)
        return true
    }

    private fun dp(value: Number) = context.dp(value)

    private companion object {
        const val METRES = 111_320.0
        const val MIN_SCALE = 0.002f
        const val MAX_SCALE = 8f
        const val NAMES_FROM = 0.12f
        const val MARGIN = 60
    }
}
