package org.suishou.app.incident

import android.annotation.SuppressLint
import android.app.Activity
import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.RectF
import android.media.ExifInterface
import android.os.Bundle
import android.view.MotionEvent
import android.view.View
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.phone.CameraFiles
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.dp
import org.suishou.app.ui.label
import org.suishou.app.ui.row
import org.suishou.app.ui.small
import org.suishou.core.Blur
import org.suishou.core.Field

/** Rectangles drawn with a finger over faces and number plates. What is under them is destroyed in Rust, not painted over. */
class BlurScreen : Screen<String>() {
    private lateinit var picture: BlurView

    override fun title(): CharSequence = getString(R.string.photo_blur)
    override val isLive get() = false
    override fun load(field: Field) = intent.getStringExtra(NAME)!!
    override fun LinearLayout.show(state: String) = Unit

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        picture = BlurView(this, CameraFiles.file(this, intent.getStringExtra(NAME)!!).path)
        instead(picture)
    }

    override fun LinearLayout.foot(state: String) {
        label(getString(R.string.blur_how), gap = 0).gravity = android.view.Gravity.CENTER
        row {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            button(getString(R.string.blur_undo), Tone.QUIET, weight = 1f) { picture.undo() }
            button(getString(R.string.blur_done), icon = R.drawable.ic_check, weight = 1f) {
                val numbers = picture.blurs.flatMap { listOf(it.left, it.top, it.width, it.height) }.toFloatArray()
                setResult(Activity.RESULT_OK, Intent().putExtra(HASH, intent.getStringExtra(HASH)).putExtra(BLURS, numbers))
                finish()
            }
        }
    }

    companion object {
        const val HASH = "hash"
        private const val NAME = "name"
        private const val BLURS = "blurs"

        fun of(context: Context, name: String, hash: String): Intent =
            Intent(context, BlurScreen::class.java).putExtra(NAME, name).putExtra(HASH, hash)

        fun blurs(data: Intent): List<Blur> = (data.getFloatArrayExtra(BLURS) ?: FloatArray(0)).toList().chunked(4)
            .map { (left, top, width, height) -> Blur(left, top, width, height) }
    }
}

/** A picture as people see it, and rectangles on it in fractions of it. */
@SuppressLint("ClickableViewAccessibility")
class BlurView(context: Context, path: String) : View(context) {
    val blurs = mutableListOf<Blur>()
    private val bitmap: Bitmap? = small(path, 1080)?.let { upright(it, path) }
    private val cover = Paint().apply { color = 0xE6000000.toInt() }
    private val edge = Paint().apply { color = 0xFFFFFFFF.toInt(); style = Paint.Style.STROKE; strokeWidth = context.dp(2).toFloat() }
    private var begun: RectF? = null
    private val shown = RectF()

    init { contentDescription = context.getString(R.string.blur_how) }

    override fun onDraw(canvas: Canvas) {
        val picture = bitmap ?: return
        val scale = minOf(width.toFloat() / picture.width, height.toFloat() / picture.height)
        val (wide, high) = picture.width * scale to picture.height * scale
        shown.set((width - wide) / 2, (height - high) / 2, (width + wide) / 2, (height + high) / 2)
        canvas.drawBitmap(picture, null, shown, null)
        (blurs.map(::onScreen) + listOfNotNull(begun)).forEach {
            canvas.drawRect(it, cover)
            canvas.drawRect(it, edge)
        }
    }

    private fun onScreen(blur: Blur) = RectF(
        shown.left + blur.left * shown.width(), shown.top + blur.top * shown.height(),
        shown.left + (blur.left + blur.width) * shown.width(), shown.top + (blur.top + blur.height) * shown.height(),
    )

    override fun onTouchEvent(event: MotionEvent): Boolean {
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> begun = RectF(event.x, event.y, event.x, event.y)
            MotionEvent.ACTION_MOVE -> begun?.let { it.right = event.x; it.bottom = event.y }
            MotionEvent.ACTION_UP -> begun?.let { begun = null; take(it) }
        }
        invalidate()
        return true
    }

    private fun take(drawn: RectF) {
        drawn.sort()
        if (!drawn.intersect(shown) || drawn.width() < dp(8) || drawn.height() < dp(8)) return
        blurs += Blur(
            (drawn.left - shown.left) / shown.width(), (drawn.top - shown.top) / shown.height(),
            drawn.width() / shown.width(), drawn.height() / shown.height(),
        )
    }

    fun undo() {
        if (blurs.isNotEmpty()) blurs.removeAt(blurs.size - 1)
        invalidate()
    }

    private fun dp(value: Int) = context.dp(value)

    private fun upright(picture: Bitmap, path: String): Bitmap {
        val degrees = when (ExifInterface(path).getAttributeInt(ExifInterface.TAG_ORIENTATION, 1)) {
            6 -> 90f
            3 -> 180f
            8 -> 270f
            else -> return picture
        }
        return Bitmap.createBitmap(picture, 0, 0, picture.width, picture.height, Matrix().apply { postRotate(degrees) }, true)
    }
}
