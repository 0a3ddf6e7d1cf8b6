package org.suishou.app.patrol

import android.Manifest
import android.content.Context
import android.content.Intent
import android.os.Build
import android.os.Bundle
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.incident.ReportScreen
import org.suishou.app.map.MapView
import org.suishou.app.phone.Phone
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.check
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.ground
import org.suishou.app.ui.image
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.app.ui.line
import org.suishou.app.ui.progress
import org.suishou.app.ui.put
import org.suishou.app.ui.row
import org.suishou.core.Field
import org.suishou.core.PatrolState
import org.suishou.core.PatrolView

/** A tour: set out, walk, pause, end. Nothing is recorded before the person begins it or after they end it. */
class PatrolScreen : Screen<PatrolShown>() {
    private var purpose = ""
    private val route = linkedSetOf<String>()
    private val tick = Runnable { ticking() }

    override fun title(): CharSequence = getString(R.string.patrol)

    /** A patrol that ends here is still shown: what it came to. */
    @Volatile
    private var seen: String? = null

    override fun load(field: Field) = PatrolPresenter.state(field, intent.getStringExtra(DOCUMENT) ?: seen)
        .also { seen = it.view?.row?.document ?: seen }

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        purpose = saved?.getString("purpose") ?: ""
        route += saved?.getStringArrayList("route") ?: arrayListOf()
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString("purpose", purpose)
        out.putStringArrayList("route", ArrayList(route))
    }

    override fun onResume() {
        super.onResume()
        window.decorView.postDelayed(tick, TICK_MS)
    }

    override fun onPause() {
        super.onPause()
        window.decorView.removeCallbacks(tick)
    }

    /** Distance and time go on while somebody looks. */
    private fun ticking() {
        if (state?.isOwn == true) reload()
        window.decorView.postDelayed(tick, TICK_MS)
    }

    override fun LinearLayout.show(state: PatrolShown) {
        val view = state.view
        if (view == null) begin(state) else walk(state, view)
    }

    private fun LinearLayout.begin(state: PatrolShown) {
        card(tone = Tone.INFO) { label(getString(R.string.patrol_why), color = R.color.on_info_soft) }
        if (!state.mayLocate) card(tone = Tone.CAUTION) { label(getString(R.string.patrol_no_consent), color = R.color.on_caution_soft) }
        label(getString(R.string.patrol_purpose), Size.HEADING, gap = 16)
        input(getString(R.string.patrol_purpose_hint), purpose) { purpose = it }
        if (state.checkpoints.isNotEmpty()) {
            label(getString(R.string.patrol_route), Size.HEADING, gap = 18)
            for (point in state.checkpoints) check(point.name, point.id in route) { if (it) route += point.id else route -= point.id }
        }
        button(getString(R.string.patrol_begin), icon = R.drawable.ic_play, gap = 18) { start() }
        button(getString(R.string.battery_title), Tone.QUIET) { startActivity(Intent(context, BatteryScreen::class.java)) }
    }

    private fun start() = withPermission(Manifest.permission.ACCESS_FINE_LOCATION) { isGranted ->
        if (!isGranted) return@withPermission tell(getString(R.string.patrol_no_location))
        if (Build.VERSION.SDK_INT >= 33 && checkSelfPermission(Manifest.permission.POST_NOTIFICATIONS) != 0) {
            return@withPermission withPermission(Manifest.permission.POST_NOTIFICATIONS) { setOut() }
        }
        setOut()
    }

    private fun setOut() = act({ it.startPatrol(purpose.trim(), null, route.toList()) }, then = { PatrolService.start(this) })

    private fun LinearLayout.walk(state: PatrolShown, view: PatrolView) {
        val isOver = view.row.state == PatrolState.FINISHED
        val isPaused = view.row.state == PatrolState.PAUSED
        card(tone = if (isOver || isPaused) Tone.QUIET else Tone.BRAND) {
            val ink = if (isOver || isPaused) R.color.on_quiet_soft else R.color.on_brand
            label(words.code("patrol_state", view.row.state), Size.HEADING, ink)
            if (view.purpose.isNotBlank()) label(view.purpose, color = ink, gap = 0)
            row(gap = 10) {
                figure(words.distance(state.distanceM), getString(R.string.patrol_distance), ink)
                figure(words.span(walkedS(view)), getString(R.string.patrol_time), ink)
                val whole = view.patrol.visited.size + view.patrol.left.size
                if (whole > 0) figure("${view.patrol.visited.size}/$whole", getString(R.string.patrol_points), ink)
            }
        }
        if (view.isForgotten) card(tone = Tone.CAUTION) { label(getString(R.string.patrol_forgotten), color = R.color.on_caution_soft) }
        if (state.isOwn && !isOver) controls(isPaused)
        map(state)
        points(state, view)
        gaps(view)
        if (view.patrol.incidents.isNotEmpty()) label(resources.getQuantityString(
            R.plurals.patrol_incidents, view.patrol.incidents.size, view.patrol.incidents.size,
        ), gap = 14)
        if (state.isOwn && !isOver) button(getString(R.string.battery_title), Tone.QUIET, gap = 18) { startActivity(Intent(context, BatteryScreen::class.java)) }
    }

    private fun LinearLayout.figure(figure: String, what: String, ink: Int) = column(weight = 1f) {
        label(figure, Size.TITLE, ink)
        label(what, Size.SMALL, ink, gap = 0)
    }

    private fun walkedS(view: PatrolView) = view.patrol.legs.sumOf { leg -> ((leg.to ?: Phone.clock.now()) - leg.from).coerceAtLeast(0) } / 1000

    private fun LinearLayout.controls(isPaused: Boolean) {
        row(gap = 12) {
            if (isPaused) button(getString(R.string.patrol_resume), icon = R.drawable.ic_play, weight = 1f) {
                act({ it.resumePatrol() }, then = { PatrolService.start(this@PatrolScreen) })
            } else button(getString(R.string.patrol_pause), Tone.QUIET, R.drawable.ic_pause, weight = 1f) {
                act({ it.pausePatrol() }, then = { PatrolService.start(this@PatrolScreen) })
            }
            button(getString(R.string.patrol_finish), Tone.DANGER, R.drawable.ic_stop, weight = 1f) {
                ask(getString(R.string.patrol_finish_ask), getString(R.string.patrol_finish)) {
                    act({ it.finishPatrol() }, then = { PatrolService.start(this@PatrolScreen) })
                }
            }
        }
        button(getString(R.string.report), Tone.SOFT, R.drawable.ic_camera) { startActivity(Intent(context, ReportScreen::class.java)) }
    }

    private fun LinearLayout.map(state: PatrolShown) {
        if (state.track.isEmpty() && state.view!!.patrol.left.isEmpty()) return
        val map = MapView(context)
        map.show(state.grids, emptyList(), state.checkpoints.filter { it.id in state.view!!.patrol.left }, state.track.map { it.fixes.map { fix -> fix.position } }, null)
        map.contentDescription = getString(R.string.patrol_map)
        map.clipToOutline = true
        map.background = context.ground(R.color.surface, 14, R.color.line)
        put(map, gap = 14, height = dp(260))
    }

    private fun LinearLayout.points(state: PatrolShown, view: PatrolView) {
        val whole = view.patrol.visited.size + view.patrol.left.size
        if (whole == 0) return
        label(getString(R.string.patrol_points), Size.HEADING, gap = 18)
        progress(view.patrol.visited.size, whole)
        card {
            for ((at, visited) in view.patrol.visited.withIndex()) {
                if (at > 0) line(8)
                row(gap = 8) {
                    image(R.drawable.ic_check, R.color.brand, 24)
                    label(words.checkpoint(visited.checkpoint), gap = 10, weight = 1f)
                    label(words.time(visited.at), Size.SMALL, R.color.ink_soft)
                }
            }
            for (left in view.patrol.left) {
                if (childCount > 0) line(8)
                row(gap = 8) {
                    image(R.drawable.ic_place, R.color.ink_soft, 24)
                    label(words.checkpoint(left), gap = 10, weight = 1f)
                    if (state.isOwn && view.row.state == PatrolState.RUNNING) button(getString(R.string.patrol_here), Tone.QUIET) {
                        act({ it.visitCheckpoint(left, null) })
                    }
                }
            }
        }
    }

    /** Holes are shown as what they are: nothing was recorded, and nothing is counted. */
    private fun LinearLayout.gaps(view: PatrolView) {
        if (view.patrol.gaps.isEmpty()) return
        label(getString(R.string.patrol_gaps), Size.HEADING, gap = 18)
        card(tone = Tone.CAUTION) {
            for (gap in view.patrol.gaps) {
                val span = words.span((gap.to - gap.from) / 1000)
                label(words.text(R.string.patrol_gap, words.time(gap.from), words.time(gap.to), span), Size.STRONG, R.color.on_caution_soft)
                label(words.code("gap", gap.reason), color = R.color.on_caution_soft, gap = 0)
            }
            label(getString(R.string.patrol_gap_honest), Size.SMALL, R.color.on_caution_soft, gap = 8)
        }
    }

    companion object {
        private const val DOCUMENT = "document"
        private const val TICK_MS = 10_000L
        fun of(context: Context, document: String): Intent = Intent(context, PatrolScreen::class.java).putExtra(DOCUMENT, document)
    }
}
