package org.suishou.app.visit

import org.suishou.app.phone.query
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.HouseholdView
import org.suishou.core.Listing
import org.suishou.core.Sort

/** The people to look after, those first who are due first. */
object HouseholdPresenter {
    fun page(field: Field, after: String?): Listing =
        field.list(query(kinds = listOf(DocumentKind.HOUSEHOLD), isOpen = true, sort = Sort.DUE_FIRST, limit = 50, after = after))

    fun one(field: Field, document: String): HouseholdView = field.household(document)
}
