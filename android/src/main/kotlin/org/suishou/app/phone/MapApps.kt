package org.suishou.app.phone

import android.content.Context
import android.content.Intent
import android.net.Uri
import org.suishou.core.Degrees
import org.suishou.core.forAmap
import org.suishou.core.forBaidu
import java.util.Locale

/** Hands a place to another app's map, shifted at that moment and nowhere else. */
object MapApps {
    fun amap(at: Degrees): Intent {
        val there = forAmap(at)
        val uri = String.format(
            Locale.ROOT, "androidamap://viewMap?sourceApplication=suishou&lat=%.6f&lon=%.6f&dev=0",
            there.latitude, there.longitude,
        )
        return Intent(Intent.ACTION_VIEW, Uri.parse(uri)).setPackage("com.autonavi.minimap")
    }

    fun baidu(at: Degrees): Intent {
        val there = forBaidu(at)
        val uri = String.format(
            Locale.ROOT, "baidumap://map/marker?location=%.6f,%.6f&coord_type=bd09ll&title=.&content=.&src=suishou",
            there.latitude, there.longitude,
        )
        return Intent(Intent.ACTION_VIEW, Uri.parse(uri)).setPackage("com.baidu.BaiduMap")
    }

    /** Any other app, in WGS-84. */
    fun other(at: Degrees): Intent {
        val place = String.format(Locale.ROOT, "%.6f,%.6f", at.latitude, at.longitude)
        return Intent(Intent.ACTION_VIEW, Uri.parse("geo:$place?q=$place"))
    }

    /** Opens the first that is there; tells whether one was. */
    fun open(context: Context, vararg intents: Intent): Boolean = intents.any { intent ->
        runCatching { context.startActivity(intent) }.isSuccess
    }
}
