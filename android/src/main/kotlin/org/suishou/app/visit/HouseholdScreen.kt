package org.suishou.app.visit

import android.content.Context
import android.content.Intent
import android.net.Uri
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.phone.MapApps
import org.suishou.app.phone.remark
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.label
import org.suishou.app.ui.line
import org.suishou.core.Field
import org.suishou.core.HouseholdState
import org.suishou.core.HouseholdView

/** One household: its card, its visits, and what stands side by side. */
class HouseholdScreen : Screen<HouseholdView>() {
    private val document get() = intent.getStringExtra(DOCUMENT)!!

    override fun title(): CharSequence = getString(R.string.kind_household)
    override fun load(field: Field) = HouseholdPresenter.one(field, document)

    override fun LinearLayout.show(state: HouseholdView) {
        val shown = state.card
        label(shown.name, Size.TITLE)
        if (state.household.state == HouseholdState.ENDED) card(tone = Tone.CAUTION) {
            label(getString(R.string.household_ended), color = R.color.on_caution_soft)
            button(getString(R.string.household_resume), Tone.SURFACE) { act({ it.resumeHousehold(document, remark()) }) }
        }
        if (state.household.card.others.isNotEmpty()) card(tone = Tone.CAUTION) {
            label(getString(R.string.clash_card), color = R.color.on_caution_soft)
            for (one in state.cards.filter { !it.isInUse }) {
                button(words.text(R.string.card_of, words.author(one.author), words.time(one.at)), Tone.SURFACE) { act({ it.chooseCard(document, one.entry) }) }
            }
        }
        card {
            fact(R.string.card_address, shown.address)
            fact(R.string.card_phone, shown.phone)
            fact(R.string.card_people, if (shown.people > 0u) shown.people.toString() else "")
            fact(R.string.card_purposes, shown.purposes.joinToString("、") { words.purpose(it) })
            fact(R.string.card_needs, shown.needs)
            fact(R.string.card_every, if (shown.everyDays > 0u) getString(R.string.days, shown.everyDays.toInt()) else "")
            fact(R.string.report_place, words.grid(state.row.grid))
        }
        button(getString(R.string.visit_begin), icon = R.drawable.ic_home, gap = 16) { startActivity(VisitScreen.of(context, document)) }
        if (shown.phone.isNotBlank()) button(getString(R.string.call), Tone.SOFT) {
            runCatching { startActivity(Intent(Intent.ACTION_DIAL, Uri.parse("tel:" + Uri.encode(shown.phone)))) }
        }
        shown.place.position?.let { at ->
            button(getString(R.string.open_map), Tone.QUIET, R.drawable.ic_map) {
                if (!MapApps.open(this@HouseholdScreen, MapApps.amap(at), MapApps.baidu(at), MapApps.other(at))) tell(getString(R.string.no_map_app))
            }
        }
        label(getString(R.string.visits), Size.HEADING, gap = 20)
        if (state.visits.isEmpty()) label(getString(R.string.no_visits), color = R.color.ink_soft)
        else card(gap = 8) {
            for ((at, visit) in state.visits.withIndex()) {
                if (at > 0) line()
                label(words.text(R.string.time_place, words.time(visit.at), words.code("outcome", visit.outcome)), Size.STRONG)
                    .setOnClickListener { startActivity(VisitScreen.look(context, visit.document)) }
                if (visit.excerpt.isNotBlank()) label(visit.excerpt, gap = 0)
            }
        }
        button(getString(R.string.card_change), Tone.QUIET, R.drawable.ic_pen, gap = 18) { startActivity(CardScreen.of(context, document)) }
        if (state.household.state == HouseholdState.ACTIVE) button(getString(R.string.household_end), Tone.QUIET) {
            askText(getString(R.string.household_end), getString(R.string.in_words)) { text -> act({ it.endHousehold(document, null, remark(text)) }) }
        }
    }

    private fun LinearLayout.fact(what: Int, value: String) {
        if (value.isBlank()) return
        label(getString(what), Size.SMALL, R.color.ink_soft, gap = if (childCount == 0) 0 else 10)
        label(value, gap = 0)
    }

    companion object {
        private const val DOCUMENT = "document"
        fun of(context: Context, document: String): Intent = Intent(context, HouseholdScreen::class.java).putExtra(DOCUMENT, document)
    }
}
