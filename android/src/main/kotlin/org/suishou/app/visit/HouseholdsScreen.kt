package org.suishou.app.visit

import android.content.Intent
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.phone.Phone
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.chip
import org.suishou.app.ui.column
import org.suishou.app.ui.image
import org.suishou.app.ui.label
import org.suishou.app.ui.row
import org.suishou.core.Field

/** Households and people to look after. */
class HouseholdsScreen : Screen<HouseholdsShown>() {
    override fun title(): CharSequence = getString(R.string.households)
    override fun load(field: Field) = HouseholdPresenter.all(field)

    override fun LinearLayout.show(state: HouseholdsShown) {
        button(getString(R.string.visit_nobody), Tone.SOFT, R.drawable.ic_pen, gap = 0) { startActivity(VisitScreen.of(context, null)) }
        button(getString(R.string.household_add), Tone.QUIET, R.drawable.ic_person) { startActivity(Intent(context, CardScreen::class.java)) }
        if (state.rows.isEmpty()) label(getString(R.string.no_households), color = R.color.ink_soft, gap = 16)
        for (row in state.rows) card(gap = 8, onPress = { startActivity(HouseholdScreen.of(this@HouseholdsScreen, row.document)) }) {
            row {
                image(R.drawable.ic_person, R.color.brand, 26)
                column(gap = 12, weight = 1f) {
                    label(row.name, Size.STRONG)
                    label(row.address, Size.SMALL, R.color.ink_soft, gap = 0)
                    val purposes = row.purposes.joinToString("、") { words.purpose(it) }
                    if (purposes.isNotEmpty()) label(purposes, Size.SMALL, R.color.ink_soft, gap = 0)
                    row.dueAt?.let { due ->
                        val isLate = due < Phone.clock.now()
                        chip(getString(if (isLate) R.string.late_since else R.string.due_by, words.day(due)), if (isLate) Tone.ALARM else Tone.QUIET, gap = 6)
                    }
                }
            }
        }
    }
}
