package org.suishou.app.search

import android.content.Context
import android.content.Intent
import android.os.Bundle
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.widget.LinearLayout
import android.widget.TextView
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.phone.query
import org.suishou.app.ui.LongList
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.choice
import org.suishou.app.ui.dp
import org.suishou.app.ui.input
import org.suishou.app.ui.label
import org.suishou.app.ui.strip
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.Listing
import org.suishou.core.Mine
import org.suishou.core.Sort

/** What is looked for beside words and a kind: said by whoever opens the list. */
data class Look(val grid: String? = null, val isMine: Boolean = false, val isOpen: Boolean = false, val isOverdue: Boolean = false)

object SearchPresenter {
    const val PAGE = 50

    fun page(field: Field, text: String, kind: DocumentKind?, look: Look, after: String?): Listing = field.list(
        query(
            kinds = listOfNotNull(kind), text = text, grid = look.grid, whose = if (look.isMine) Mine.ONLY else Mine.OR_OTHERS,
            isOpen = if (look.isOpen) true else null, overdue = look.isOverdue,
            sort = if (look.isOverdue) Sort.DUE_FIRST else Sort.NEWEST, limit = PAGE, after = after,
        ),
    )
}

/** Everything on this phone, by words of one character and more, and by kind; as long as it is. */
class SearchScreen : Screen<Listing>() {
    private var text = ""
    private var kind: DocumentKind? = null
    private val look by lazy {
        Look(intent.getStringExtra(GRID), intent.hasExtra(MINE), intent.hasExtra(OPEN), intent.hasExtra(OVERDUE))
    }
    private lateinit var list: LongList
    private lateinit var found: TextView
    private lateinit var head: LinearLayout

    override fun title(): CharSequence = intent.getStringExtra(TITLE) ?: getString(R.string.search)
    override val isLive get() = false
    override fun load(field: Field) = SearchPresenter.page(field, text, kind, look, null)

    override fun onCreate(saved: Bundle?) {
        kind = DocumentKind.entries.find { it.name == (saved ?: intent.extras)?.getString(KIND) }
        text = saved?.getString("text") ?: ""
        super.onCreate(saved)
        list = LongList(
            this, app.phone, { field, after -> SearchPresenter.page(field, text, kind, look, after) },
            row = { rowOf(words, it) }, onPress = { startActivity(screenOf(this, it)) }, onFailure = { tell(words.failure(it)) },
        )
        val column = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL }
        head = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL; setPadding(dp(16), dp(4), dp(16), dp(4)) }
        head.input(getString(R.string.search_hint), text, gap = 0) { typed ->
            text = typed
            find()
        }
        kinds()
        found = head.label("", Size.SMALL, R.color.ink_soft, gap = 8)
        column.addView(head)
        column.addView(list.view, LinearLayout.LayoutParams(MATCH_PARENT, 0, 1f))
        instead(column)
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString(KIND, kind?.name)
        out.putString("text", text)
    }

    override fun LinearLayout.show(state: Listing) = fill(state)

    /** On one line that is moved sideways: the list has the rest of the screen. */
    private fun kinds() {
        val all = listOf("" to getString(R.string.everything)) + DocumentKind.entries.map { it.name to words.code("kind", it) }
        val strip = head.strip(8) {}
        val line = strip.getChildAt(0) as LinearLayout
        fun choose() {
            line.removeAllViews()
            for ((code, text) in all) line.choice(text, isChosen = code == (kind?.name ?: ""), gap = 8) {
                kind = DocumentKind.entries.find { it.name == code }
                choose()
                find()
            }
        }
        choose()
    }

    /** Only the results are drawn anew, so that the keyboard stays. */
    private fun find() {
        val (asked, of) = text to kind
        app.phone.ask({ load(it) }) { done ->
            if (isDestroyed || asked != text || of != kind) return@ask
            done.onSuccess(::fill).onFailure { tell(words.failure(it)) }
        }
    }

    private fun fill(first: Listing) {
        val total = first.total.toInt()
        found.text = resources.getQuantityString(R.plurals.found, total, total)
        list.begin(first)
    }

    companion object {
        private const val KIND = "kind"
        private const val GRID = "grid"
        private const val MINE = "mine"
        private const val OPEN = "open"
        private const val OVERDUE = "overdue"
        private const val TITLE = "title"

        /** Those of one kind that are asked for. */
        fun of(context: Context, title: String, kind: DocumentKind, look: Look): Intent {
            val intent = Intent(context, SearchScreen::class.java).putExtra(TITLE, title).putExtra(KIND, kind.name).putExtra(GRID, look.grid)
            for ((name, isOn) in listOf(MINE to look.isMine, OPEN to look.isOpen, OVERDUE to look.isOverdue)) if (isOn) intent.putExtra(name, true)
            return intent
        }
    }
}
