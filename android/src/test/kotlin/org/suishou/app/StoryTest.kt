package org.suishou.app

import android.app.Activity
import android.app.NotificationManager
import android.content.Intent
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.suishou.app.enrol.EnrolScreen
import org.suishou.app.enrol.ScanScreen
import org.suishou.app.home.HomeScreen
import org.suishou.app.incident.QuickScreen
import org.suishou.app.incident.ReportScreen
import org.suishou.app.patrol.PatrolScreen
import org.suishou.app.patrol.PatrolService
import org.suishou.app.warning.WarningScreen
import org.suishou.core.GapReason
import org.suishou.core.Mine
import java.time.Instant

/** On the newest Android that runs here, and on the oldest that the app supports. */
class StoryTest : Stories()

/** A process of its own: the library knows one app at a time. */
@Config(sdk = [26])
class OldestAndroidTest : Stories()

abstract class Stories : AppTest() {
    @Test
    fun `a report written offline outlives a kill, goes out, and its answer is shown`() {
        val enrol = open(EnrolScreen::class.java)
        enrol.press("选好了，继续")
        assertTrue("nothing is agreed to by itself", phone.field.consents().isEmpty())
        enrol.agree("同意")
        enrol.press("扫一扫")
        val asked = shadowOf(enrol).nextStartedActivityForResult
        assertEquals(ScanScreen::class.java.name, asked.intent.component!!.className)
        shadowOf(enrol).receiveResult(asked.intent, Activity.RESULT_OK, Intent().putExtra(ScanScreen.TEXT, town.invitation("i1")))
        await("enrolled") { enrol.says("已登记到桥头镇") }
        val digits = phone.field.checkCode()!!
        assertTrue("the digits to compare are shown", enrol.says(digits))
        await("the settings arrive") { phone.field.settings() != null }

        town.stop()
        val quick = open(QuickScreen::class.java)
        quick.photograph()
        quick.press("环境卫生")
        await("kept") { quick.says("已保存") }
        sync()

        kill()
        val home = open(HomeScreen::class.java)
        await("the banner tells what waits") { home.says("只在本机") }
        assertTrue(home.says("没有网络") || home.says("还没有联系上") || home.says("上次联系"))

        town.start()
        await("it goes out by itself or with the next sync") { sync() && phone.field.counts().run { entriesPending == 0uL && blobsPending == 0uL } }
        await("stored") { home.says("中心已存") }

        val id = town.json("incident", "list").getJSONArray("incidents").getJSONObject(0).getString("document")
        town.json("incident", "accept", id)
        town.json("incident", "close", id, "--remark", "垃圾已清走，谢谢周师傅")
        await("the answer is shown") { sync() && home.says("垃圾已清走，谢谢周师傅") && home.says("已办结") }
    }

    @Test
    fun `a patrol that was killed goes on with its gap`() {
        enrol("m1")
        val screen = open(PatrolScreen::class.java)
        screen.press("开始巡查")
        await("running") { screen.says("正在巡查") }
        assertNotNull("the service is asked to run in sight", shadowOf(application).nextStartedService)
        val service = Robolectric.buildService(PatrolService::class.java, Intent()).create().startCommand(0, 1)
        settle()
        assertNotNull(shadowOf(service.get()).lastForegroundNotification)
        stand(29.0520, 119.6010)
        await("the first fix is kept") { phone.field.track(phone.field.openPatrol()!!).sumOf { it.fixes.size } == 1 }
        service.destroy()

        kill()
        clockOffMs.addAndGet(600_000)
        org.robolectric.shadows.ShadowSystemClock.advanceBy(java.time.Duration.ofMinutes(10))
        val patrol = phone.field.openPatrol()!!
        val again = Robolectric.buildService(PatrolService::class.java, Intent()).create().startCommand(0, 1)
        settle()
        stand(29.0530, 119.6012)
        await("the hole is declared") { phone.field.patrol(patrol).patrol.gaps.singleOrNull()?.reason == GapReason.KILLED }
        again.destroy()
        val shown = open(PatrolScreen::class.java)
        assertTrue("the hole is shown as what it is", shown.says("应用被系统关闭") && shown.says("这些时段不算路程"))
        shown.press("结束")
        shadowOf(org.robolectric.shadows.ShadowAlertDialog.getLatestAlertDialog()).let {
            (org.robolectric.shadows.ShadowAlertDialog.getLatestAlertDialog() as android.app.AlertDialog).getButton(-1).performClick()
        }
        await("over") { shown.says("已结束") }
        // 113 m apart: on both sides of the hole, so that nothing of it counts.
        assertEquals(0uL, phone.field.patrol(patrol).row.distanceM)
    }

    @Test
    fun `a warning rings, opens over the lock screen and is acknowledged`() {
        enrol("m1")
        val until = Instant.now().plusSeconds(7200).toString()
        town.json("warning", "issue", "--hazard", hazard(), "--level", "red", "--title", "桥下水位上涨", "--text", "河边住户马上转移", "--until", until, "--everyone")
        fun ringing() = shadowOf(application.getSystemService(NotificationManager::class.java)).allNotifications.filter { it.fullScreenIntent != null }
        await("it rings") { sync() && ringing().isNotEmpty() }
        val ringing = ringing().single()
        val intent = shadowOf(ringing.fullScreenIntent).savedIntent
        assertEquals(WarningScreen::class.java.name, intent.component!!.className)

        val screen = open(WarningScreen::class.java, intent)
        assertTrue(screen.says("红色") && screen.says("河边住户马上转移"))
        screen.press("我知道了")
        await("acknowledged") { screen.says("您已确认") }
        assertTrue("it is silent", ringing().isEmpty())
        await("the centre knows") { sync() && town.json("warning", "list").getJSONArray("warnings").getJSONObject(0).getInt("acknowledged") == 1 }
        sync()
        assertTrue("it does not ring again", ringing().isEmpty())
    }

    private fun hazard() = phone.field.settings()!!.hazards.first().id

    @Test
    fun `a revoked phone says so and what was not sent is sealed`() {
        enrol("m1")
        val device = town.json("device", "list").getJSONArray("devices").getJSONObject(0).getString("id")
        town.run("device", "revoke", device)
        await("the revocation is signed and taken") { sync(); phone.field.enrolment().isRevoked }
        val home = Robolectric.buildActivity(HomeScreen::class.java).setup()
        settle()
        assertEquals(EnrolScreen::class.java.name, shadowOf(home.get()).nextStartedActivity.component!!.className)
        home.close()
        val screen = open(EnrolScreen::class.java)
        assertTrue(screen.says("桥头镇注销了这台手机"))
    }

    @Test
    fun `a clock ten years off loses nothing and orders nothing`() {
        clockOffMs.set(-10L * 365 * 86_400_000)
        enrol("i1")
        val quick = open(QuickScreen::class.java)
        quick.photograph()
        quick.press("火灾隐患")
        await("kept") { quick.says("已保存") }
        await("sent") { sync() && phone.field.counts().entriesPending == 0uL }
        val id = town.json("incident", "list").getJSONArray("incidents").getJSONObject(0).getString("document")
        town.json("incident", "accept", id)
        await("its state comes back") { sync() && phone.field.incidents(Mine.ONLY, 1u, 0u).single().row.state == org.suishou.core.IncidentState.ACCEPTED }
        val home = open(HomeScreen::class.java)
        assertTrue(home.says("已受理"))
    }

    @Test
    fun `a draft is kept from the first letter on`() {
        enrol("m1")
        val report = open(ReportScreen::class.java)
        report.views().filterIsInstance<android.widget.EditText>().first().setText("河")
        settle()
        kill()
        assertEquals("河", phone.field.drafts().single().body.text)
        val again = open(ReportScreen::class.java, ReportScreen.ofDraft(application, phone.field.drafts().single().id))
        again.press("环境卫生")
        again.press("上报")
        await("reported") { phone.field.incidents(Mine.ONLY, 9u, 0u).size == 1 && phone.field.drafts().isEmpty() }
    }

    /** A disk of 24 MB of its own, which takes root: where that can't be had the test says so and is left out. */
    @Test
    fun `on a full phone the photo is refused in words and a text is still kept`() {
        val disk = java.nio.file.Files.createTempDirectory("disk").toFile()
        val mounted = ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk.path).start().waitFor() == 0
        org.junit.Assume.assumeTrue("no disk of its own can be made here", mounted)
        try {
            java.nio.file.Files.createSymbolicLink(phone.folder.toPath(), disk.toPath())
            enrol("m1")
            val home = open(HomeScreen::class.java)
            assertTrue(home.says("手机快满了"))
            val filler = java.io.File(disk, "others")
            runCatching { filler.outputStream().use { out -> while (true) out.write(ByteArray(65536)) } }
            val quick = open(QuickScreen::class.java)
            quick.photograph()
            quick.press("环境卫生")
            await("it is told") { org.robolectric.shadows.ShadowToast.getTextOfLatestToast()?.contains("存储已满") == true }
            assertEquals(0, phone.field.incidents(Mine.ONLY, 9u, 0u).size)
            val report = open(ReportScreen::class.java)
            report.views().filterIsInstance<android.widget.EditText>().first().setText("桥上有裂缝")
            settle()
            report.press("火灾隐患")
            report.press("上报")
            await("the text is kept") { phone.field.incidents(Mine.ONLY, 9u, 0u).size == 1 }
        } finally {
            application.syncer.close()
            phone.close()
            ProcessBuilder("umount", "-l", disk.path).start().waitFor()
        }
    }
}
