package org.suishou.app.search

import android.content.Context
import android.content.Intent
import org.suishou.app.R
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.incident.incidentRow
import org.suishou.app.notice.NoticeScreen
import org.suishou.app.patrol.PatrolScreen
import org.suishou.app.phone.Words
import org.suishou.app.task.TaskScreen
import org.suishou.app.ui.Mark
import org.suishou.app.ui.RowShown
import org.suishou.app.ui.Tone
import org.suishou.app.visit.HouseholdScreen
import org.suishou.app.visit.VisitScreen
import org.suishou.app.warning.WarningScreen
import org.suishou.core.HouseholdRow
import org.suishou.core.IncidentListed
import org.suishou.core.Listed
import org.suishou.core.PatrolRow
import org.suishou.core.Row
import org.suishou.core.WarningRow

/** What a list says of anything. */
fun rowOf(words: Words, listed: Listed): RowShown {
    val late = if (listed.isOverdue) listed.dueAt?.let { Mark(words.text(R.string.late_since, words.time(it)), Tone.ALARM) } else null
    val shown = when (val row = listed.row) {
        is Row.Incident -> incidentRow(words, IncidentListed(row.v1, listed.stored))
        is Row.Task -> RowShown(R.drawable.ic_task, row.v1.title, words.code("form", row.v1.form), listOf(Mark(words.code("task_state", row.v1.state), Tone.QUIET)))
        is Row.Warning -> RowShown(R.drawable.ic_warning, row.v1.title, warning(words, row.v1))
        is Row.Notice -> RowShown(R.drawable.ic_notice, row.v1.title, words.theme(row.v1.theme))
        is Row.Household -> household(words, row.v1, listed.isOverdue)
        is Row.Visit -> RowShown(
            R.drawable.ic_home, row.v1.excerpt.ifEmpty { words.purpose(row.v1.purpose) },
            words.text(R.string.time_place, words.time(row.v1.at), words.code("outcome", row.v1.outcome)),
        )
        is Row.Patrol -> patrol(words, row.v1)
    }
    // A household says itself since when somebody should have come.
    return if (late == null || listed.row is Row.Household) shown else shown.copy(marks = shown.marks + late)
}

private fun warning(words: Words, row: WarningRow) = words.text(R.string.warning_title, words.code("level", row.level), words.hazard(row.hazard))

private fun household(words: Words, row: HouseholdRow, isOverdue: Boolean): RowShown {
    val purposes = row.purposes.joinToString(words.text(R.string.joined)) { words.purpose(it) }
    val due = row.dueAt?.let { due ->
        Mark(words.text(if (isOverdue) R.string.late_since else R.string.due_by, words.day(due)), if (isOverdue) Tone.ALARM else Tone.QUIET)
    }
    return RowShown(R.drawable.ic_person, row.name, listOf(row.address, purposes).filter { it.isNotBlank() }.joinToString("\n"), listOfNotNull(due))
}

fun patrol(words: Words, row: PatrolRow) = RowShown(
    R.drawable.ic_walk, if (row.grid == null) words.text(R.string.patrol_of, words.author(row.author)) else words.grid(row.grid),
    words.text(R.string.time_place, words.time(row.startedAt), words.distance(row.distanceM.toLong())),
    listOf(Mark(words.code("patrol_state", row.state), Tone.QUIET)),
)

/** The screen that shows all of it. */
fun screenOf(context: Context, listed: Listed): Intent = when (val row = listed.row) {
    is Row.Incident -> IncidentScreen.of(context, row.v1.document)
    is Row.Task -> TaskScreen.of(context, row.v1.document)
    is Row.Warning -> WarningScreen.of(context, row.v1.document)
    is Row.Notice -> NoticeScreen.of(context, row.v1.document)
    is Row.Household -> HouseholdScreen.of(context, row.v1.document)
    is Row.Visit -> VisitScreen.look(context, row.v1.document)
    is Row.Patrol -> PatrolScreen.of(context, row.v1.document)
}
