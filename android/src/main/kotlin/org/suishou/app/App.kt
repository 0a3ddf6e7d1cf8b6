package org.suishou.app

import android.app.Application
import android.content.Context
import org.suishou.app.map.BaseMap
import org.suishou.app.map.Tiles
import org.suishou.app.phone.Notices
import org.suishou.app.phone.Phone
import org.suishou.app.sync.Syncer

/** The app: one phone and one syncer for as long as the process lives. */
class App : Application() {
    lateinit var phone: Phone
        private set
    lateinit var syncer: Syncer
        private set

    lateinit var baseMap: BaseMap
        private set

    /** The base map under every map of this app; none if this phone has none. */
    @Volatile
    var base: Tiles? = null

    override fun onCreate() {
        super.onCreate()
        Notices.makeChannels(this)
        begin()
    }

    /** Opens the store as a fresh process does. */
    fun begin() {
        phone = Phone(this)
        syncer = Syncer(this, phone)
        phone.onAct = syncer::stir
        base = null
        baseMap = BaseMap(this, phone)
    }
}

val Context.app: App get() = applicationContext as App
