package org.suishou.app.incident

import android.view.ViewGroup
import org.suishou.app.R
import org.suishou.app.phone.Words
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.card
import org.suishou.app.ui.chip
import org.suishou.app.ui.column
import org.suishou.app.ui.image
import org.suishou.app.ui.label
import org.suishou.app.ui.row
import org.suishou.core.Author
import org.suishou.core.IncidentListed
import org.suishou.core.IncidentState
import org.suishou.core.Stored

/** How an incident stands, as a colour beside the word. */
fun toneOf(state: IncidentState): Tone = when (state) {
    IncidentState.REPORTED -> Tone.QUIET
    IncidentState.ACCEPTED, IncidentState.DISPATCHED, IncidentState.HANDLING, IncidentState.REOPENED -> Tone.INFO
    IncidentState.RESOLVED, IncidentState.VERIFIED, IncidentState.CLOSED, IncidentState.RATED -> Tone.SOFT
    IncidentState.RETURNED, IncidentState.REJECTED, IncidentState.DUPLICATE -> Tone.CAUTION
}

/** On this phone, stored in part, stored, seen: the four things that may be said of what was sent. */
fun ViewGroup.safety(words: Words, stored: Stored, isSeen: Boolean, gap: Int = 6) {
    val (icon, tone) = when {
        isSeen -> R.drawable.ic_eye to Tone.SOFT
        Words.how(stored) == Words.Safe.HERE -> R.drawable.ic_phone_only to Tone.CAUTION
        Words.how(stored) == Words.Safe.PART -> R.drawable.ic_cloud to Tone.INFO
        else -> R.drawable.ic_cloud to Tone.SOFT
    }
    chip(if (isSeen && Words.how(stored) == Words.Safe.WHOLE) words.text(R.string.stored_seen) else words.stored(stored), tone, icon, gap)
}

/** Somebody of the command centre has looked at all that this phone added to it. */
fun isSeen(stored: Stored) = stored.entries > 0u && stored.entriesSeen == stored.entries && Words.how(stored) == Words.Safe.WHOLE

fun ViewGroup.incidentCard(words: Words, listed: IncidentListed, answer: String? = null, onPress: () -> Unit) =
    card(gap = 8, onPress = onPress) {
        val row = listed.row
        row {
            image(iconOf(row.category), R.color.brand, 26)
            column(gap = 12, weight = 1f) {
                label(row.excerpt.ifEmpty { words.category(row.category) }, Size.STRONG).apply { maxLines = 2 }
                val whenWhere = if (row.grid == null) words.time(row.reportedAt)
                else words.text(R.string.time_place, words.time(row.reportedAt), words.grid(row.grid))
                label(whenWhere, Size.SMALL, R.color.ink_soft, gap = 0)
            }
        }
        val flow = org.suishou.app.ui.Flow(context)
        addView(flow, android.widget.LinearLayout.LayoutParams(-1, -2))
        (flow.layoutParams as android.widget.LinearLayout.LayoutParams).topMargin = (8 * resources.displayMetrics.density).toInt()
        flow.chip(words.state(row.state), toneOf(row.state))
        if (row.author is Author.You) flow.safety(words, listed.stored, isSeen(listed.stored))
        answer?.let { label(words.text(R.string.answered, it), color = R.color.on_brand_soft, gap = 8).apply { maxLines = 3 } }
    }

/** A picture for a category: by its code, so that townships' own categories have one as well. */
fun iconOf(category: String): Int = when {
    "fire" in category -> R.drawable.ic_fire
    "food" in category -> R.drawable.ic_food
    "dispute" in category || "quarrel" in category -> R.drawable.ic_quarrel
    "elder" in category || "hardship" in category || "relief" in category || "livelihood" in category -> R.drawable.ic_elder
    "sanitation" in category || "environment" in category || "ecology" in category -> R.drawable.ic_trash
    "trad" in category || "counterfeit" in category || "smuggl" in category -> R.drawable.ic_trade
    "disaster" in category || "flood" in category -> R.drawable.ic_warning
    else -> R.drawable.ic_other
}
