package org.suishou.app.ui

import android.content.Context
import android.graphics.Typeface
import android.view.Gravity
import android.view.View
import android.view.ViewGroup
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView
import org.suishou.app.R

/** A few words on a coloured ground. */
data class Mark(val text: String, val tone: Tone, val icon: Int? = null)

/** What a row of a list says. */
data class RowShown(
    val icon: Int,
    val title: String,
    val under: String = "",
    val marks: List<Mark> = emptyList(),
    /** What was answered. */
    val answer: String? = null,
)

/** A row that is filled again and again while a list is scrolled: nothing is made anew but what it lacked so far. */
class RowView(context: Context) : LinearLayout(context) {
    private val picture = ImageView(context)
    private val title = text(Size.STRONG, R.color.ink, 2)
    private val under = text(Size.SMALL, R.color.ink_soft, 3)
    private val marks = Flow(context)
    private val chips = mutableListOf<TextView>()
    private val answer = text(Size.BODY, R.color.on_brand_soft, 3)

    init {
        orientation = VERTICAL
        background = context.ground(R.color.surface, 14, R.color.line, true)
        setPadding(dp(16), dp(14), dp(16), dp(14))
        minimumHeight = dp(48)
        isFocusable = true
        val words = LinearLayout(context).apply { orientation = VERTICAL }
        words.addView(title)
        words.addView(under)
        val head = LinearLayout(context).apply { gravity = Gravity.CENTER_VERTICAL }
        picture.importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
        head.addView(picture, LayoutParams(context.grown(26), context.grown(26)))
        head.addView(words, LayoutParams(0, WRAP_CONTENT, 1f).apply { marginStart = dp(12) })
        addView(head)
        addView(marks, LayoutParams(MATCH_PARENT, WRAP_CONTENT).apply { topMargin = dp(8) })
        addView(answer, LayoutParams(MATCH_PARENT, WRAP_CONTENT).apply { topMargin = dp(8) })
    }

    private fun text(size: Size, color: Int, lines: Int) = TextView(context).apply {
        textSize = size.sp
        if (size.isBold) setTypeface(typeface, Typeface.BOLD)
        setTextColor(context.getColor(color))
        setLineSpacing(0f, 1.12f)
        maxLines = lines
        ellipsize = android.text.TextUtils.TruncateAt.END
    }

    private var shown: RowShown? = null

    fun show(row: RowShown, onPress: () -> Unit): RowView {
        setOnClickListener { onPress() }
        if (row == shown) return this
        if (row.icon != shown?.icon) picture.setImageDrawable(context.tinted(row.icon, R.color.brand))
        title.text = row.title
        under.say(row.under)
        marks.visibility = if (row.marks.isEmpty()) View.GONE else View.VISIBLE
        while (chips.size < row.marks.size) chips += marks.chip("", Tone.QUIET)
        for ((at, chip) in chips.withIndex()) {
            val mark = row.marks.getOrNull(at)
            chip.visibility = if (mark == null) View.GONE else View.VISIBLE
            if (mark != null && mark != shown?.marks?.getOrNull(at)) chip.mark(mark)
        }
        answer.say(row.answer ?: "")
        shown = row
        return this
    }

    private fun TextView.say(words: String) {
        text = words
        visibility = if (words.isBlank()) View.GONE else View.VISIBLE
    }
}

/** A row among other things. */
fun ViewGroup.rowCard(row: RowShown, gap: Int = 8, onPress: () -> Unit): RowView = put(RowView(context).show(row, onPress), gap)
