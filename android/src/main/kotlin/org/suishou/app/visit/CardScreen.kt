package org.suishou.app.visit

import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.text.InputType
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.phone.Where
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.button
import org.suishou.app.ui.check
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.core.Field
import org.suishou.core.HouseholdCard
import org.suishou.core.Place
import org.suishou.core.TownshipView

/** The card as it was, and the township's words. */
data class CardShown(val card: HouseholdCard?, val township: TownshipView?)

/** A household's card, new or changed. */
class CardScreen : Screen<CardShown>() {
    private val document: String? get() = intent.getStringExtra(DOCUMENT)
    private val where by lazy { Where(this) }
    private var isHere = true
    private var card = HouseholdCard("", "", "", "", 1u, emptyList(), "", 30u, Place(null, null, null, null, null, null, null))
    private var isLoaded = false

    override fun title(): CharSequence = getString(if (document == null) R.string.household_add else R.string.card_change)
    override val isLive get() = false
    override fun load(field: Field) = CardShown(document?.let { field.household(it).card }, field.settings())

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        isHere = document == null
    }

    override fun onStart() { super.onStart(); where.start() }
    override fun onStop() { super.onStop(); where.stop() }

    override fun LinearLayout.show(state: CardShown) {
        if (!isLoaded) {
            state.card?.let { card = it }
            isLoaded = true
        }
        line(R.string.card_name, card.name) { card = card.copy(name = it) }
        line(R.string.card_address, card.address) { card = card.copy(address = it) }
        line(R.string.card_phone, card.phone, InputType.TYPE_CLASS_PHONE) { card = card.copy(phone = it) }
        line(R.string.card_people, card.people.toString(), InputType.TYPE_CLASS_NUMBER) { card = card.copy(people = it.toUShortOrNull() ?: 0u) }
        label(getString(R.string.card_purposes), Size.SMALL, R.color.ink_soft, gap = 14)
        for (purpose in state.township?.purposes ?: emptyList()) {
            check(words.say(purpose), purpose.id in card.purposes) { isOn ->
                card = card.copy(purposes = if (isOn) card.purposes + purpose.id else card.purposes - purpose.id)
            }
        }
        label(getString(R.string.card_needs), Size.SMALL, R.color.ink_soft, gap = 14)
        input("", card.needs, lines = 2, gap = 4) { card = card.copy(needs = it) }
        label(getString(R.string.card_every), Size.SMALL, R.color.ink_soft, gap = 14)
        val rhythms = listOf(0, 1, 7, 14, 30, 90)
        choices(rhythms.map { it.toString() to if (it == 0) getString(R.string.no_rhythm) else getString(R.string.days, it) }, card.everyDays.toString()) {
            card = card.copy(everyDays = it.toUShort())
            draw()
        }
        check(getString(R.string.card_here), isHere, gap = 14) { isHere = it }
    }

    private fun LinearLayout.line(name: Int, value: String, type: Int = InputType.TYPE_CLASS_TEXT, onChange: (String) -> Unit) {
        label(getString(name), Size.SMALL, R.color.ink_soft, gap = if (childCount == 0) 0 else 14)
        input(getString(name), value, type = type, gap = 4, onChange = onChange)
    }

    override fun LinearLayout.foot(state: CardShown) {
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            button(getString(R.string.keep), icon = R.drawable.ic_check) {
                val (known, made) = document to card
                val fix = if (isHere) where.fix() else null
                act({ if (known == null) { it.addHousehold(made, fix); Unit } else it.changeHousehold(known, made, fix) }, then = { finish() })
            }
        }
    }

    companion object {
        private const val DOCUMENT = "document"
        fun of(context: Context, document: String): Intent = Intent(context, CardScreen::class.java).putExtra(DOCUMENT, document)
    }
}
