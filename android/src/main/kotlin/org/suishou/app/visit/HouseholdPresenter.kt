package org.suishou.app.visit

import org.suishou.app.phone.query
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.HouseholdRow
import org.suishou.core.HouseholdView
import org.suishou.core.Row
import org.suishou.core.Sort

/** The people to look after, those first who are due first. */
data class HouseholdsShown(val rows: List<HouseholdRow>, val total: Int)

object HouseholdPresenter {
    fun all(field: Field): HouseholdsShown {
        val page = field.list(query(kinds = listOf(DocumentKind.HOUSEHOLD), isOpen = true, sort = Sort.DUE_FIRST, limit = 200))
        return HouseholdsShown(page.items.mapNotNull { (it.row as? Row.Household)?.v1 }, page.total.toInt())
    }

    fun one(field: Field, document: String): HouseholdView = field.household(document)
}
