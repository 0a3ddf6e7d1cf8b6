package org.suishou.app.ui

import android.content.Context
import android.view.View
import android.view.ViewGroup
import android.widget.BaseAdapter
import android.widget.FrameLayout
import android.widget.ListView
import org.suishou.app.R
import org.suishou.app.phone.Phone
import org.suishou.core.Field
import org.suishou.core.Listed
import org.suishou.core.Listing

/**
 * A list of any length: rows are used again, and the next page is read before the last one is scrolled through.
 * [read] asks for the page behind a key; [row] says what a row shows.
 */
class LongList(
    context: Context,
    private val phone: Phone,
    private val read: (Field, String?) -> Listing,
    private val row: (Listed) -> RowShown,
    private val onPress: (Listed) -> Unit,
    private val onFailure: (Throwable) -> Unit,
    /** What stands above the rows and is scrolled away with them. */
    head: View? = null,
) {
    private val items = mutableListOf<Listed>()
    private var next: String? = null
    private var isReading = false

    /** Pages of a question that is no longer asked are let go. */
    private var question = 0

    private val adapter = object : BaseAdapter() {
        override fun getCount() = items.size
        override fun getItem(at: Int) = items[at]
        override fun getItemId(at: Int) = at.toLong()
        override fun getView(at: Int, used: View?, parent: ViewGroup): View {
            if (at >= items.size - AHEAD) more()
            val frame = used as FrameLayout? ?: FrameLayout(parent.context).apply {
                setPadding(dp(16), dp(4), dp(16), dp(4))
                addView(RowView(context))
            }
            val item = items[at]
            (frame.getChildAt(0) as RowView).show(row(item)) { onPress(item) }
            return frame
        }
    }

    val view = ListView(context).apply {
        divider = null
        setSelector(android.R.color.transparent)
        head?.let { addHeaderView(it, null, false) }
        // Rows are what is pressed and focused.
        itemsCanFocus = true
        clipToPadding = false
        setPadding(0, dp(4), 0, dp(24))
        this.adapter = this@LongList.adapter
        setBackgroundColor(context.getColor(R.color.ground))
    }

    val size get() = items.size

    /** Shows another answer, from its first page on. */
    fun begin(first: Listing) {
        question += 1
        isReading = false
        items.clear()
        take(first)
    }

    private fun take(page: Listing) {
        items += page.items
        next = page.next
        adapter.notifyDataSetChanged()
    }

    private fun more() {
        val key = next ?: return
        if (isReading) return
        isReading = true
        val asked = question
        phone.ask({ read(it, key) }) { done ->
            if (asked != question) return@ask
            isReading = false
            done.onSuccess(::take).onFailure(onFailure)
        }
    }

    private companion object {
        const val AHEAD = 20
    }
}
