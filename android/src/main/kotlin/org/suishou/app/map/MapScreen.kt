package org.suishou.app.map

import android.os.Bundle
import android.widget.FrameLayout
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.incident.incidentCard
import org.suishou.app.phone.Where
import org.suishou.app.phone.query
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.iconButton
import org.suishou.app.ui.label
import org.suishou.app.ui.row
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.IncidentListed
import org.suishou.core.Row
import org.suishou.core.TownshipView

/** What is drawn: open incidents over the township's grids. */
data class MapShown(val township: TownshipView?, val incidents: List<IncidentListed>, val total: Long)

object MapPresenter {
    fun state(field: Field): MapShown {
        val all = mutableListOf<IncidentListed>()
        var after: String? = null
        var total = 0L
        do {
            val page = field.list(query(kinds = listOf(DocumentKind.INCIDENT), isOpen = true, limit = 200, after = after))
            page.items.mapNotNullTo(all) { listed -> (listed.row as? Row.Incident)?.let { IncidentListed(it.v1, listed.stored) } }
            after = page.next
            total = page.total.toLong()
        } while (after != null && all.size < MOST)
        return MapShown(field.settings(), all, total)
    }

    private const val MOST = 2_000
}

/** The township on one sheet: grids, open incidents, checkpoints, oneself. Works without a network: nothing is fetched. */
class MapScreen : Screen<MapShown>() {
    private lateinit var map: MapView
    private val where by lazy { Where(this) }
    private var chosen: IncidentListed? = null

    override fun title(): CharSequence = getString(R.string.map)
    override fun load(field: Field) = MapPresenter.state(field)
    override fun LinearLayout.show(state: MapShown) = fill(state)

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        map = MapView(this)
        map.contentDescription = getString(R.string.map_description)
        map.onPick = { row ->
            chosen = state?.incidents?.find { it.row.document == row?.document }
            draw()
        }
        val frame = FrameLayout(this)
        frame.addView(map)
        instead(frame)
    }

    override fun onStart() {
        super.onStart()
        where.start { state?.let(::fill) }
    }

    override fun onStop() {
        super.onStop()
        where.stop()
    }

    private fun fill(state: MapShown) = map.show(
        state.township?.grids ?: emptyList(), state.incidents.map { it.row }, state.township?.checkpoints ?: emptyList(), emptyList(),
        where.fix()?.position,
    )

    override fun LinearLayout.actions() {
        iconButton(R.drawable.ic_place, getString(R.string.map_all)) { map.fit() }
    }

    override fun LinearLayout.foot(state: MapShown) {
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            val one = chosen
            if (one != null) incidentCard(words, one) { startActivity(IncidentScreen.of(this@MapScreen, one.row.document)) }
            else row {
                val without = state.incidents.count { it.row.position == null }
                val text = resources.getQuantityString(R.plurals.map_incidents, state.total.toInt(), state.total.toInt())
                label(if (without == 0) text else words.text(R.string.map_without, text, without), Size.SMALL, R.color.ink_soft, weight = 1f)
            }
        }
    }
}
