package org.suishou.app.phone

import android.content.Context
import org.suishou.app.R
import org.suishou.core.Author
import org.suishou.core.FieldException
import org.suishou.core.IncidentState
import org.suishou.core.Stored
import org.suishou.core.TownshipView
import org.suishou.core.Worded
import java.text.SimpleDateFormat
import java.util.Calendar
import java.util.Date
import java.util.Locale

/** Words for codes, times and sizes, in the language of its context. */
class Words(private val context: Context, private val township: TownshipView?) {
    private val isChinese get() = context.resources.configuration.locales[0].language == "zh"

    fun text(id: Int, vararg values: Any): String = context.getString(id, *values)

    /** The string "prefix_code", or what stands for the unknown. */
    fun code(prefix: String, code: String, unknown: String = code): String {
        val name = "${prefix}_${code.lowercase()}"
        val id = context.resources.getIdentifier(name, "string", "org.suishou.app")
        return if (id == 0) unknown else context.getString(id)
    }

    fun code(prefix: String, value: Enum<*>) = code(prefix, value.name)

    private fun of(all: List<Worded>?, id: String?): String {
        val found = all?.find { it.id == id } ?: return id ?: ""
        return say(found)
    }

    fun say(words: Worded) = if (isChinese) words.zh else words.en.ifEmpty { words.zh }
    fun category(id: String?) = of(township?.categories?.map { it.words }, id)
    fun reason(id: String?) = of(township?.reasons, id)
    fun purpose(id: String?) = of(township?.purposes, id)
    fun hazard(id: String?) = of(township?.hazards, id)
    fun theme(id: String?) = of(township?.themes, id)
    fun answer(id: String?) = of(township?.answers, id)
    fun grid(id: String?) = township?.grids?.find { it.id == id }?.name ?: id ?: text(R.string.no_grid)
    fun department(id: String?) = township?.departments?.find { it.id == id }?.name ?: id ?: ""
    fun checkpoint(id: String) = township?.checkpoints?.find { it.id == id }?.name ?: id

    fun author(author: Author) = when (author) {
        is Author.You -> text(R.string.author_you)
        is Author.Centre -> text(R.string.author_centre)
        is Author.Alias -> text(R.string.author_alias, author.v1.toInt())
    }

    /** "14:05", "昨天 14:05", "3月2日 14:05". */
    fun time(at: Long): String {
        val then = Calendar.getInstance().apply { timeInMillis = at }
        val now = Calendar.getInstance().apply { timeInMillis = Phone.clock.now() }
        val clock = format("HH:mm", at)
        fun sameDay(a: Calendar, b: Calendar) =
            a[Calendar.YEAR] == b[Calendar.YEAR] && a[Calendar.DAY_OF_YEAR] == b[Calendar.DAY_OF_YEAR]
        if (sameDay(then, now)) return clock
        now.add(Calendar.DAY_OF_YEAR, -1)
        if (sameDay(then, now)) return text(R.string.time_yesterday, clock)
        now.add(Calendar.DAY_OF_YEAR, 1)
        val pattern = if (then[Calendar.YEAR] == now[Calendar.YEAR]) R.string.time_day else R.string.time_day_year
        return text(R.string.time_joined, format(text(pattern), at), clock)
    }

    private fun format(pattern: String, at: Long): String =
        SimpleDateFormat(pattern, if (isChinese) Locale.SIMPLIFIED_CHINESE else Locale.ENGLISH).format(Date(at))

    fun day(at: Long): String = format(text(R.string.time_day), at)

    fun span(seconds: Long): String = when {
        seconds < 60 -> text(R.string.span_s, seconds.toInt())
        seconds < 3600 -> text(R.string.span_min, (seconds / 60).toInt())
        else -> text(R.string.span_h, (seconds / 3600).toInt(), (seconds / 60 % 60).toInt())
    }

    fun distance(metres: Long): String =
        if (metres < 1000) text(R.string.metres, metres.toInt())
        else text(R.string.kilometres, String.format(Locale.ROOT, "%.1f", metres / 1000.0))

    fun size(bytes: ULong): String {
        val mega = bytes.toLong() / 1048576.0
        return if (mega >= 1024) String.format(Locale.ROOT, "%.1f GB", mega / 1024)
        else String.format(Locale.ROOT, if (mega < 10) "%.1f MB" else "%.0f MB", mega)
    }

    /** On this phone, stored in part, stored: never more than what is so. */
    fun stored(stored: Stored): String = when (how(stored)) {
        Safe.HERE -> text(R.string.stored_here)
        Safe.PART -> text(R.string.stored_part, stored.blobsStored.toInt(), stored.blobs.toInt())
        Safe.WHOLE -> text(R.string.stored_whole)
    }

    /** Where an incident stands, in words for the one who reported it. */
    fun state(state: IncidentState) = code("state", state)

    /** What went wrong, and what can be done about it. */
    fun failure(error: Throwable?): String = when (error) {
        is FieldException.Retry -> code("reason", error.reason, text(R.string.failure_retry))
        is FieldException.FixInput -> code("reason", error.reason, text(R.string.failure_fix))
        is FieldException.EnrolAgain -> code("reason", error.reason, text(R.string.failure_enrol))
        is FieldException.FreeSpace -> text(R.string.reason_storage_full)
        is FieldException.Report -> code("reason", error.reason, text(R.string.failure_report))
        else -> text(R.string.failure_report)
    }

    /** How much of something the relay holds. */
    enum class Safe { HERE, PART, WHOLE }

    companion object {
        fun how(stored: Stored): Safe = when {
            stored.entriesStored < stored.entries -> Safe.HERE
            stored.blobsStored < stored.blobs -> Safe.PART
            else -> Safe.WHOLE
        }
    }
}
