package org.suishou.app.area

import android.content.Intent
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.notice.PublishScreen
import org.suishou.app.search.Look
import org.suishou.app.search.SearchScreen
import org.suishou.app.search.rowOf
import org.suishou.app.search.screenOf
import org.suishou.app.task.GiveScreen
import org.suishou.app.ui.RowShown
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.label
import org.suishou.app.ui.rowCard
import org.suishou.core.DocumentKind
import org.suishou.core.Field

/** A leader's own area: what is open, what is late, who is out, and orders to give. */
class AreaScreen : Screen<AreaShown>() {
    override fun title(): CharSequence = getString(R.string.area)
    override fun load(field: Field) = AreaPresenter.state(field)

    override fun LinearLayout.show(state: AreaShown) {
        figures(R.string.area_incidents, DocumentKind.INCIDENT, state.incidents)
        figures(R.string.area_tasks, DocumentKind.TASK, state.tasks)
        if (state.visitsOverdue > 0) card(gap = 8, tone = Tone.CAUTION, onPress = { look(R.string.area_visits, DocumentKind.HOUSEHOLD, Look(isOverdue = true)) }) {
            label(getString(R.string.area_visits_overdue, state.visitsOverdue.toInt()), Size.STRONG, R.color.on_caution_soft)
        }
        button(getString(R.string.task_give), icon = R.drawable.ic_task, gap = 16) { startActivity(Intent(context, GiveScreen::class.java)) }
        button(getString(R.string.publish), Tone.SOFT, R.drawable.ic_notice) { startActivity(Intent(context, PublishScreen::class.java)) }
        label(getString(R.string.area_out), Size.HEADING, gap = 22)
        if (state.patrols.isEmpty()) label(getString(R.string.area_nobody_out), color = R.color.ink_soft)
        for (patrol in state.patrols) rowCard(rowOf(words, patrol)) { startActivity(screenOf(context, patrol)) }
        label(getString(R.string.area_grids), Size.HEADING, gap = 22)
        for ((grid, open) in state.grids) {
            val row = RowShown(R.drawable.ic_map, grid.name, resources.getQuantityString(R.plurals.map_incidents, open.toInt(), open.toInt()))
            rowCard(row) { startActivity(SearchScreen.of(context, grid.name, DocumentKind.INCIDENT, Look(grid = grid.id, isOpen = true))) }
        }
    }

    private fun look(title: Int, kind: DocumentKind, look: Look) = startActivity(SearchScreen.of(this, getString(title), kind, look))

    private fun LinearLayout.figures(title: Int, kind: DocumentKind, figures: Figures) {
        val look = if (figures.overdue > 0) Look(isOverdue = true) else Look(isOpen = true)
        card(gap = 8, tone = if (figures.overdue > 0) Tone.ALARM else Tone.SOFT, onPress = { look(title, kind, look) }) {
            val ink = if (figures.overdue > 0) R.color.on_danger_soft else R.color.on_brand_soft
            label(getString(title), Size.SMALL, ink)
            label(getString(R.string.area_figures, figures.open.toInt(), figures.overdue.toInt()), Size.HEADING, ink, gap = 0)
        }
    }
}
