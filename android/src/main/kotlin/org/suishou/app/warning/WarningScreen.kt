package org.suishou.app.warning

import android.content.Context
import android.content.Intent
import android.os.Build
import android.os.Bundle
import android.view.WindowManager
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.incident.PhotoScreen
import org.suishou.app.phone.Notices
import org.suishou.app.phone.remark
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.choices
import org.suishou.app.ui.column
import org.suishou.app.ui.dp
import org.suishou.app.ui.ground
import org.suishou.app.ui.image
import org.suishou.app.ui.label
import org.suishou.app.ui.put
import org.suishou.app.ui.strip
import org.suishou.app.ui.thumb
import org.suishou.core.Field
import org.suishou.core.PostReport
import org.suishou.core.PostView
import org.suishou.core.WarningState

/** A warning over the whole screen, also over the lock screen: what it is, what to do, and that one has read it. */
class WarningScreen : Screen<WarningShown>() {
    private val document get() = intent.getStringExtra(DOCUMENT)!!

    // It is public, and may be shown over the lock screen: no name of anybody stands in it.
    override val isSecret get() = false

    override fun title(): CharSequence = getString(R.string.kind_warning)
    override fun load(field: Field) = WarningPresenter.state(field, document)

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        if (Build.VERSION.SDK_INT >= 27) {
            setShowWhenLocked(true)
            setTurnScreenOn(true)
        } else {
            @Suppress("DEPRECATION")
            window.addFlags(WindowManager.LayoutParams.FLAG_SHOW_WHEN_LOCKED or WindowManager.LayoutParams.FLAG_TURN_SCREEN_ON)
        }
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        setIntent(intent)
        reload()
    }

    override fun LinearLayout.show(state: WarningShown) {
        val view = state.view
        val ink = levelInk(view.row.level)
        val head = LinearLayout(context)
        head.orientation = LinearLayout.VERTICAL
        head.background = context.ground(levelTone(view.row.level), 18)
        head.setPadding(dp(20), dp(20), dp(20), dp(20))
        head.image(R.drawable.ic_warning, ink, 56)
        head.label(words.text(R.string.warning_title, words.code("level", view.row.level), words.hazard(view.row.hazard)), Size.FIGURE, ink, gap = 8)
        head.label(view.row.title, Size.HEADING, ink)
        head.label(words.text(R.string.warning_until, words.code("warning_state", view.state), words.time(view.row.untilAt)), color = ink, gap = 6)
        put(head)
        if (view.text.isNotBlank()) card {
            label(getString(R.string.warning_do), Size.SMALL, R.color.ink_soft)
            label(view.text, Size.HEADING)
        }
        if (view.photos.isNotEmpty()) strip {
            for (photo in view.photos) thumb(state.pictures[photo.hash], getString(R.string.photo), 128) {
                startActivity(PhotoScreen.of(this@WarningScreen, photo.hash))
            }
        }
        val isOver = view.state == WarningState.ENDED || view.state == WarningState.EXPIRED
        if (isOver) return
        if (view.isAcknowledged) card(tone = Tone.SOFT) { label(getString(R.string.warning_known), Size.STRONG, R.color.on_brand_soft) }
        val own = view.posts.filter { it.isMine }
        if (view.isForMe && view.asksReport) {
            own.forEach { post(it) }
            if (own.isEmpty()) card {
                label(getString(R.string.warning_own_place), Size.STRONG)
                said(view.warning.heard.lastOrNull { it.post == null && it.member == state.me }?.report, null)
            }
        }
        if (view.posts.size > own.size) {
            label(getString(R.string.warning_posts), Size.HEADING, gap = 18)
            for (post in view.posts.filter { !it.isMine }) card(gap = 8) {
                label(post.post.name, Size.STRONG)
                label(post.last?.let { words.code("post", it.report) } ?: getString(R.string.warning_unheard), Size.SMALL, R.color.ink_soft, gap = 0)
            }
        }
    }

    override fun LinearLayout.foot(state: WarningShown) {
        val isOver = state.view.state == WarningState.ENDED || state.view.state == WarningState.EXPIRED
        if (state.view.isAcknowledged || isOver || !state.view.isForMe) return
        column {
            setPadding(dp(16), dp(8), dp(16), dp(12))
            button(getString(R.string.warning_acknowledge), icon = R.drawable.ic_check) {
                act({ it.acknowledgeWarning(document) }, then = { Notices.silence(this@WarningScreen, document) })
            }.minimumHeight = dp(72)
        }
    }

    private fun LinearLayout.post(post: PostView) = card {
        label(words.text(R.string.warning_my_post, post.post.name), Size.STRONG)
        said(post.last?.report, post.post.id)
    }

    private fun LinearLayout.said(last: PostReport?, post: UShort?) {
        label(getString(R.string.warning_how), Size.SMALL, R.color.ink_soft)
        choices(PostReport.entries.map { it.name to words.code("post", it) }, last?.name) { code ->
            act({ it.reportPost(document, post, PostReport.valueOf(code), null, remark()) })
        }
    }

    companion object {
        private const val DOCUMENT = "document"
        fun of(context: Context, document: String): Intent = Intent(context, WarningScreen::class.java).putExtra(DOCUMENT, document)
    }
}
