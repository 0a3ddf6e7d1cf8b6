package org.suishou.app.ui

import android.content.Context
import android.view.View
import android.view.ViewGroup

/** Children side by side, on as many lines as they need. */
class Flow(context: Context) : ViewGroup(context) {
    private val gap = dp(8)

    override fun onMeasure(widthSpec: Int, heightSpec: Int) {
        val width = MeasureSpec.getSize(widthSpec)
        for (at in 0 until childCount) {
            getChildAt(at).measure(
                MeasureSpec.makeMeasureSpec(width, MeasureSpec.AT_MOST),
                MeasureSpec.makeMeasureSpec(0, MeasureSpec.UNSPECIFIED),
            )
        }
        setMeasuredDimension(width, arrange(width) { _, _, _ -> })
    }

    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        arrange(right - left) { child, x, y -> child.layout(x, y, x + child.measuredWidth, y + child.measuredHeight) }
    }

    /** Places each child and tells how high all are. */
    private fun arrange(width: Int, place: (View, Int, Int) -> Unit): Int {
        var x = 0
        var y = 0
        var line = 0
        for (at in 0 until childCount) {
            val child = getChildAt(at)
            if (x > 0 && x + child.measuredWidth > width) {
                x = 0
                y += line + gap
                line = 0
            }
            place(child, x, y)
            x += child.measuredWidth + gap
            line = maxOf(line, child.measuredHeight)
        }
        return y + line
    }
}
