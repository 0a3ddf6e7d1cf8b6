package org.suishou.app.patrol

import android.content.ComponentName
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.provider.Settings
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.ui.Screen
import org.suishou.app.ui.Size
import org.suishou.app.ui.Tone
import org.suishou.app.ui.button
import org.suishou.app.ui.card
import org.suishou.app.ui.label
import org.suishou.core.Field

/** How to keep a maker's battery manager from ending a patrol: the right page if it can be opened, the way to it in any case. */
class BatteryScreen : Screen<Unit>() {
    override fun title(): CharSequence = getString(R.string.battery_title)
    override val isSecret get() = false
    override val isLive get() = false
    override fun load(field: Field) = Unit

    override fun LinearLayout.show(state: Unit) {
        label(getString(R.string.battery_why))
        val own = Maker.entries.find { maker -> maker.names.any { Build.MANUFACTURER.lowercase().contains(it) } }
        for (maker in listOfNotNull(own) + Maker.entries.filter { it != own }) card(tone = if (maker == own) Tone.SOFT else Tone.SURFACE) {
            val ink = if (maker == own) R.color.on_brand_soft else R.color.ink
            label(getString(maker.title), Size.HEADING, ink)
            label(getString(maker.way), color = ink)
            if (maker == own) button(getString(R.string.battery_open)) { open(maker) }
        }
        button(getString(R.string.battery_system), Tone.QUIET) {
            start(Intent(Settings.ACTION_IGNORE_BATTERY_OPTIMIZATION_SETTINGS))
        }
    }

    /** The maker's page; else this app's own page in the system's settings. */
    private fun open(maker: Maker) {
        val pages = maker.pages.map { (owner, page) -> Intent().setComponent(ComponentName(owner, page)) }
        if (pages.none(::start)) start(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.parse("package:$packageName")))
    }

    private fun start(intent: Intent) = runCatching { startActivity(intent) }.isSuccess

    private enum class Maker(val title: Int, val way: Int, val names: List<String>, val pages: List<Pair<String, String>>) {
        XIAOMI(
            R.string.maker_xiaomi, R.string.battery_xiaomi, listOf("xiaomi", "redmi", "poco"),
            listOf("com.miui.securitycenter" to "com.miui.permcenter.autostart.AutoStartManagementActivity"),
        ),
        HUAWEI(
            R.string.maker_huawei, R.string.battery_huawei, listOf("huawei"),
            listOf(
                "com.huawei.systemmanager" to "com.huawei.systemmanager.startupmgr.ui.StartupNormalAppListActivity",
                "com.huawei.systemmanager" to "com.huawei.systemmanager.optimize.process.ProtectActivity",
            ),
        ),
        HONOR(
            R.string.maker_honor, R.string.battery_honor, listOf("honor"),
            listOf("com.hihonor.systemmanager" to "com.hihonor.systemmanager.startupmgr.ui.StartupNormalAppListActivity"),
        ),
        OPPO(
            R.string.maker_oppo, R.string.battery_oppo, listOf("oppo", "realme", "oneplus"),
            listOf("com.coloros.safecenter" to "com.coloros.safecenter.startupapp.StartupAppListActivity"),
        ),
        VIVO(
            R.string.maker_vivo, R.string.battery_vivo, listOf("vivo", "iqoo"),
            listOf("com.vivo.permissionmanager" to "com.vivo.permissionmanager.activity.BgStartUpManagerActivity"),
        ),
    }
}
