package org.suishou.app.map

import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.widget.FrameLayout
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.phone.Phone
import org.suishou.app.phone.Where
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.iconButton
import org.suishou.app.ui.label
import org.suishou.core.CheckpointView
import org.suishou.core.Degrees
import org.suishou.core.Field
import org.suishou.core.Fix
import org.suishou.core.FixSource
import org.suishou.core.GridView

/** What one can point at. */
data class PlaceShown(val grids: List<GridView>, val checkpoints: List<CheckpointView>)

object PlacePresenter {
    fun state(field: Field) = field.settings().let { PlaceShown(it?.grids ?: emptyList(), it?.checkpoints ?: emptyList()) }

    /** The grid and those that it lies within, the innermost first. */
    fun around(grids: List<GridView>, id: String): List<GridView> {
        val known = grids.associateBy { it.id }
        return generateSequence(known[id]) { it.parent?.let(known::get) }.take(MOST).distinct().toList()
    }

    private const val MOST = 8
}

/** Where something is, by pointing at it: the place itself, or its grid alone. */
class PlaceScreen : Screen<PlaceShown>() {
    private lateinit var map: MapView
    private val where by lazy { Where(this) }
    private var chosen: String? = null
    private var point: Fix? = null

    /** The grid that the place found for itself. */
    private var found: String? = null
    private var isLooking = false

    override fun title(): CharSequence = getString(R.string.place_on_map)
    override val isLive get() = false
    override fun load(field: Field) = PlacePresenter.state(field)

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        chosen = (saved ?: intent.extras)?.getString(GRID)
        point = saved?.let { pointIn(it) }
        found = saved?.getString("found")
        map = MapView(this, app.base)
        map.contentDescription = getString(R.string.place_description)
        map.onPlace = ::pointed
        map.pin = point?.position
        val frame = FrameLayout(this)
        frame.addView(map)
        instead(frame)
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString(GRID, chosen)
        out.putString("found", found)
        point?.let { put(it, out) }
    }

    override fun onStart() {
        super.onStart()
        where.start { state?.let(::fill) }
    }

    override fun onStop() {
        super.onStop()
        where.stop()
    }

    override fun LinearLayout.actions() {
        iconButton(R.drawable.ic_list, getString(R.string.place_list)) { list() }
        iconButton(R.drawable.ic_place, getString(R.string.map_all)) { map.fit() }
    }

    override fun LinearLayout.show(state: PlaceShown) = fill(state)

    private fun fill(state: PlaceShown) {
        val known = pointIn(intent.extras)?.position
        map.show(state.grids, emptyList(), state.checkpoints, emptyList(), where.fix()?.position ?: known)
        map.chosen = chosen
        if (isLooking) return
        isLooking = true
        val middle = known ?: where.fix()?.position ?: state.grids.find { it.id == chosen }?.centre ?: return
        map.post { map.look(middle, ACROSS_M) }
    }

    /** Which grid it is in stands in the library, as for a place that the phone found. */
    private fun pointed(at: Degrees, accuracyM: Int) {
        point = Fix(at, accuracyM.toUInt(), Phone.clock.now(), FixSource.MANUAL, false)
        map.pin = at
        app.phone.ask({ it.findGrid(at) }) { done ->
            found = done.getOrNull()
            choose(found)
        }
    }

    private fun choose(grid: String?) {
        chosen = grid
        map.chosen = grid
        draw()
    }

    /** For who can't see the map, or knows the name. */
    private fun list() {
        val grids = state?.grids ?: return
        pick(getString(R.string.place_list), grids.map { it.id to it.name }) { id ->
            point = null
            map.pin = null
            found = null
            choose(id)
            grids.find { it.id == id }?.let { map.look(it.centre, ACROSS_M) }
        }
    }

    override fun LinearLayout.foot(state: PlaceShown) {
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            if (point == null && chosen == null) label(getString(R.string.place_how), color = R.color.ink_soft)
            else label(words.grid(chosen), Size.HEADING)
            val around = found?.let { PlacePresenter.around(state.grids, it) } ?: emptyList()
            if (around.size > 1) choices(around.map { it.id to it.name }, chosen) { choose(it) }
            if (point != null) button(getString(R.string.place_is_here), icon = R.drawable.ic_check) { give(point) }
            if (chosen != null) button(getString(R.string.place_grid_only), if (point == null) Tone.BRAND else Tone.QUIET) { give(null) }
        }
    }

    /** A grid is given only where it is another than the place itself tells. */
    private fun give(at: Fix?) {
        val answer = Bundle()
        if (at == null || chosen != found) answer.putString(GRID, chosen)
        at?.let { put(it, answer) }
        setResult(RESULT_OK, Intent().putExtras(answer))
        finish()
    }

    companion object {
        private const val GRID = "grid"
        private const val ACROSS_M = 2_500

        private fun put(fix: Fix, into: Bundle) {
            into.putDouble("latitude", fix.position.latitude)
            into.putDouble("longitude", fix.position.longitude)
            into.putInt("accuracy", fix.accuracyM.toInt())
            into.putLong("at", fix.takenAt)
        }

        private fun pointIn(bundle: Bundle?): Fix? {
            if (bundle == null || !bundle.containsKey("latitude")) return null
            val at = Degrees(bundle.getDouble("latitude"), bundle.getDouble("longitude"))
            return Fix(at, bundle.getInt("accuracy").toUInt(), bundle.getLong("at"), FixSource.MANUAL, false)
        }

        fun of(context: Context, grid: String?, fix: Fix?): Intent =
            Intent(context, PlaceScreen::class.java).putExtra(GRID, grid).putExtras(Bundle().also { bundle -> fix?.let { put(it, bundle) } })

        fun grid(answer: Intent): String? = answer.getStringExtra(GRID)

        /** The place that was pointed at; none if it was a grid alone. */
        fun fix(answer: Intent): Fix? = pointIn(answer.extras)
    }
}
