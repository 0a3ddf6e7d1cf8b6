package org.suishou.app

import android.app.Activity
import android.net.ConnectivityManager
import android.net.NetworkInfo.DetailedState
import android.net.NetworkInfo.State
import android.view.View
import android.widget.CheckBox
import android.widget.EditText
import android.widget.ListView
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkInfo
import org.robolectric.shadows.ShadowToast
import org.suishou.app.area.AreaScreen
import org.suishou.app.home.HomeScreen
import org.suishou.app.incident.IncidentScreen
import org.suishou.app.incident.ReportScreen
import org.suishou.app.map.MapView
import org.suishou.app.map.PlaceScreen
import org.suishou.app.notice.PublishScreen
import org.suishou.app.phone.query
import org.suishou.app.search.SearchScreen
import org.suishou.app.task.GiveScreen
import org.suishou.app.ui.RowView
import org.suishou.core.DocumentKind
import org.suishou.core.FixSource
import org.suishou.core.GridSource
import org.suishou.core.IncidentState
import org.suishou.core.Mine
import org.suishou.core.ReportDraft
import org.suishou.core.Severity
import java.lang.management.ManagementFactory
import java.util.Collections
import java.util.IdentityHashMap

/** What leaders give, where a report is put on the map, and lists that are long. */
class WorkTest : AppTest() {
    private fun Activity.started() = checkNotNull(shadowOf(this).nextStartedActivity) { "nothing was opened" }.component!!.className
    private fun Activity.write(at: Int, text: String) { views().filterIsInstance<EditText>()[at].setText(text); settle() }
    private fun Activity.tick(text: String) { views().filterIsInstance<CheckBox>().first { it.text.toString() == text }.performClick(); settle() }
    private fun count(kind: DocumentKind) = phone.field.count(query(kinds = listOf(kind))).toInt()

    @Test
    fun `a leader sees the own grids, accepts, gives a task and publishes a notice`() {
        enrol("l1")
        town.json("incident", "report", "--text", "路灯不亮", "--category", "order", "--grid", "g1")
        await("the incident arrives") { sync() && count(DocumentKind.INCIDENT) == 1 }
        val home = open(HomeScreen::class.java)
        await("the figures of the area") { home.says("未办结 1，超期 0") }
        home.press("我的片区")
        assertEquals(AreaScreen::class.java.name, home.started())
        val area = open(AreaScreen::class.java)
        assertTrue(area.says("现在没有人在巡查") && area.says("后山村") && !area.says("老街组"))

        val incident = phone.field.incidents(Mine.OR_OTHERS, 1u, 0u).single().row.document
        val seen = open(IncidentScreen::class.java, IncidentScreen.of(application, incident))
        seen.press("受理")
        await("accepted at the relay as well") {
            sync() && town.json("incident", "show", incident).toString().contains("\"accepted\"") &&
                phone.field.incident(incident).incident.state == IncidentState.ACCEPTED
        }

        area.press("派任务")
        assertEquals(GiveScreen::class.java.name, area.started())
        val give = open(GiveScreen::class.java)
        give.press("转移安置")
        give.write(0, "河沿组转移")
        give.press("派出去")
        assertEquals("请选择发给哪些网格。", ShadowToast.getTextOfLatestToast())
        give.tick("河沿村")
        give.write(2, "张大爷一家，河沿组3号，2\n李阿姨\n")
        give.press("派出去")
        await("a shelter is missing, and said so") { ShadowToast.getTextOfLatestToast() == "请选择安置点。" }
        give.write(3, "镇中学")
        give.press("派出去")
        await("the task is kept") { count(DocumentKind.TASK) == 1 }
        val task = phone.field.task(phone.field.list(query(kinds = listOf(DocumentKind.TASK))).items.single().row.let { (it as org.suishou.core.Row.Task).v1.document })
        assertEquals(listOf("张大爷一家" to 2, "李阿姨" to 1), task.items.map { it.item.text to it.item.people.toInt() })
        assertEquals("河沿组3号", task.items.first().item.address)

        val publish = open(PublishScreen::class.java)
        publish.write(0, "今晚停水")
        publish.write(1, "八点到十点停水，请先接好。")
        publish.tick("石桥村")
        publish.press("发出去")
        await("the notice is kept") { count(DocumentKind.NOTICE) == 1 }
        await("both are at the relay, and nothing of them was held") {
            sync() && phone.field.counts().run { entriesPending == 0uL && entriesHeld == 0uL } &&
                "河沿组转移" in town.run("task", "list", "--json") && "今晚停水" in town.run("notice", "list", "--json")
        }
    }

    @Test
    fun `a report's place is pointed at on the map, and its grid follows or is chosen`() {
        enrol("m1")
        val report = open(ReportScreen::class.java)
        stand(29.0512, 119.6021)
        report.write(0, "对岸的树倒了")
        report.press("在地图上改地点")
        val asked = checkNotNull(shadowOf(report).nextStartedActivityForResult)
        assertEquals(PlaceScreen::class.java.name, asked.intent.component!!.className)
        val place = open(PlaceScreen::class.java, asked.intent)
        val map = place.views().filterIsInstance<MapView>().single()
        // 600 m north of where the phone stands lies another grid.
        map.pick(map.width / 2f, map.height / 2f - 600 * map.height.coerceAtMost(map.width) / 2500f)
        await("its grid is found") { place.says("老街") || place.says("新街") }
        place.press("就在这里")
        shadowOf(report).receiveResult(asked.intent, shadowOf(place).resultCode, shadowOf(place).resultIntent)
        await("the report says so") { report.says("地图上选的") }
        stand(29.0512, 119.6021, 3f)
        val kept = phone.field.drafts().single().body
        assertEquals("what was pointed at stays", FixSource.MANUAL, kept.fix!!.source)
        assertTrue(kept.fix!!.position.latitude > 29.055)
        assertNull(kept.grid)

        report.press("在地图上改地点")
        val again = checkNotNull(shadowOf(report).nextStartedActivityForResult)
        val other = open(PlaceScreen::class.java, again.intent)
        other.press("按名称选网格")
        val dialog = org.robolectric.shadows.ShadowAlertDialog.getLatestAlertDialog() as android.app.AlertDialog
        val names = dialog.listView.adapter.let { all -> (0 until all.count).map { all.getItem(it).toString() } }
        dialog.listView.performItemClick(dialog.listView, names.indexOf("水库"), 0)
        settle()
        other.press("只改网格")
        shadowOf(report).receiveResult(again.intent, shadowOf(other).resultCode, shadowOf(other).resultIntent)
        await("the grid is the chosen one") { report.says("水库") }
        report.press("环境卫生")
        report.press("上报")
        await("reported") { phone.field.incidents(Mine.ONLY, 1u, 0u).size == 1 }
        val done = phone.field.incident(phone.field.incidents(Mine.ONLY, 1u, 0u).single().row.document).place
        assertEquals(GridSource.CHOSEN, done.gridSource)
        assertEquals(FixSource.MANUAL, done.source)
        assertEquals("g7", done.grid)
    }

    @Test
    fun `six hundred reports are scrolled through with a screenful of rows`() {
        enrol("m1")
        town.stop()
        for (number in 1..MANY) phone.field.report(ReportDraft("第${number}件", "order", Severity.NORMAL, null, "g0", emptyList(), null, false, null))
        val screen = open(SearchScreen::class.java)
        assertTrue(screen.says("找到 $MANY 条"))
        val list = screen.views().filterIsInstance<ListView>().single()
        val texts = HashSet<String>()
        val rows = Collections.newSetFromMap(IdentityHashMap<View, Boolean>())
        var (bound, spent) = 0 to 0L
        var at = 0
        val clock = ManagementFactory.getThreadMXBean()
        while (at < MANY) {
            val begun = clock.currentThreadCpuTime
            list.setSelection(at)
            list.measure(View.MeasureSpec.makeMeasureSpec(list.width, View.MeasureSpec.EXACTLY), View.MeasureSpec.makeMeasureSpec(list.height, View.MeasureSpec.EXACTLY))
            list.layout(list.left, list.top, list.right, list.bottom)
            spent += clock.currentThreadCpuTime - begun
            val shown = (0 until list.childCount).map { (list.getChildAt(it) as android.widget.FrameLayout).getChildAt(0) as RowView }
            assertTrue("the list goes on", shown.isNotEmpty())
            rows += shown
            bound += shown.size
            shown.forEach { row -> row.words().filter { it.startsWith("第") }.forEach { texts += it } }
            at += shown.size
            settle()
        }
        assertEquals("each is met", (1..MANY).map { "第${it}件" }.toSet(), texts)
        assertTrue("${rows.size} rows were made for $MANY reports", rows.size < 40)
        println("list: %d reports, %d views made, %.2f ms a row on the JVM".format(MANY, rows.size, spent / 1e6 / bound))

        screen.write(0, "第599件")
        await("one is found by its words") { screen.says("找到 1 条") }
        assertNotNull(list.getChildAt(0))
    }

    @Test
    fun `the base map comes over a network without a price and lies under the maps`() {
        val file = java.io.File(town.file("map.mbtiles", "")).apply { delete() }
        val piece = picture()
        android.database.sqlite.SQLiteDatabase.openOrCreateDatabase(file, null).use { made ->
            made.execSQL("CREATE TABLE metadata (name TEXT, value TEXT)")
            made.execSQL("CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)")
            made.execSQL("CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
            made.execSQL("INSERT INTO metadata VALUES ('name', '桥头')")
            made.execSQL("INSERT INTO tiles VALUES (3, 6, 4, ?)", arrayOf(piece))
        }
        town.run("basemap", "load", file.path, "--gcj02")
        onNetwork(ConnectivityManager.TYPE_MOBILE)
        enrol("m1")
        sync()
        assertNull("not over a network that costs", phone.field.baseMap())
        onNetwork(ConnectivityManager.TYPE_WIFI)
        await("it is here") { sync() && application.base != null }
        // Row 4 from the south is row 3 from the north.
        assertTrue(piece.contentEquals(phone.field.baseMapTile(3u, 6u, 3u)))
        assertTrue(phone.field.baseMap()!!.isGcj02)

        onNetwork(ConnectivityManager.TYPE_MOBILE)
        kill()
        open(HomeScreen::class.java)
        await("it is drawn without a network, after a restart") { application.base != null }
    }

    private fun onNetwork(type: Int) {
        val network = ShadowNetworkInfo.newInstance(DetailedState.CONNECTED, type, 0, true, State.CONNECTED)
        shadowOf(application.getSystemService(ConnectivityManager::class.java)).setActiveNetworkInfo(network)
    }

    private fun View.words(): List<String> = when (this) {
        is TextView -> listOf(text.toString())
        is android.view.ViewGroup -> (0 until childCount).flatMap { getChildAt(it).words() }
        else -> emptyList()
    }

    private companion object {
        const val MANY = 600
    }
}
