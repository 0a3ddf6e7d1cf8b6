package org.suishou.app.incident

import android.view.ViewGroup
import org.suishou.app.R
import org.suishou.app.phone.Words
import org.suishou.app.ui.Mark
import org.suishou.app.ui.RowShown
import org.suishou.app.ui.Tone
import org.suishou.app.ui.rowCard
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
fun safety(words: Words, stored: Stored): Mark {
    val isSeen = isSeen(stored)
    val (icon, tone) = when {
        isSeen -> R.drawable.ic_eye to Tone.SOFT
        Words.how(stored) == Words.Safe.HERE -> R.drawable.ic_phone_only to Tone.CAUTION
        Words.how(stored) == Words.Safe.PART -> R.drawable.ic_cloud to Tone.INFO
        else -> R.drawable.ic_cloud to Tone.SOFT
    }
    return Mark(if (isSeen) words.text(R.string.stored_seen) else words.stored(stored), tone, icon)
}

/** Somebody of the command centre has looked at all that this phone added to it. */
fun isSeen(stored: Stored) = stored.entries > 0u && stored.entriesSeen == stored.entries && Words.how(stored) == Words.Safe.WHOLE

/** An incident in a list; `answer` is the last word on it. */
fun incidentRow(words: Words, listed: IncidentListed, answer: String? = null): RowShown {
    val row = listed.row
    val whenWhere = if (row.grid == null) words.time(row.reportedAt)
    else words.text(R.string.time_place, words.time(row.reportedAt), words.grid(row.grid))
    val marks = listOfNotNull(
        Mark(words.state(row.state), toneOf(row.state)),
        if (row.author is Author.You) safety(words, listed.stored) else null,
    )
    return RowShown(
        iconOf(row.category), row.excerpt.ifEmpty { words.category(row.category) }, whenWhere, marks,
        answer?.let { words.text(R.string.answered, it) },
    )
}

fun ViewGroup.incidentCard(words: Words, listed: IncidentListed, answer: String? = null, onPress: () -> Unit) =
    rowCard(incidentRow(words, listed, answer), onPress = onPress)

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
