package org.suishou.app.map

import android.annotation.SuppressLint
import android.content.Context
import android.content.res.Configuration
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Path
import android.graphics.PorterDuff
import android.graphics.PorterDuffColorFilter
import android.graphics.RectF
import android.view.GestureDetector
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import org.suishou.app.R
import org.suishou.app.ui.dp
import org.suishou.core.CheckpointView
import org.suishou.core.Degrees
import org.suishou.core.GridView
import org.suishou.core.IncidentRow
import org.suishou.core.Severity
import kotlin.math.floor
import kotlin.math.hypot

/**
 * Grids, incidents, checkpoints, a path and one's own position over a base map, to be moved with fingers. Everything is
 * put into metres once; drawing transforms paths as a whole.
 */
@SuppressLint("ClickableViewAccessibility")
class MapView(context: Context, private val base: Tiles? = null) : View(context) {
    private class Dot(val x: Float, val y: Float, val sprite: Bitmap, val incident: IncidentRow)

    private var areas = emptyList<Area>()
    private var shown = emptyList<Dot>()
    private var points = emptyList<Triple<Float, Float, String>>()
    private var tracks = emptyList<Path>()
    private var own: Pair<Float, Float>? = null
    private var plane = Plane(Degrees(0.0, 0.0))
    private var reach = floatArrayOf(-500f, -500f, 500f, 500f)
    private val view = Matrix()
    private var isPlaced = false

    /** A press on an incident; none for the ground. */
    var onPick: (IncidentRow?) -> Unit = {}

    /** A press on the ground, and how far from it a finger may have meant. */
    var onPlace: (Degrees, Int) -> Unit = { _, _ -> }

    /** The grid that stands out. */
    var chosen: String? = null
        set(value) { if (field != value) { field = value; forget() } }

    /** A place that somebody pointed at. */
    var pin: Degrees? = null
        set(value) { field = value; invalidate() }

    private fun paint(color: Int, style: Paint.Style, width: Number = 1) = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        this.color = context.getColor(color)
        this.style = style
        strokeWidth = dp(width).toFloat()
        strokeJoin = Paint.Join.ROUND
        strokeCap = Paint.Cap.ROUND
    }

    private val isDark = resources.configuration.uiMode and Configuration.UI_MODE_NIGHT_MASK == Configuration.UI_MODE_NIGHT_YES

    /** A base map of white paper does not blind at night. */
    private val ground = Paint(Paint.FILTER_BITMAP_FLAG).apply {
        if (isDark) colorFilter = PorterDuffColorFilter(context.getColor(R.color.ink_soft), PorterDuff.Mode.MULTIPLY)
    }
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val fill = paint(R.color.brand_soft, Paint.Style.FILL).apply { alpha = if (base == null) 150 else 60; isAntiAlias = false }

    /** Round corners cost several times the line, and can't be seen on one so thin. */
    private val border = paint(R.color.brand, Paint.Style.STROKE, BORDER).apply { strokeJoin = Paint.Join.BEVEL; strokeCap = Paint.Cap.BUTT }
    private val chosenFill = paint(R.color.brand, Paint.Style.FILL).apply { alpha = 90 }
    private val chosenBorder = paint(R.color.brand, Paint.Style.STROKE, BOLD)
    private val walked = paint(R.color.track, Paint.Style.STROKE, BOLD)
    private val halo = paint(R.color.surface, Paint.Style.FILL)
    private val me = paint(R.color.track, Paint.Style.FILL)
    private val point = paint(R.color.brand, Paint.Style.FILL)
    private val urgent = paint(R.color.level_red, Paint.Style.FILL)
    private val stick = paint(R.color.level_red, Paint.Style.STROKE, BOLD)
    private val dots = Severity.entries.associateWith { severity ->
        sprite(when (severity) { Severity.URGENT -> R.color.level_red; Severity.HIGH -> R.color.level_orange; else -> R.color.ink_soft })
    }

    /** A disc drawn once: two thousand of them are copied much faster than painted. */
    private fun sprite(color: Int): Bitmap {
        val half = dp(DOT + 2)
        val picture = Bitmap.createBitmap(2 * half, 2 * half, Bitmap.Config.ARGB_8888)
        disc(Canvas(picture), half.toFloat(), half.toFloat(), DOT, paint(color, Paint.Style.FILL))
        return picture
    }

    private val name = paint(R.color.ink, Paint.Style.FILL).apply { write() }
    private val nameHalo = paint(R.color.surface, Paint.Style.STROKE, 3).apply { write() }

    @Suppress("DEPRECATION")
    private fun Paint.write() {
        textSize = 13 * resources.displayMetrics.scaledDensity
        textAlign = Paint.Align.CENTER
    }

    fun show(
        grids: List<GridView>, incidents: List<IncidentRow>, checkpoints: List<CheckpointView>, path: List<List<Degrees>>, position: Degrees?,
    ) {
        val middle = position ?: path.lastOrNull()?.lastOrNull() ?: grids.firstOrNull()?.centre ?: incidents.firstNotNullOfOrNull { it.position }
        middle?.let { if (!isPlaced) plane = Plane(it) }
        areas = grids.map { Area(it, plane) }
        shown = incidents.mapNotNull { row ->
            val (x, y) = flat(row.position ?: return@mapNotNull null)
            Dot(x, y, dots.getValue(row.severity), row)
        }.sortedBy { it.incident.severity }
        points = checkpoints.map { val (x, y) = flat(it.position); Triple(x, y, it.name) }
        tracks = path.map { stretch ->
            Path().apply { stretch.forEachIndexed { at, place -> val (x, y) = flat(place); if (at == 0) moveTo(x, y) else lineTo(x, y) } }
        }
        own = position?.let(::flat)
        val walkedPlaces = path.flatten().map(::flat)
        val corners = areas.flatMap { listOf(it.bounds.left to it.bounds.top, it.bounds.right to it.bounds.bottom) }
        val all = walkedPlaces.ifEmpty { corners + shown.map { it.x to it.y } + listOfNotNull(own) } + points.map { it.first to it.second }
        drawnIn.setEmpty()
        areas.forEach { drawnIn.union(it.bounds) }
        walkedPlaces.forEach { (x, y) -> drawnIn.union(x, y) }
        if (areas.isNotEmpty() || tracks.isNotEmpty()) drawnIn.inset(-EDGE_M, -EDGE_M)
        forget()
        if (all.isNotEmpty()) reach = floatArrayOf(all.minOf { it.first }, all.minOf { it.second }, all.maxOf { it.first }, all.maxOf { it.second })
    }

    private fun flat(at: Degrees) = plane.x(at) to plane.y(at)

    /** So that everything is to be seen. */
    fun fit() {
        val (left, top, right, bottom) = reach
        val margin = 400f
        val scale = minOf(width / (right - left + margin), height / (bottom - top + margin)).coerceIn(MIN_SCALE, MAX_SCALE)
        look((left + right) / 2, (top + bottom) / 2, scale)
    }

    /** So that this place is in the middle, with its surroundings. */
    fun look(at: Degrees, across: Int) {
        isPlaced = true
        look(plane.x(at), plane.y(at), (minOf(width, height) / across.toFloat()).coerceIn(MIN_SCALE, MAX_SCALE))
    }

    private fun look(x: Float, y: Float, scale: Float) {
        view.reset()
        view.postTranslate(-x, -y)
        view.postScale(scale, scale)
        view.postTranslate(width / 2f, height / 2f)
        invalidate()
    }

    private val values = FloatArray(9)
    private fun scale(): Float { view.getValues(values); return values[Matrix.MSCALE_X] }

    /** Where a place in metres is on the screen, if it is near; the view never turns, so two products are all. Read [scale] first. */
    private inline fun at(x: Float, y: Float, draw: (Float, Float) -> Unit) {
        val onX = x * values[Matrix.MSCALE_X] + values[Matrix.MTRANS_X]
        val onY = y * values[Matrix.MSCALE_Y] + values[Matrix.MTRANS_Y]
        if (onX > -MARGIN && onY > -MARGIN && onX < width + MARGIN && onY < height + MARGIN) draw(onX, onY)
    }

    private val seen = RectF()
    private val spread = RectF()

    /** Grids and paths as a picture, which part of the ground it shows, and how large. */
    private var layer: Bitmap? = null
    private val layerIn = RectF()
    private var layerScale = 1f

    /** Where there are grids and paths at all. */
    private val drawnIn = RectF()
    private val redraw: () -> Unit = { invalidate() }

    override fun onAttachedToWindow() {
        super.onAttachedToWindow()
        base?.watch(redraw)
    }

    override fun onDetachedFromWindow() {
        super.onDetachedFromWindow()
        base?.unwatch(redraw)
        removeCallbacks(sharpen)
        layer = null
    }

    override fun onDraw(canvas: Canvas) {
        if (!isPlaced && width > 0) { isPlaced = true; fit() }
        base?.draw(canvas, plane, view, width, height, resources.displayMetrics.density, ground)
        lines(canvas)
        if (scale() > NAMES_FROM) names(canvas)
        for ((x, y, _) in points) at(x, y) { sx, sy ->
            canvas.drawRect(sx - dp(7), sy - dp(7), sx + dp(7), sy + dp(7), halo)
            canvas.drawRect(sx - dp(5), sy - dp(5), sx + dp(5), sy + dp(5), point)
        }
        incidents(canvas)
        own?.let { (ox, oy) -> at(ox, oy) { x, y -> disc(canvas, x, y, 8, me) } }
        pin?.let { place -> at(plane.x(place), plane.y(place)) { x, y -> needle(canvas, x, y) } }
    }

    /** Grids and paths as they were last drawn, moved along with the fingers; drawn anew once they rest or more is to be seen. */
    private fun lines(canvas: Canvas) {
        val back = Matrix().also { if (!view.invert(it)) return }
        seen.set(0f, 0f, width.toFloat(), height.toFloat())
        back.mapRect(seen)
        // Only where there is anything; beyond that there is nothing to miss.
        if (!seen.intersect(drawnIn)) return
        val scale = scale()
        val stretch = scale / layerScale
        val isCovered = layerIn.contains(seen) || layerIn.contains(drawnIn)
        if (layer == null || !isCovered || stretch !in LEAST_STRETCH..MOST_STRETCH) drawLayer(back, scale)
        val picture = layer ?: return
        spread.set(layerIn)
        view.mapRect(spread)
        canvas.drawBitmap(picture, null, spread, smooth)
        removeCallbacks(sharpen)
        if (scale != layerScale) postDelayed(sharpen, REST_MS)
    }

    private val sharpen = Runnable { forget() }

    private fun forget() {
        layer = null
        invalidate()
    }

    private fun drawLayer(back: Matrix, scale: Float) {
        val margin = minOf(width, height) / 6
        val picture = Bitmap.createBitmap(width + 2 * margin, height + 2 * margin, Bitmap.Config.ARGB_8888)
        layerIn.set(-margin.toFloat(), -margin.toFloat(), (width + margin).toFloat(), (height + margin).toFloat())
        back.mapRect(layerIn)
        layerScale = scale
        layer = picture
        val canvas = Canvas(picture)
        canvas.translate(margin.toFloat(), margin.toFloat())
        sharp(canvas, scale)
    }

    /** In metres, under the view's matrix: lines stay as wide as they are. */
    private fun sharp(canvas: Canvas, scale: Float) {
        border.strokeWidth = dp(BORDER) / scale
        chosenBorder.strokeWidth = dp(BOLD) / scale
        walked.strokeWidth = dp(BOLD) / scale
        canvas.save()
        canvas.concat(view)
        for (area in areas) {
            if (!RectF.intersects(area.bounds, layerIn)) continue
            val path = area.path(1 / scale)
            canvas.drawPath(path, if (area.id == chosen) chosenFill else fill)
            canvas.drawPath(path, border)
        }
        areas.find { it.id == chosen }?.let { canvas.drawPath(it.path(1 / scale), chosenBorder) }
        for (track in tracks) canvas.drawPath(track, walked)
        canvas.restore()
    }

    private val written = ArrayList<RectF>()

    /** As many names as can be read; the chosen grid's among them. */
    private fun names(canvas: Canvas) {
        written.clear()
        for (area in areas.sortedByDescending { it.id == chosen }) at(area.x, area.y) { x, y ->
            val half = area.nameWidth(name) / 2
            val around = RectF(x - half, y - name.textSize, x + half, y + name.textSize / 2)
            if (written.none { RectF.intersects(it, around) }) {
                written += around
                if (base != null) canvas.drawText(area.name, x, y, nameHalo)
                canvas.drawText(area.name, x, y, name)
            }
        }
    }

    private val taken = HashSet<Long>()
    private val drawn = ArrayList<Dot>()

    /** The worst lie on top, and of many that lie on one spot only the worst is drawn. */
    private fun incidents(canvas: Canvas) {
        taken.clear()
        drawn.clear()
        val cell = dp(CELL).toFloat()
        for (dot in shown.asReversed()) at(dot.x, dot.y) { x, y ->
            if (taken.add((floor(x / cell).toLong() shl 32) + floor(y / cell).toLong())) drawn += dot
        }
        for (dot in drawn.asReversed()) at(dot.x, dot.y) { x, y ->
            canvas.drawBitmap(dot.sprite, x - dot.sprite.width / 2f, y - dot.sprite.height / 2f, null)
        }
    }

    private fun disc(canvas: Canvas, x: Float, y: Float, radius: Int, paint: Paint) {
        canvas.drawCircle(x, y, dp(radius + 2).toFloat(), halo)
        canvas.drawCircle(x, y, dp(radius).toFloat(), paint)
    }

    /** Its foot is the place. */
    private fun needle(canvas: Canvas, x: Float, y: Float) {
        canvas.drawLine(x, y, x, y - dp(26), stick)
        disc(canvas, x, y - dp(30), 9, urgent)
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
        val scale = scale()
        var nearest: Dot? = null
        var distance = dp(FINGER).toFloat()
        for (dot in shown) at(dot.x, dot.y) { sx, sy ->
            val apart = hypot(sx - x, sy - y)
            if (apart < distance) { distance = apart; nearest = dot }
        }
        onPick(nearest?.incident)
        if (nearest == null) place(x, y)?.let { onPlace(it, (dp(FINGER) / scale).toInt().coerceAtLeast(1)) }
    }

    /** Which place is drawn there. */
    fun place(x: Float, y: Float): Degrees? {
        val back = Matrix().also { if (!view.invert(it)) return null }
        val (east, south) = floatArrayOf(x, y).also(back::mapPoints)
        return plane.degrees(east, south)
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        parent?.requestDisallowInterceptTouchEvent(true)
        pinch.onTouchEvent(event)
        if (!pinch.isInProgress) gestures.onTouchEvent(event)
        return true
    }

    private fun dp(value: Number) = context.dp(value)

    private companion object {
        const val BORDER = 1.2
        const val BOLD = 4
        const val DOT = 6

        /** How far a picture of lines may be stretched before it is drawn anew, and how long fingers rest before that. */
        const val LEAST_STRETCH = 0.6f
        const val MOST_STRETCH = 1.7f
        const val REST_MS = 120L

        /** A line is wider than what it bounds. */
        const val EDGE_M = 50f

        /** Discs nearer to each other than this, in both directions, can't be told apart. */
        const val CELL = 3
        const val MIN_SCALE = 0.002f
        const val MAX_SCALE = 8f
        const val NAMES_FROM = 0.12f
        const val MARGIN = 60
        const val FINGER = 24
    }
}
