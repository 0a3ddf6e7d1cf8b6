package org.suishou.app.search

import android.content.Context
import android.content.Intent
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.incident.incidentCard
import org.suishou.app.notice.NoticeScreen
import org.suishou.app.patrol.PatrolScreen
import org.suishou.app.phone.query
import org.suishou.app.task.TaskScreen
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.image
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.app.ui.row
import org.suishou.app.visit.HouseholdScreen
import org.suishou.app.visit.VisitScreen
import org.suishou.app.warning.WarningScreen
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.IncidentListed
import org.suishou.core.Listed
import org.suishou.core.Listing
import org.suishou.core.Row

/** Everything on this phone, by words of one character and more, and by kind. */
class SearchScreen : Screen<Listing>() {
    private var text = ""
    private var kind: DocumentKind? = null
    private var results: LinearLayout? = null
    private var pages = 1

    override fun title(): CharSequence = getString(R.string.search)
    override val isLive get() = false

    override fun onCreate(saved: android.os.Bundle?) {
        kind = DocumentKind.entries.find { it.name == (saved ?: intent.extras)?.getString(KIND) }
        text = saved?.getString("text") ?: ""
        super.onCreate(saved)
    }

    override fun onSaveInstanceState(out: android.os.Bundle) {
        super.onSaveInstanceState(out)
        out.putString(KIND, kind?.name)
        out.putString("text", text)
    }

    override fun load(field: Field): Listing =
        field.list(query(kinds = listOfNotNull(kind), text = text, isOpen = null, limit = (PAGE * pages).coerceAtMost(200)))

    override fun LinearLayout.show(state: Listing) {
        input(getString(R.string.search_hint), text, gap = 0) { typed ->
            text = typed
            pages = 1
            find()
        }
        val kinds = listOf("" to getString(R.string.everything)) + DocumentKind.entries.map { it.name to words.code("kind", it) }
        choices(kinds, kind?.name ?: "", gap = 12) { chosen ->
            kind = DocumentKind.entries.find { it.name == chosen }
            pages = 1
            reload()
        }
        results = column(gap = 14)
        fill(state)
    }

    /** Only the results are drawn anew, so that the keyboard stays. */
    private fun find() {
        app.phone.ask({ load(it) }) { done -> done.onSuccess(::fill) }
    }

    private fun fill(listing: Listing) {
        val list = results ?: return
        list.removeAllViews()
        list.label(resources.getQuantityString(R.plurals.found, listing.total.toInt(), listing.total.toInt()), Size.SMALL, R.color.ink_soft)
        listing.items.forEach { list.result(it) }
        if (listing.next != null) list.button(getString(R.string.more), Tone.QUIET) { pages += 1; find() }
    }

    private fun LinearLayout.result(listed: Listed) = when (val row = listed.row) {
        is Row.Incident -> incidentCard(words, IncidentListed(row.v1, listed.stored)) { open(IncidentScreen.of(context, row.v1.document)) }
        is Row.Task -> plain(R.drawable.ic_task, row.v1.title, words.code("form", row.v1.form), TaskScreen.of(context, row.v1.document))
        is Row.Warning -> plain(R.drawable.ic_warning, row.v1.title, words.code("level", row.v1.level), WarningScreen.of(context, row.v1.document))
        is Row.Notice -> plain(R.drawable.ic_notice, row.v1.title, words.theme(row.v1.theme), NoticeScreen.of(context, row.v1.document))
        is Row.Household -> plain(R.drawable.ic_person, row.v1.name, row.v1.address, HouseholdScreen.of(context, row.v1.document))
        is Row.Visit -> plain(
            R.drawable.ic_home, row.v1.excerpt.ifEmpty { words.purpose(row.v1.purpose) },
            words.text(R.string.time_place, words.time(row.v1.at), words.code("outcome", row.v1.outcome)),
            VisitScreen.look(context, row.v1.document),
        )
        is Row.Patrol -> plain(
            R.drawable.ic_walk, words.grid(row.v1.grid),
            words.text(R.string.time_place, words.time(row.v1.startedAt), words.distance(row.v1.distanceM.toLong())),
            PatrolScreen.of(context, row.v1.document),
        )
    }

    private fun LinearLayout.plain(icon: Int, title: String, under: String, intent: Intent) = card(gap = 8, onPress = { open(intent) }) {
        row {
            image(icon, R.color.brand, 24)
            column(gap = 12, weight = 1f) {
                label(title, Size.STRONG).apply { maxLines = 2 }
                if (under.isNotBlank()) label(under, Size.SMALL, R.color.ink_soft, gap = 0)
            }
        }
    }

    private fun open(intent: Intent) = startActivity(intent)

    companion object {
        private const val KIND = "kind"
        private const val PAGE = 30
        fun tasks(context: Context): Intent = Intent(context, SearchScreen::class.java).putExtra(KIND, DocumentKind.TASK.name)
    }
}
