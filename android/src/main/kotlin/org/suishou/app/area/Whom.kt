package org.suishou.app.area

import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.ui.Size
import org.suishou.app.ui.check
import org.suishou.app.ui.label
import org.suishou.core.Audience
import org.suishou.core.GridView

/** Whom an order or a notice is for: those in some of one's own grids. More than that is the command centre's. */
class Whom(private val chosen: MutableSet<String>) {
    fun audience() = Audience(isEveryone = false, grids = chosen.toList(), members = emptyList(), departments = emptyList(), roles = emptyList())

    fun show(into: LinearLayout, grids: List<GridView>) {
        into.label(into.context.getString(R.string.whom), Size.HEADING, gap = 18)
        into.label(into.context.getString(R.string.whom_why), Size.SMALL, R.color.ink_soft, gap = 0)
        for (grid in grids) into.check(grid.name, grid.id in chosen) { if (it) chosen += grid.id else chosen -= grid.id }
    }
}
