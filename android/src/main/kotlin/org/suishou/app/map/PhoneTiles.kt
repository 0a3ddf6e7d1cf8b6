package org.suishou.app.map

import android.net.ConnectivityManager
import kotlinx.coroutines.sync.Mutex
import org.suishou.app.App
import org.suishou.app.phone.Phone
import org.suishou.app.phone.Wishes

/** The township's base map as core reads it from the file on this phone. */
private class PhoneTiles(
    private val phone: Phone,
    override val zooms: IntRange,
    override val isShifted: Boolean,
) : TileSource {
    override fun tile(z: Int, x: Int, y: Int) = phone.field.baseMapTile(z.toUByte(), x.toUInt(), y.toUInt())
}

/** Brings the base map when that costs nobody anything, and puts it under every map of the app. */
class BaseMap(private val app: App, private val phone: Phone) {
    private val turn = Mutex()

    /** What is here lies under the maps from now on. */
    fun show() {
        val here = phone.field.baseMap()
        app.base = here?.let {
            Tiles(PhoneTiles(phone, it.minZoom.toInt()..it.maxZoom.toInt(), it.isGcj02))
        }
    }

    /** Asks the relay once a day over a network without a price; goes on where it was cut. */
    suspend fun bring() {
        val wishes = Wishes(app)
        val now = Phone.clock.now()
        if (now - wishes.askedForMapAt in 0..<DAY_MS || isMetered() || !turn.tryLock()) return
        try {
            phone.field.fetchBaseMap()
            wishes.askedForMapAt = now
            show()
            phone.changed()
        } finally {
            turn.unlock()
        }
    }

    private fun isMetered() = app.getSystemService(ConnectivityManager::class.java).isActiveNetworkMetered

    private companion object {
        const val DAY_MS = 24 * 60 * 60_000L
    }
}
