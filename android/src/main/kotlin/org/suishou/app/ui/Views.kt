package org.suishou.app.ui

import android.content.Context
import android.content.res.ColorStateList
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Typeface
import android.graphics.drawable.Drawable
import android.graphics.drawable.GradientDrawable
import android.graphics.drawable.RippleDrawable
import android.text.Editable
import android.text.InputType
import android.text.TextWatcher
import android.view.Gravity
import android.view.View
import android.view.ViewGroup
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.Button
import android.widget.CheckBox
import android.widget.EditText
import android.widget.FrameLayout
import android.widget.HorizontalScrollView
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.TextView
import org.suishou.app.R
import kotlin.math.roundToInt

/** The few things that screens are made of, each with its size, colour and description in one place. */

fun Context.dp(value: Number): Int = (value.toFloat() * resources.displayMetrics.density).roundToInt()
fun View.dp(value: Number): Int = context.dp(value)

enum class Tone(val ground: Int, val ink: Int) {
    BRAND(R.color.brand, R.color.on_brand),
    SOFT(R.color.brand_soft, R.color.on_brand_soft),
    QUIET(R.color.quiet_soft, R.color.on_quiet_soft),
    INFO(R.color.info_soft, R.color.on_info_soft),
    CAUTION(R.color.caution_soft, R.color.on_caution_soft),
    ALARM(R.color.danger_soft, R.color.on_danger_soft),
    DANGER(R.color.danger, R.color.on_danger),
    SURFACE(R.color.surface, R.color.ink),
}

enum class Size(val sp: Float, val isBold: Boolean) {
    TITLE(22f, true), HEADING(18f, true), BODY(16f, false), STRONG(16f, true), SMALL(14f, false), FIGURE(30f, true),
}

/** A rounded ground that answers to touch. */
fun Context.ground(color: Int, radius: Int = 14, stroke: Int? = null, isPressable: Boolean = false): Drawable {
    val shape = GradientDrawable().apply {
        setColor(getColor(color))
        cornerRadius = dp(radius).toFloat()
        stroke?.let { setStroke(dp(1), getColor(it)) }
    }
    if (!isPressable) return shape
    val mask = GradientDrawable().apply { setColor(-1); cornerRadius = dp(radius).toFloat() }
    return RippleDrawable(ColorStateList.valueOf(getColor(R.color.line)), shape, mask)
}

private fun params(width: Int, height: Int, top: Int, weight: Float = 0f) =
    LinearLayout.LayoutParams(width, height, weight).apply { topMargin = top }

/** Adds a child below the others, or beside them in a row. */
fun <V : View> ViewGroup.put(child: V, gap: Int = 0, weight: Float = 0f, width: Int = MATCH_PARENT, height: Int = WRAP_CONTENT): V {
    val isRow = this is LinearLayout && orientation == LinearLayout.HORIZONTAL
    val space = if (childCount == 0) 0 else dp(gap)
    val placed = when {
        isRow -> LinearLayout.LayoutParams(if (weight > 0) 0 else if (width == MATCH_PARENT) WRAP_CONTENT else width, height, weight)
            .apply { marginStart = space }
        this is LinearLayout -> params(width, if (weight > 0) 0 else height, space, weight)
        else -> FrameLayout.LayoutParams(width, height)
    }
    addView(child, placed)
    return child
}

inline fun ViewGroup.column(gap: Int = 0, weight: Float = 0f, fill: LinearLayout.() -> Unit = {}): LinearLayout =
    put(LinearLayout(context).apply { orientation = LinearLayout.VERTICAL; fill() }, gap, weight)

inline fun ViewGroup.row(gap: Int = 0, fill: LinearLayout.() -> Unit = {}): LinearLayout =
    put(LinearLayout(context).apply { orientation = LinearLayout.HORIZONTAL; gravity = Gravity.CENTER_VERTICAL; fill() }, gap)

/** A white card; pressable if something happens. */
fun ViewGroup.card(gap: Int = 12, tone: Tone = Tone.SURFACE, onPress: (() -> Unit)? = null, fill: LinearLayout.() -> Unit): LinearLayout {
    val card = LinearLayout(context)
    card.orientation = LinearLayout.VERTICAL
    val stroke = if (tone == Tone.SURFACE) R.color.line else null
    card.background = context.ground(tone.ground, 14, stroke, onPress != null)
    card.setPadding(dp(16), dp(14), dp(16), dp(14))
    card.minimumHeight = dp(48)
    onPress?.let { card.setOnClickListener { _ -> it() } }
    card.fill()
    return put(card, gap)
}

fun ViewGroup.label(text: CharSequence, size: Size = Size.BODY, color: Int = R.color.ink, gap: Int = 4, weight: Float = 0f): TextView {
    val label = TextView(context)
    label.text = text
    label.textSize = size.sp
    if (size.isBold) label.setTypeface(label.typeface, Typeface.BOLD)
    label.setTextColor(context.getColor(color))
    label.setLineSpacing(0f, 1.12f)
    if (size == Size.TITLE || size == Size.HEADING) markHeading(label)
    return put(label, gap, weight)
}

private fun markHeading(label: TextView) {
    if (android.os.Build.VERSION.SDK_INT >= 28) label.isAccessibilityHeading = true
}

/** A few words on a coloured ground. */
fun ViewGroup.chip(text: CharSequence, tone: Tone, icon: Int? = null, gap: Int = 8): TextView {
    val chip = TextView(context)
    chip.text = text
    chip.textSize = 14f
    chip.setTextColor(context.getColor(tone.ink))
    chip.background = context.ground(tone.ground, 10)
    chip.setPadding(dp(10), dp(4), dp(10), dp(4))
    chip.gravity = Gravity.CENTER_VERTICAL
    icon?.let { chip.icon(it, tone.ink, 16) }
    return put(chip, gap, width = WRAP_CONTENT)
}

fun TextView.icon(id: Int, color: Int, size: Int = 22) {
    val picture = context.getDrawable(id)!!.mutate()
    picture.setTint(context.getColor(color))
    picture.setBounds(0, 0, dp(size), dp(size))
    compoundDrawablePadding = dp(8)
    setCompoundDrawablesRelative(picture, null, null, null)
}

/** A button at least 48 dp high. */
fun ViewGroup.button(
    text: CharSequence, tone: Tone = Tone.BRAND, icon: Int? = null, gap: Int = 10, weight: Float = 0f, onPress: () -> Unit,
): Button {
    val button = Button(context, null, 0)
    button.text = text
    button.isAllCaps = false
    button.textSize = 17f
    button.setTypeface(button.typeface, Typeface.BOLD)
    button.setTextColor(context.getColor(tone.ink))
    button.background = context.ground(tone.ground, 12, isPressable = true)
    button.minimumHeight = dp(54)
    button.gravity = Gravity.CENTER
    button.setPadding(dp(16), dp(10), dp(16), dp(10))
    button.isClickable = true
    button.isFocusable = true
    button.stateListAnimator = null
    icon?.let { id ->
        // The icon stands beside the words and not at the button's edge.
        val picture = context.getDrawable(id)!!.mutate()
        picture.setTint(context.getColor(tone.ink))
        picture.setBounds(0, 0, dp(22), dp(22))
        val line = android.text.SpannableString("\u00a0\u00a0$text")
        line.setSpan(CentredImage(picture), 0, 1, android.text.Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        button.text = line
        button.contentDescription = text
    }
    button.setOnClickListener { onPress() }
    return put(button, gap, weight)
}

/** An image in the middle of a line of text. */
private class CentredImage(picture: Drawable) : android.text.style.ImageSpan(picture) {
    override fun draw(
        canvas: android.graphics.Canvas, text: CharSequence?, start: Int, end: Int, x: Float, top: Int, y: Int, bottom: Int,
        paint: android.graphics.Paint,
    ) {
        val metrics = paint.fontMetricsInt
        canvas.save()
        canvas.translate(x, y + (metrics.descent + metrics.ascent - drawable.bounds.height()) / 2f)
        drawable.draw(canvas)
        canvas.restore()
    }
}

/** A picture to press, 48 dp square, with words for those who do not see it. */
fun ViewGroup.iconButton(id: Int, description: CharSequence, color: Int = R.color.ink, gap: Int = 0, onPress: () -> Unit): ImageView {
    val picture = ImageView(context)
    picture.setImageDrawable(context.getDrawable(id)!!.mutate().apply { setTint(context.getColor(color)) })
    picture.scaleType = ImageView.ScaleType.CENTER_INSIDE
    picture.setPadding(dp(12), dp(12), dp(12), dp(12))
    picture.contentDescription = description
    picture.background = context.ground(android.R.color.transparent, 24, isPressable = true)
    picture.setOnClickListener { onPress() }
    return put(picture, gap, width = dp(48), height = dp(48))
}

fun ViewGroup.image(id: Int, color: Int, size: Int, gap: Int = 0): ImageView {
    val picture = ImageView(context)
    picture.setImageDrawable(context.getDrawable(id)!!.mutate().apply { setTint(context.getColor(color)) })
    picture.importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO
    return put(picture, gap, width = dp(size), height = dp(size))
}

/** A line to type into; `onChange` hears every letter. */
fun ViewGroup.input(hint: CharSequence, value: String, lines: Int = 1, type: Int = InputType.TYPE_CLASS_TEXT, gap: Int = 10, onChange: (String) -> Unit): EditText {
    val input = EditText(context)
    input.hint = hint
    input.setText(value)
    input.textSize = 17f
    input.setTextColor(context.getColor(R.color.ink))
    input.setHintTextColor(context.getColor(R.color.ink_soft))
    input.background = context.ground(R.color.surface, 12, R.color.line)
    input.setPadding(dp(14), dp(12), dp(14), dp(12))
    input.minimumHeight = dp(52)
    input.inputType = if (lines > 1) type or InputType.TYPE_TEXT_FLAG_MULTI_LINE or InputType.TYPE_TEXT_FLAG_CAP_SENTENCES else type
    if (lines > 1) { input.minLines = lines; input.gravity = Gravity.TOP or Gravity.START }
    input.contentDescription = null
    input.addTextChangedListener(object : TextWatcher {
        override fun beforeTextChanged(text: CharSequence?, start: Int, count: Int, after: Int) = Unit
        override fun onTextChanged(text: CharSequence?, start: Int, before: Int, count: Int) = Unit
        override fun afterTextChanged(text: Editable) = onChange(text.toString())
    })
    return put(input, gap)
}

fun ViewGroup.check(text: CharSequence, isOn: Boolean, gap: Int = 6, onChange: (Boolean) -> Unit): CheckBox {
    val box = CheckBox(context)
    box.text = text
    box.textSize = 16f
    box.setTextColor(context.getColor(R.color.ink))
    box.isChecked = isOn
    box.minimumHeight = dp(48)
    box.setOnCheckedChangeListener { _, now -> onChange(now) }
    return put(box, gap)
}

/** Choices as chips to press; the chosen one is filled and said to be so. */
fun ViewGroup.choices(options: List<Pair<String, String>>, chosen: String?, gap: Int = 8, onPick: (String) -> Unit): Flow {
    val flow = Flow(context)
    for ((code, text) in options) {
        val isChosen = code == chosen
        val chip = Button(context, null, 0)
        chip.text = text
        chip.isAllCaps = false
        chip.textSize = 16f
        chip.setTextColor(context.getColor(if (isChosen) R.color.on_brand else R.color.ink))
        chip.background = if (isChosen) context.ground(R.color.brand, 24, isPressable = true)
        else context.ground(R.color.surface, 24, R.color.line, true)
        chip.minHeight = dp(48)
        chip.minWidth = dp(56)
        chip.gravity = Gravity.CENTER
        chip.setPadding(dp(16), dp(8), dp(16), dp(8))
        chip.isSelected = isChosen
        chip.isClickable = true
        chip.isFocusable = true
        chip.setOnClickListener { onPick(code) }
        flow.addView(chip)
    }
    return put(flow, gap)
}

/** Pictures side by side. */
fun ViewGroup.strip(gap: Int = 10, fill: LinearLayout.() -> Unit): HorizontalScrollView {
    val scroll = HorizontalScrollView(context)
    scroll.isHorizontalScrollBarEnabled = false
    val line = LinearLayout(context)
    line.orientation = LinearLayout.HORIZONTAL
    line.fill()
    scroll.addView(line)
    return put(scroll, gap)
}

fun ViewGroup.thumb(path: String?, description: CharSequence, size: Int = 96, onPress: (() -> Unit)? = null): ImageView {
    val picture = ImageView(context)
    picture.scaleType = ImageView.ScaleType.CENTER_CROP
    picture.background = context.ground(R.color.quiet_soft, 12)
    picture.clipToOutline = true
    val bitmap = path?.let { small(it, dp(size)) }
    if (bitmap != null) picture.setImageBitmap(bitmap) else {
        picture.scaleType = ImageView.ScaleType.CENTER
        picture.setImageDrawable(context.getDrawable(R.drawable.ic_cloud)!!.mutate().apply { setTint(context.getColor(R.color.ink_soft)) })
    }
    picture.contentDescription = description
    onPress?.let { picture.setOnClickListener { _ -> it() } }
    return put(picture, 8, width = dp(size), height = dp(size))
}

/** A picture no larger than it is shown. */
fun small(path: String, side: Int): Bitmap? {
    val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeFile(path, bounds)
    var sample = 1
    while (minOf(bounds.outWidth, bounds.outHeight) / (sample * 2) >= side) sample *= 2
    return BitmapFactory.decodeFile(path, BitmapFactory.Options().apply { inSampleSize = sample })
}

fun ViewGroup.progress(part: Int, whole: Int, gap: Int = 8) {
    val bar = ProgressBar(context, null, android.R.attr.progressBarStyleHorizontal)
    bar.max = whole.coerceAtLeast(1)
    bar.progress = part
    bar.progressTintList = ColorStateList.valueOf(context.getColor(R.color.brand))
    put(bar, gap, height = dp(10))
}

fun ViewGroup.line(gap: Int = 12) {
    put(View(context).apply { setBackgroundColor(context.getColor(R.color.line)) }, gap, height = dp(1))
}
