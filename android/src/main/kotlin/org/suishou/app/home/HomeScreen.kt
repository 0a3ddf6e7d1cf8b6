package org.suishou.app.home

import android.Manifest
import android.content.Intent
import android.os.Build
import android.os.Bundle
import android.view.Gravity
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.enrol.EnrolScreen
import org.suishou.app.incident.DraftsScreen
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.incident.QuickScreen
import org.suishou.app.incident.ReportScreen
import org.suishou.app.incident.incidentCard
import org.suishou.app.map.MapScreen
import org.suishou.app.notice.NoticeScreen
import org.suishou.app.patrol.PatrolScreen
import org.suishou.app.phone.Phone
import org.suishou.app.phone.Wishes
import org.suishou.app.search.SearchScreen
import org.suishou.app.settings.SettingsScreen
import org.suishou.app.sync.SyncJob
import org.suishou.app.task.TaskScreen
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.chip
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.ground
import org.suishou.app.ui.iconButton
import org.suishou.app.ui.image
import org.suishou.app.ui.label
import org.suishou.app.ui.put
import org.suishou.app.ui.row
import org.suishou.app.visit.HouseholdScreen
import org.suishou.app.visit.HouseholdsScreen
import org.suishou.app.warning.WarningScreen
import org.suishou.app.warning.levelInk
import org.suishou.app.warning.levelTone
import org.suishou.core.Field
import org.suishou.core.FieldException
import org.suishou.core.PatrolState
import org.suishou.core.Role

/** Today: one big button for an informant; for a member what is asked, what is due, and what became of the reports. */
class HomeScreen : Screen<HomeState>() {
    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        SyncJob.plan(this)
    }

    override fun load(field: Field): HomeState {
        val syncer = app.syncer
        return HomePresenter.state(field, SyncShown(syncer.isRunning, syncer.problem, Wishes(this).lastSyncAt))
    }

    override fun LinearLayout.show(state: HomeState) {
        if (!state.isEnrolled) {
            startActivity(Intent(this@HomeScreen, EnrolScreen::class.java))
            return finish()
        }
        askToNotify()
        head(state)
        banner(state)
        state.salvage?.let { salvaged(it.entries.toInt(), it.entriesLost.toInt()) }
        if (state.isLow) card(tone = Tone.CAUTION, onPress = { open(SettingsScreen::class.java) }) {
            label(getString(R.string.low_title), Size.STRONG, R.color.on_caution_soft)
            label(getString(R.string.low_text), color = R.color.on_caution_soft)
        }
        warnings(state)
        if (state.role == Role.INFORMANT) informant(state) else member(state)
    }

    /** A warning can ring only if notifications are allowed: asked once, when there is somebody to warn. */
    private fun askToNotify() {
        val wishes = Wishes(this)
        if (Build.VERSION.SDK_INT < 33 || wishes.wasAskedToNotify) return
        wishes.wasAskedToNotify = true
        withPermission(Manifest.permission.POST_NOTIFICATIONS) {}
    }

    private fun open(screen: Class<*>) = startActivity(Intent(this, screen))

    private fun LinearLayout.head(state: HomeState) = row {
        column(weight = 1f) {
            label(state.township, Size.TITLE)
            label(words.text(R.string.home_who, words.code("role", state.role!!), state.member), Size.SMALL, R.color.ink_soft, gap = 0)
        }
        iconButton(R.drawable.ic_search, getString(R.string.search)) { open(SearchScreen::class.java) }
        iconButton(R.drawable.ic_gear, getString(R.string.settings)) { open(SettingsScreen::class.java) }
    }

    /** The truth about the network and about what is only here. */
    private fun LinearLayout.banner(state: HomeState) {
        val counts = state.counts ?: return
        val waiting = (counts.entriesPending + counts.blobsPending).toInt()
        val what = if (waiting == 0) getString(R.string.banner_all) else
            getString(R.string.banner_waiting, counts.entriesPending.toInt(), counts.blobsPending.toInt())
        val problem = state.sync.problem
        val how = when {
            state.sync.isRunning && problem == null -> getString(R.string.banner_running)
            problem is FieldException.Retry -> getString(R.string.banner_offline)
            problem != null -> words.failure(problem)
            state.sync.lastAt > 0 -> getString(R.string.banner_last, words.time(state.sync.lastAt))
            else -> getString(R.string.banner_never)
        }
        val tone = if (problem != null) Tone.CAUTION else if (waiting == 0) Tone.SOFT else Tone.INFO
        card(tone = tone) {
            row {
                image(if (waiting == 0) R.drawable.ic_cloud else R.drawable.ic_phone_only, tone.ink, 26)
                column(gap = 12, weight = 1f) {
                    label(what, Size.STRONG, tone.ink)
                    label(how, Size.SMALL, tone.ink, gap = 2)
                }
            }
        }
        if (counts.entriesHeld > 0u) card(tone = Tone.ALARM, onPress = { open(SettingsScreen::class.java) }) {
            label(getString(R.string.banner_held, counts.entriesHeld.toInt()), Size.STRONG, R.color.on_danger_soft)
        }
    }

    private fun LinearLayout.salvaged(whole: Int, lost: Int) = card(tone = Tone.CAUTION) {
        label(getString(R.string.salvage_title), Size.STRONG, R.color.on_caution_soft)
        label(getString(R.string.salvage_text, whole, lost), color = R.color.on_caution_soft)
        button(getString(R.string.seen), Tone.SURFACE) { act({ it.salvageSeen() }) }
    }

    private fun LinearLayout.warnings(state: HomeState) {
        for ((row, isAcknowledged) in state.warnings) {
            val ink = levelInk(row.level)
            val card = card(onPress = { startActivity(WarningScreen.of(this@HomeScreen, row.document)) }) {
                row {
                    image(R.drawable.ic_warning, ink, 28)
                    column(gap = 12, weight = 1f) {
                        label(words.text(R.string.warning_title, words.code("level", row.level), words.hazard(row.hazard)), Size.HEADING, ink)
                        label(row.title, color = ink, gap = 0)
                        label(getString(if (isAcknowledged) R.string.warning_known else R.string.warning_unknown), Size.SMALL, ink)
                    }
                }
            }
            card.background = ground(levelTone(row.level), 14, isPressable = true)
        }
    }

    private fun LinearLayout.informant(state: HomeState) {
        val big = LinearLayout(context)
        big.orientation = LinearLayout.VERTICAL
        big.gravity = Gravity.CENTER
        big.background = ground(R.color.brand, 28, isPressable = true)
        big.setPadding(dp(16), dp(28), dp(16), dp(28))
        big.contentDescription = getString(R.string.snap) + "。" + getString(R.string.snap_how)
        big.isFocusable = true
        big.setOnClickListener { open(QuickScreen::class.java) }
        big.image(R.drawable.ic_camera, R.color.on_brand, 84)
        big.label(getString(R.string.snap), Size.FIGURE, R.color.on_brand, gap = 8).gravity = Gravity.CENTER
        big.label(getString(R.string.snap_how), color = R.color.on_brand, gap = 2).gravity = Gravity.CENTER
        put(big, gap = 14)
        card(tone = Tone.SOFT) {
            row {
                image(R.drawable.ic_lock, R.color.on_brand_soft, 22)
                label(getString(R.string.nobody_learns), Size.SMALL, R.color.on_brand_soft, gap = 10, weight = 1f)
            }
        }
        drafts(state)
        notices(state)
        tasks(state)
        reports(state, getString(R.string.what_became))
        button(getString(R.string.complain), Tone.QUIET, R.drawable.ic_pen, gap = 20) {
            startActivity(ReportScreen.ofMatter(this@HomeScreen))
        }
    }

    private fun LinearLayout.member(state: HomeState) {
        reminders(state)
        patrol(state)
        row(gap = 12) {
            button(getString(R.string.report), icon = R.drawable.ic_camera, weight = 1f) { open(ReportScreen::class.java) }
            button(getString(R.string.map), Tone.SOFT, R.drawable.ic_map, weight = 1f) { open(MapScreen::class.java) }
        }
        drafts(state)
        if (state.toDo.isNotEmpty()) {
            section(R.string.home_to_do)
            state.toDo.forEach { listed -> incidentCard(words, listed) { startActivity(IncidentScreen.of(context, listed.row.document)) } }
        }
        tasks(state)
        section(R.string.home_visits)
        if (state.households.isEmpty()) label(getString(R.string.home_no_visits), color = R.color.ink_soft)
        for (row in state.households) card(gap = 8, onPress = { startActivity(HouseholdScreen.of(this@HomeScreen, row.document)) }) {
            row {
                image(R.drawable.ic_person, R.color.brand, 24)
                column(gap = 12, weight = 1f) {
                    label(row.name, Size.STRONG)
                    label(row.address, Size.SMALL, R.color.ink_soft, gap = 0)
                    row.dueAt?.let { chip(getString(R.string.due_by, words.day(it)), Tone.CAUTION, gap = 6) }
                }
            }
        }
        button(getString(R.string.all_households), Tone.QUIET, R.drawable.ic_list) { open(HouseholdsScreen::class.java) }
        notices(state)
        reports(state, getString(R.string.my_reports))
        button(getString(R.string.complain), Tone.QUIET, R.drawable.ic_pen, gap = 20) {
            startActivity(ReportScreen.ofMatter(this@HomeScreen))
        }
    }

    private fun LinearLayout.section(text: Int) = label(getString(text), Size.HEADING, gap = 22)

    private fun LinearLayout.reminders(state: HomeState) {
        for (row in state.reminders) card(tone = Tone.INFO, onPress = { startActivity(TaskScreen.of(this@HomeScreen, row.document)) }) {
            label(getString(R.string.today_reminder), Size.SMALL, R.color.on_info_soft)
            label(row.title, Size.STRONG, R.color.on_info_soft)
        }
    }

    private fun LinearLayout.patrol(state: HomeState) {
        val running = state.patrol
        if (running == null) {
            button(getString(R.string.patrol_begin), Tone.SOFT, R.drawable.ic_walk, gap = 14) { open(PatrolScreen::class.java) }
            return
        }
        val isPaused = running.row.state == PatrolState.PAUSED
        card(tone = Tone.BRAND, onPress = { open(PatrolScreen::class.java) }) {
            row {
                image(R.drawable.ic_walk, R.color.on_brand, 30)
                column(gap = 12, weight = 1f) {
                    label(getString(if (isPaused) R.string.patrol_paused else R.string.patrol_running), Size.HEADING, R.color.on_brand)
                    label(words.text(R.string.patrol_since, words.time(running.row.startedAt)), color = R.color.on_brand, gap = 0)
                }
            }
        }
    }

    private fun LinearLayout.drafts(state: HomeState) {
        if (state.drafts == 0) return
        card(tone = Tone.INFO, onPress = { open(DraftsScreen::class.java) }) {
            label(resources.getQuantityString(R.plurals.drafts_waiting, state.drafts, state.drafts), Size.STRONG, R.color.on_info_soft)
        }
    }

    private fun LinearLayout.tasks(state: HomeState) {
        if (state.tasks.isEmpty()) return
        section(R.string.home_tasks)
        for (row in state.tasks) card(gap = 8, onPress = { startActivity(TaskScreen.of(this@HomeScreen, row.document)) }) {
            row {
                image(R.drawable.ic_task, R.color.brand, 24)
                column(gap = 12, weight = 1f) {
                    label(row.title, Size.STRONG)
                    label(words.code("form", row.form), Size.SMALL, R.color.ink_soft, gap = 0)
                    row.dueAt?.let { due ->
                        val isLate = due < Phone.clock.now()
                        chip(getString(if (isLate) R.string.late_since else R.string.due_by, words.time(due)), if (isLate) Tone.ALARM else Tone.QUIET, gap = 6)
                    }
                }
            }
        }
        if (state.moreTasks > 0) button(getString(R.string.more_tasks, state.moreTasks.toInt()), Tone.QUIET) {
            startActivity(SearchScreen.tasks(this@HomeScreen))
        }
    }

    private fun LinearLayout.notices(state: HomeState) {
        if (state.notices.isEmpty()) return
        section(R.string.home_notices)
        for ((row, isRead) in state.notices) card(gap = 8, onPress = { startActivity(NoticeScreen.of(this@HomeScreen, row.document)) }) {
            row {
                image(R.drawable.ic_notice, R.color.brand, 24)
                column(gap = 12, weight = 1f) {
                    label(row.title, Size.STRONG)
                    row.theme?.let { label(words.theme(it), Size.SMALL, R.color.ink_soft, gap = 0) }
                    if (!isRead) chip(getString(R.string.unread), Tone.INFO, gap = 6)
                }
            }
        }
    }

    private fun LinearLayout.reports(state: HomeState, title: String) {
        label(title, Size.HEADING, gap = 22)
        if (state.reports.isEmpty()) label(getString(R.string.no_reports), color = R.color.ink_soft)
        for (report in state.reports) incidentCard(words, report.listed, report.answer) {
            startActivity(IncidentScreen.of(context, report.listed.row.document))
        }
    }
}
