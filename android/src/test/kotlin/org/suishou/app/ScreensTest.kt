package org.suishou.app

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import android.widget.EditText
import android.widget.ScrollView
import android.widget.TextView
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.RuntimeEnvironment
import org.suishou.app.enrol.EnrolScreen
import org.suishou.app.home.HomeScreen
import org.suishou.app.incident.BlurScreen
import org.suishou.app.incident.DraftsScreen
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.incident.QuickScreen
import org.suishou.app.incident.ReportScreen
import org.suishou.app.map.MapScreen
import org.suishou.app.notice.NoticeScreen
import org.suishou.app.patrol.BatteryScreen
import org.suishou.app.patrol.PatrolScreen
import org.suishou.app.phone.CameraFiles
import org.suishou.app.phone.Wishes
import org.suishou.app.phone.query
import org.suishou.app.search.SearchScreen
import org.suishou.app.settings.SettingsScreen
import org.suishou.app.task.TaskScreen
import org.suishou.app.ui.dp
import org.suishou.app.visit.CardScreen
import org.suishou.app.visit.HouseholdScreen
import org.suishou.app.visit.HouseholdsScreen
import org.suishou.app.visit.VisitScreen
import org.suishou.app.warning.WarningScreen
import org.suishou.core.Degrees
import org.suishou.core.DocumentKind
import org.suishou.core.Fix
import org.suishou.core.FixSource
import org.suishou.core.ReportDraft
import org.suishou.core.Row
import org.suishou.core.Severity
import org.suishou.core.TaskForm
import org.suishou.core.TrackFix
import java.io.File
import java.time.Instant

/** Every screen as a picture, in light, dark, large text and English; and that fingers and screen readers find everything. */
class ScreensTest : AppTest() {
    private val folder = File(System.getProperty("screens.dir")!!).apply { mkdirs() }
    private var look = "light"

    private fun fix(latitude: Double, longitude: Double) =
        Fix(Degrees(latitude, longitude), 12u, org.suishou.app.phone.Phone.clock.now(), FixSource.SATELLITE, false)

    private fun report(text: String, category: String, severity: Severity, place: Pair<Double, Double>, photos: Int): String {
        val hashes = (0 until photos).map { phone.field.addPhoto(picture(it + text.length), emptyList()) }
        return phone.field.report(ReportDraft(text, category, severity, fix(place.first, place.second), null, hashes, null, false, null))
    }

    private fun inHours(hours: Long) = Instant.now().plusSeconds(hours * 3600).toString()

    private fun one(kind: DocumentKind) = phone.field.list(query(kinds = listOf(kind))).items.map { it.row }

    /** A day in the life of a grid member, so that no screen is empty. */
    private fun day(): String {
        enrol("m1")
        val puddle = report("石桥桥头积水，过不了车", "disaster", Severity.HIGH, 29.0512 to 119.6021, 2)
        report("路灯不亮", "order", Severity.NORMAL, 29.0553 to 119.6082, 1)
        report("", "sanitation", Severity.LOW, 29.0545 to 119.6041, 1)
        check(sync())
        town.json("incident", "accept", puddle, "--remark", "已经看到，马上安排")
        town.json("incident", "dispatch", puddle, "--to", "water", "--remark", "请带抽水泵")
        val own = phone.field.settings()!!
        town.json("warning", "issue", "--hazard", own.hazards.first().id, "--level", "orange", "--title", "今晚到明天有暴雨，河水会涨", "--text", "巡查河边和低洼处，劝离钓鱼的人，老人住的低房子要看一遍。",
            "--until", inHours(20), "--everyone", "--ask-report")
        town.json("task", "give", "--form", "reminder", "--title", "出门带雨衣，过河走大桥", "--everyone")
        town.json("task", "give", "--form", "evacuation", "--title", "河沿组转移", "--text", "先老人后其他人，逐户落实。", "--due", inHours(3), "--shelter", "镇中学", "--shelter", "村委会", "--member", "m1",
            "--items", town.file("items.csv", "text,address,people\n张大爷一家,河沿组 3 号,2\n李阿姨,河沿组 5 号,1\n陈家,河沿组 8 号,4\n"))
        val moved = { one(DocumentKind.TASK).filterIsInstance<Row.Task>().first { it.v1.form == TaskForm.EVACUATION }.v1.document }
        town.json("task", "give", "--form", "muster", "--title", "应急队到镇政府集合", "--due", inHours(1), "--everyone")
        town.json("task", "give", "--form", "inspection", "--title", "检查老街消防通道", "--due", inHours(30), "--member", "m1", "--proof",
            "--items", town.file("checks.csv", "text,address\n通道是否畅通,老街 1 弄\n灭火器,老街 2 弄\n"))
        town.json("notice", "publish", "--title", "医保缴费到本月底", "--text", "今年的医保缴费到本月底截止。可以在手机上交，也可以带身份证到村委会交。家里老人不会用手机的，请帮一帮。",
            "--theme", own.themes.first().id, "--ask-read", "--everyone")
        town.json("household", "add", "--name", "刘奶奶", "--address", "石桥村 12 号", "--phone", "0579-5550134", "--people", "1", "--purpose", own.purposes.first().id, "--needs", "腿脚不便，要人帮忙买药", "--every-days", "7", "--grid", "g0")
        town.json("household", "add", "--name", "郑家", "--address", "后山村 4 号", "--people", "3", "--purpose", own.purposes.first().id, "--every-days", "30", "--grid", "g1")
        for ((kind, count) in listOf(DocumentKind.TASK to 4, DocumentKind.HOUSEHOLD to 2, DocumentKind.NOTICE to 1, DocumentKind.WARNING to 1)) {
            await("$count of $kind arrive") { sync() && one(kind).size == count }
        }
        clockOffMs.set(-1_560_000)
        phone.field.startPatrol("汛期查河道", null, listOf("c1", "c2"))
        clockOffMs.set(0)
        var at = org.suishou.app.phone.Phone.clock.now() - 1_500_000
        // Fixes of the last twenty minutes, with a hole of five in it.
        for (step in 0 until 120) {
            at += if (step == 60) 300_000 else 10_000
            phone.field.patrolFix(TrackFix(at, Degrees(29.0510 + step * 0.00004, 119.6020 + step * 0.00005), 8u))
        }
        phone.field.visitCheckpoint("c1", 12u)
        phone.field.markItem(moved(), 1u, org.suishou.core.ItemState.MOVED, 0u, org.suishou.app.phone.remark())
        val draft = phone.field.startDraft(DocumentKind.INCIDENT)
        phone.field.saveDraft(draft.copy(body = draft.body.copy(text = "后山坡脚有落石")))
        return puddle
    }

    private fun dress(look: String) {
        this.look = look
        val wishes = Wishes(application)
        wishes.isElder = look == "elder"
        wishes.language = if (look == "english") "en" else "zh"
        RuntimeEnvironment.setQualifiers(if (look == "dark") "+night" else "+notnight")
    }

    private fun <T : Activity> show(name: String, screen: Class<T>, intent: Intent? = null, then: T.() -> Unit = {}) {
        val activity = open(screen, intent)
        activity.then()
        settle()
        check(activity, name)
        draw(activity, name)
    }

    /** The whole of it, also what must be scrolled to. */
    private fun draw(activity: Activity, name: String) {
        val content = activity.window.decorView
        val scroll = activity.views().filterIsInstance<ScrollView>().firstOrNull()
        val more = scroll?.let { (it.getChildAt(0)?.height ?: 0) - it.height }?.coerceIn(0, 4400) ?: 0
        val (width, height) = content.width to content.height + more
        if (more > 0) {
            content.measure(View.MeasureSpec.makeMeasureSpec(width, View.MeasureSpec.EXACTLY), View.MeasureSpec.makeMeasureSpec(height, View.MeasureSpec.EXACTLY))
            content.layout(0, 0, width, height)
        }
        val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        content.draw(Canvas(bitmap))
        val half = Bitmap.createScaledBitmap(bitmap, width / 2, height / 2, true)
        File(folder, "$name-$look.png").outputStream().use { half.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    /** 48 dp for fingers, words for screen readers, and no word that is cut off. */
    private fun check(activity: Activity, name: String) {
        for (view in activity.views().filter { it.isShown && it.hasOnClickListeners() }) {
            val words = (view as? TextView)?.text?.toString().orEmpty() + (view.contentDescription ?: "") + inside(view)
            assertTrue("$name: something to press has no words: $view", words.isNotBlank())
            val isText = view.parent is View && view is TextView && view !is android.widget.Button && view !is EditText
            if (!isText) assertTrue(
                "$name: \"$words\" is ${view.width / view.resources.displayMetrics.density} x ${view.height / view.resources.displayMetrics.density} dp",
                view.height >= view.dp(48) - 1 && view.width >= view.dp(44),
            )
        }
    }

    private fun inside(view: View): String = if (view is android.view.ViewGroup) (0 until view.childCount).joinToString("") {
        val child = view.getChildAt(it)
        (child as? TextView)?.text?.toString().orEmpty() + inside(child)
    } else ""

    private fun all(puddle: String) {
        show("home-member", HomeScreen::class.java)
        show("report", ReportScreen::class.java, ReportScreen.ofDraft(application, phone.field.drafts().first().id)) { stand(29.0562, 119.6081) }
        show("incident", IncidentScreen::class.java, IncidentScreen.of(application, puddle))
        show("patrol", PatrolScreen::class.java)
        show("warning", WarningScreen::class.java, WarningScreen.of(application, (one(DocumentKind.WARNING).first() as Row.Warning).v1.document))
        for (row in one(DocumentKind.TASK).filterIsInstance<Row.Task>().map { it.v1 }.filter { it.form != TaskForm.REMINDER }) {
            show("task-${row.form.name.lowercase()}", TaskScreen::class.java, TaskScreen.of(application, row.document))
        }
        show("notice", NoticeScreen::class.java, NoticeScreen.of(application, (one(DocumentKind.NOTICE).first() as Row.Notice).v1.document))
        show("households", HouseholdsScreen::class.java)
        val household = one(DocumentKind.HOUSEHOLD).filterIsInstance<Row.Household>().first { it.v1.name == "刘奶奶" }.v1.document
        show("household", HouseholdScreen::class.java, HouseholdScreen.of(application, household))
        show("visit", VisitScreen::class.java, VisitScreen.of(application, household))
        show("card", CardScreen::class.java)
        show("map", MapScreen::class.java) { stand(29.0562, 119.6081) }
        show("search", SearchScreen::class.java)
        show("drafts", DraftsScreen::class.java)
        show("settings", SettingsScreen::class.java)
        show("battery", BatteryScreen::class.java)
    }

    private fun memberIn(look: String) {
        val puddle = day()
        dress(look)
        all(puddle)
    }

    @Test fun `a member's screens in light`() = memberIn("light")
    @Test fun `a member's screens in dark`() = memberIn("dark")
    @Test fun `a member's screens in large text`() = memberIn("elder")
    @Test fun `a member's screens in English`() = memberIn("english")

    /** Twice the size by the system's own setting: everything can still be reached. */
    @Test
    fun `a member's screens at twice the size`() {
        val puddle = day()
        RuntimeEnvironment.setFontScale(2.0f)
        dress("double")
        all(puddle)
    }

    private fun informantIn(look: String) {
        dress(look)
        show("enrol-notice", EnrolScreen::class.java)
        val isEnglish = look == "english"
        open(EnrolScreen::class.java).agree(if (isEnglish) "I agree" else "同意", if (isEnglish) "Go on" else "选好了，继续")
        show("enrol", EnrolScreen::class.java) { press(if (look == "english") "No camera" else "没有相机") }
        enrol("i1")
        show("enrol-check", EnrolScreen::class.java)
        show("quick", QuickScreen::class.java) { photograph() }
        show("quick-kept", QuickScreen::class.java) {
            photograph()
            press(if (look == "english") "Sanitation" else "环境卫生")
            settle()
        }
        check(sync())
        val id = phone.field.incidents(org.suishou.core.Mine.ONLY, 1u, 0u).single().row.document
        town.json("incident", "accept", id)
        town.json("incident", "close", id, "--remark", "垃圾已清走，谢谢您")
        phone.field.quickReport(picture(3), "food_safety", fix(29.0512, 119.6021))
        await("the answer comes") { sync() && phone.field.incident(id).incident.state == org.suishou.core.IncidentState.CLOSED }
        town.stop()
        phone.field.quickReport(picture(5), "fire_risk", null)
        sync()
        show("home-informant", HomeScreen::class.java)
        val name = CameraFiles.next()
        CameraFiles.file(application, name).writeBytes(picture())
        show("blur", BlurScreen::class.java, BlurScreen.of(application, name, "0"))
    }

    @Test fun `an informant's screens in light`() = informantIn("light")
    @Test fun `an informant's screens in dark`() = informantIn("dark")
    @Test fun `an informant's screens in large text`() = informantIn("elder")
    @Test fun `an informant's screens in English`() = informantIn("english")
}
