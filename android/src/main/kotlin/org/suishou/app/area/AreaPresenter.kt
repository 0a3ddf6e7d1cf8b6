package org.suishou.app.area

import org.suishou.app.phone.query
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.GridView
import org.suishou.core.Listed
import org.suishou.core.TallyBy

/** How much is open, and how much of it should have been done. */
data class Figures(val open: Long, val overdue: Long)

/** A leader's grids at a glance. */
data class AreaShown(
    val incidents: Figures,
    val tasks: Figures,
    val visitsOverdue: Long,
    /** Tours under way, one's own among them. */
    val patrols: List<Listed>,
    /** With how many open incidents each. */
    val grids: List<Pair<GridView, Long>>,
)

object AreaPresenter {
    fun state(field: Field): AreaShown {
        val open = byGrid(field, isOverdue = false)
        return AreaShown(
            incidents(field), tasks(field),
            field.count(query(kinds = listOf(DocumentKind.HOUSEHOLD), overdue = true)).toLong(),
            field.list(query(kinds = listOf(DocumentKind.PATROL), isOpen = true)).items,
            grids(field).map { it to (open[it.id] ?: 0) }.sortedByDescending { it.second },
        )
    }

    /** Of the own grids alone: what was reported elsewhere is on this phone as well. */
    fun incidents(field: Field) = Figures(byGrid(field, isOverdue = false).values.sum(), byGrid(field, isOverdue = true).values.sum())

    private fun tasks(field: Field): Figures {
        val open = query(kinds = listOf(DocumentKind.TASK), isOpen = true)
        return Figures(field.count(open).toLong(), field.count(open.copy(overdue = true)).toLong())
    }

    private fun byGrid(field: Field, isOverdue: Boolean): Map<String, Long> {
        val own = field.enrolment().grids.toSet()
        return field.tally(query(kinds = listOf(DocumentKind.INCIDENT), isOpen = true, overdue = isOverdue), TallyBy.GRID)
            .filter { it.code in own }.associate { it.code to it.count.toLong() }
    }

    /** The grids that this person may give orders to. */
    fun grids(field: Field): List<GridView> {
        val own = field.enrolment().grids.toSet()
        return field.settings()?.grids?.filter { it.id in own } ?: emptyList()
    }
}
