package org.suishou.app.ui

import android.app.Activity
import android.app.AlertDialog
import android.content.Context
import android.os.Build
import android.os.Bundle
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.WindowInsets
import android.view.WindowManager
import android.widget.LinearLayout
import android.widget.ScrollView
import android.widget.Toast
import org.suishou.app.R
import org.suishou.app.app
import org.suishou.app.phone.Wishes
import org.suishou.app.phone.Words
import org.suishou.app.settings.Lock
import org.suishou.core.Field

/**
 * A screen: its presenter makes a state of the store on the worker's thread, its view shows it. It reads again after
 * every change, and keeps its place.
 */
abstract class Screen<State> : Activity() {
    protected lateinit var words: Words
        private set
    protected lateinit var body: LinearLayout
        private set
    private lateinit var scroll: ScrollView
    private lateinit var frame: LinearLayout
    protected var state: State? = null
        private set
    private val reread: () -> Unit = { reload() }
    private var isReading = false
    private var isStale = false

    /** Makes the state; on the worker's thread. */
    protected abstract fun load(field: Field): State

    /** Shows it, from nothing. */
    protected abstract fun LinearLayout.show(state: State)

    /** What stands above; none for a screen that has its own head. */
    protected open fun title(): CharSequence? = null

    /** Names of people stand here: no picture of it is taken by others. */
    protected open val isSecret: Boolean get() = true

    /** A screen that is typed into reads once, so that nothing is taken from under the person's fingers. */
    protected open val isLive: Boolean get() = true

    protected open fun LinearLayout.actions() = Unit

    /** Below everything that scrolls. */
    protected open fun LinearLayout.foot(state: State) = Unit

    override fun attachBaseContext(base: Context) = super.attachBaseContext(Wishes.dress(base))

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        if (isSecret) window.addFlags(WindowManager.LayoutParams.FLAG_SECURE)
        words = Words(this, null)
        frame = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL }
        frame.setBackgroundColor(getColor(R.color.ground))
        title()?.let { head(it) }
        scroll = ScrollView(this).apply { isFillViewport = true; clipToPadding = false }
        body = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL; setPadding(dp(16), dp(8), dp(16), dp(24)) }
        scroll.addView(body)
        frame.addView(scroll, LinearLayout.LayoutParams(MATCH_PARENT, 0, 1f))
        setContentView(frame)
        keepClear(frame)
    }

    private fun head(title: CharSequence) = frame.row {
        setPadding(dp(4), dp(4), dp(8), dp(4))
        iconButton(R.drawable.ic_back, getString(R.string.back)) { finish() }
        label(title, Size.TITLE, gap = 4, weight = 1f).apply { maxLines = 2 }
        actions()
    }

    /** Nothing stands under the system's bars or the keyboard. */
    private fun keepClear(view: View) {
        view.setOnApplyWindowInsetsListener { padded, insets ->
            if (Build.VERSION.SDK_INT >= 30) {
                val bars = insets.getInsets(
                    WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout() or WindowInsets.Type.ime(),
                )
                padded.setPadding(bars.left, bars.top, bars.right, bars.bottom)
            } else {
                @Suppress("DEPRECATION")
                padded.setPadding(
                    insets.systemWindowInsetLeft, insets.systemWindowInsetTop,
                    insets.systemWindowInsetRight, insets.systemWindowInsetBottom,
                )
            }
            insets
        }
    }

    override fun onStart() {
        super.onStart()
        Lock.ask(this)
        app.syncer.begin(looker)
    }

    override fun onResume() {
        super.onResume()
        if (isLive) app.phone.watch(reread)
        if (isLive || state == null) reload()
    }

    override fun onPause() {
        super.onPause()
        app.phone.unwatch(reread)
    }

    override fun onStop() {
        super.onStop()
        if (!isChangingConfigurations) app.syncer.end(looker)
    }

    protected fun reload() {
        if (isReading) { isStale = true; return }
        isReading = true
        app.phone.ask({ field -> Words(this, app.phone.township()) to load(field) }) { done ->
            isReading = false
            if (isDestroyed) return@ask
            done.onSuccess { (words, state) ->
                this.words = words
                if (this.state != state) {
                    this.state = state
                    draw()
                }
            }.onFailure { if (state == null) failed(it) else tell(words.failure(it)) }
            if (isStale) { isStale = false; reload() }
        }
    }

    /** Shows the present state anew. */
    protected fun draw() {
        val shown = state ?: return
        val at = scroll.scrollY
        body.removeAllViews()
        body.show(shown)
        while (frame.childCount > (if (title() == null) 1 else 2)) frame.removeViewAt(frame.childCount - 1)
        frame.foot(shown)
        scroll.post { scroll.scrollTo(0, at) }
    }

    private fun failed(error: Throwable) {
        body.removeAllViews()
        body.card(tone = Tone.CAUTION) {
            label(words.failure(error), color = R.color.on_caution_soft)
            button(getString(R.string.try_again), Tone.SURFACE) { reload() }
        }
    }

    /** Does something that is kept; what kept it from being done is told. */
    protected fun <T> act(work: (Field) -> T, then: (T) -> Unit = {}) {
        app.phone.act(work) { done ->
            if (isDestroyed) return@act
            done.onSuccess(then).onFailure { tell(words.failure(it)) }
        }
    }

    /** For a screen that shows something to be moved with fingers. */
    protected fun instead(view: View) {
        frame.removeView(scroll)
        frame.addView(view, LinearLayout.LayoutParams(MATCH_PARENT, 0, 1f))
    }

    fun tell(text: CharSequence) = Toast.makeText(this, text, Toast.LENGTH_LONG).show()

    protected fun ask(text: CharSequence, yes: CharSequence, then: () -> Unit) {
        AlertDialog.Builder(this).setMessage(text)
            .setPositiveButton(yes) { _, _ -> then() }
            .setNegativeButton(R.string.cancel, null).show()
    }

    /** One of several, in a list to press. */
    protected fun pick(title: CharSequence, options: List<Pair<String, String>>, then: (String) -> Unit) {
        AlertDialog.Builder(this).setTitle(title)
            .setItems(options.map { it.second }.toTypedArray()) { _, at -> then(options[at].first) }
            .setNegativeButton(R.string.cancel, null).show()
    }

    /** A few words, typed. */
    protected fun askText(title: CharSequence, hint: CharSequence, then: (String) -> Unit) {
        var typed = ""
        val box = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL; setPadding(dp(20), dp(8), dp(20), 0) }
        box.input(hint, "", lines = 3) { typed = it }
        AlertDialog.Builder(this).setTitle(title).setView(box)
            .setPositiveButton(R.string.ok) { _, _ -> then(typed.trim()) }
            .setNegativeButton(R.string.cancel, null).show()
    }

    /** Asks once for what is needed; does it in either case, since nothing may wait for it. */
    protected fun withPermission(permission: String, then: (Boolean) -> Unit) {
        if (checkSelfPermission(permission) == android.content.pm.PackageManager.PERMISSION_GRANTED) return then(true)
        permissionThen = then
        requestPermissions(arrayOf(permission), 7)
    }

    /** What another screen or app answered. */
    protected open fun got(request: Int, result: Int, data: android.content.Intent?) = Unit

    @Deprecated("there is no other without AndroidX")
    override fun onActivityResult(request: Int, result: Int, data: android.content.Intent?) {
        if (!Lock.answered(this, request, result)) got(request, result, data)
    }

    private var permissionThen: ((Boolean) -> Unit)? = null

    override fun onRequestPermissionsResult(code: Int, permissions: Array<out String>, results: IntArray) {
        val then = permissionThen ?: return
        permissionThen = null
        then(results.firstOrNull() == android.content.pm.PackageManager.PERMISSION_GRANTED)
    }

    /** One screen stops after the next one started: each counts for itself. */
    private val looker = "screen ${System.identityHashCode(this)}"
}
