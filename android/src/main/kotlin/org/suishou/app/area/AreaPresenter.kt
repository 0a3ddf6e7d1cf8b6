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
        val own = grids(field)
        val open = field.tally(query(kinds = listOf(DocumentKind.INCIDENT), isOpen = true, forMe = true), TallyBy.GRID)
            .associate { it.code to it.count.toLong() }
        return AreaShown(
            figures(field, DocumentKind.INCIDENT), figures(field, DocumentKind.TASK),
            field.count(query(kinds = listOf(DocumentKind.HOUSEHOLD), overdue = true)).toLong(),
            field.list(query(kinds = listOf(DocumentKind.PATROL), isOpen = true)).items,
            own.map { it to (open[it.id] ?: 0) }.sortedByDescending { it.second },
        )
    }

    fun figures(field: Field, kind: DocumentKind) = Figures(
        field.count(query(kinds = listOf(kind), isOpen = true, forMe = true)).toLong(),
        field.count(query(kinds = listOf(kind), overdue = true, forMe = true)).toLong(),
    )

    /** The grids that this person may give orders to. */
    fun grids(field: Field): List<GridView> {
        val own = field.enrolment().grids.toSet()
        return field.settings()?.grids?.filter { it.id in own } ?: emptyList()
    }
}
