package org.suishou.app.visit

import android.content.Intent
import android.os.Bundle
import android.widget.LinearLayout
import android.widget.TextView
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.search.rowOf
import org.suishou.app.search.screenOf
import org.suishou.app.ui.LongList
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.dp
import org.suishou.app.ui.label
import org.suishou.core.Field
import org.suishou.core.Listing

/** Households and people to look after. */
class HouseholdsScreen : Screen<Listing>() {
    private lateinit var list: LongList
    private lateinit var none: TextView

    override fun title(): CharSequence = getString(R.string.households)
    override fun load(field: Field) = HouseholdPresenter.page(field, null)

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        val head = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL; setPadding(dp(16), dp(4), dp(16), dp(8)) }
        head.button(getString(R.string.visit_nobody), Tone.SOFT, R.drawable.ic_pen, gap = 0) { startActivity(VisitScreen.of(this, null)) }
        head.button(getString(R.string.household_add), Tone.QUIET, R.drawable.ic_person) { startActivity(Intent(this, CardScreen::class.java)) }
        none = head.label(getString(R.string.no_households), color = R.color.ink_soft, gap = 16)
        none.visibility = TextView.GONE
        list = LongList(
            this, app.phone, HouseholdPresenter::page, row = { rowOf(words, it) },
            onPress = { startActivity(screenOf(this, it)) }, onFailure = { tell(words.failure(it)) }, head = head,
        )
        instead(list.view)
    }

    override fun LinearLayout.show(state: Listing) {
        none.visibility = if (state.items.isEmpty()) TextView.VISIBLE else TextView.GONE
        list.begin(state)
    }
}
