package org.suishou.app.home

import org.suishou.app.phone.query
import org.suishou.core.Counts
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.FieldException
import org.suishou.core.HouseholdRow
import org.suishou.core.IncidentListed
import org.suishou.core.Mine
import org.suishou.core.NoticeRow
import org.suishou.core.PatrolView
import org.suishou.core.Role
import org.suishou.core.Row
import org.suishou.core.SalvageReport
import org.suishou.core.Sort
import org.suishou.core.TaskForm
import org.suishou.core.TaskRow
import org.suishou.core.WarningRow

/** Everything of today, or why there is nothing. */
data class HomeState(
    val isEnrolled: Boolean,
    val isRevoked: Boolean,
    val township: String,
    val member: String,
    val role: Role?,
    val hasSettings: Boolean,
    val counts: Counts?,
    val sync: SyncShown,
    val salvage: SalvageReport?,
    val isLow: Boolean,
    val warnings: List<Pair<WarningRow, Boolean>>,
    val reminders: List<TaskRow>,
    val tasks: List<TaskRow>,
    val moreTasks: Long,
    val notices: List<Pair<NoticeRow, Boolean>>,
    val households: List<HouseholdRow>,
    val dueHouseholds: Long,
    val patrol: PatrolView?,
    val reports: List<ReportShown>,
    val toDo: List<IncidentListed>,
    val drafts: Int,
)

/** A report of one's own, and the last answer to it. */
data class ReportShown(val listed: IncidentListed, val answer: String?)

/** How it stands with the relay: the banner tells nothing else. */
data class SyncShown(val isRunning: Boolean, val problem: Throwable?, val lastAt: Long)

object HomePresenter {
    fun state(field: Field, sync: SyncShown): HomeState {
        val enrolment = try {
            field.enrolment()
        } catch (none: FieldException.EnrolAgain) {
            null
        }
        if (enrolment == null || enrolment.isRevoked) return empty(field, sync, enrolment?.isRevoked == true, enrolment?.townshipName)
        val isInformant = enrolment.role == Role.INFORMANT
        val tasks = rows<TaskRow>(field, DocumentKind.TASK, isOpen = true, sort = Sort.DUE_FIRST)
        return HomeState(
            isEnrolled = true,
            isRevoked = false,
            township = enrolment.townshipName,
            member = enrolment.member,
            role = enrolment.role,
            hasSettings = field.settings() != null,
            counts = field.counts(),
            sync = sync,
            salvage = field.salvage(),
            isLow = field.storage().isLow,
            warnings = rows<WarningRow>(field, DocumentKind.WARNING, isOpen = true, sort = Sort.WORST_FIRST)
                .map { it to field.warning(it.document).isAcknowledged },
            reminders = tasks.filter { it.form == TaskForm.REMINDER },
            tasks = tasks.filter { it.form != TaskForm.REMINDER }.take(SHOWN),
            moreTasks = (tasks.count { it.form != TaskForm.REMINDER } - SHOWN).coerceAtLeast(0).toLong(),
            notices = rows<NoticeRow>(field, DocumentKind.NOTICE, isOpen = true).take(SHOWN)
                .map { it to field.notice(it.document).isRead },
            households = if (isInformant) emptyList() else due(field),
            dueHouseholds = if (isInformant) 0 else field.count(households).toLong(),
            patrol = if (isInformant) null else field.openPatrol()?.let(field::patrol),
            reports = field.incidents(Mine.ONLY, REPORTS, 0u).map { ReportShown(it, answer(field, it)) },
            toDo = if (isInformant) emptyList() else toDo(field),
            drafts = field.drafts().size,
        )
    }

    private val households = query(kinds = listOf(DocumentKind.HOUSEHOLD), overdue = true, sort = Sort.DUE_FIRST)

    private fun due(field: Field) = field.list(households).items.mapNotNull { (it.row as? Row.Household)?.v1 }.take(SHOWN)

    /** What was dispatched to this person. */
    private fun toDo(field: Field) = field.list(
        query(kinds = listOf(DocumentKind.INCIDENT), isOpen = true, forMe = true, sort = Sort.DUE_FIRST),
    ).items.mapNotNull { listed ->
        val row = (listed.row as? Row.Incident)?.v1 ?: return@mapNotNull null
        if (row.members.isEmpty() && row.departments.isEmpty()) null else IncidentListed(row, listed.stored)
    }.take(SHOWN)

    /** The last words of the command centre or a handler. */
    private fun answer(field: Field, listed: IncidentListed): String? =
        field.incident(listed.row.document).about.notes
            .lastOrNull { it.author !is org.suishou.core.Author.You && it.text.isNotBlank() }?.text

    private inline fun <reified T> rows(field: Field, kind: DocumentKind, isOpen: Boolean, sort: Sort = Sort.NEWEST): List<T> =
        field.list(query(kinds = listOf(kind), isOpen = isOpen, forMe = true, sort = sort)).items.mapNotNull {
            when (val row = it.row) {
                is Row.Task -> row.v1 as? T
                is Row.Warning -> row.v1 as? T
                is Row.Notice -> row.v1 as? T
                else -> null
            }
        }

    private fun empty(field: Field, sync: SyncShown, isRevoked: Boolean, township: String?) = HomeState(
        false, isRevoked, township ?: "", "", null, false, null, sync, field.salvage(), false, emptyList(), emptyList(), emptyList(), 0,
        emptyList(), emptyList(), 0, null, emptyList(), emptyList(), 0,
    )

    private const val SHOWN = 4
    private const val REPORTS = 20u
}
