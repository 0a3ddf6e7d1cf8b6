package org.suishou.app.incident

import android.Manifest
import android.os.Bundle
import org.suishou.app.R
import org.suishou.app.phone.CameraFiles
import org.suishou.app.phone.Where
import org.suishou.app.ui.Screen

/** A screen that takes pictures with the phone's camera app and knows where it is. */
abstract class Capture<State> : Screen<State>() {
    protected val where by lazy { Where(this) }
    private var picture: String? = null

    override fun onCreate(saved: Bundle?) {
        picture = saved?.getString(PICTURE)
        super.onCreate(saved)
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putString(PICTURE, picture)
    }

    override fun onStart() {
        super.onStart()
        where.start { located() }
    }

    override fun onStop() {
        super.onStop()
        where.stop()
    }

    /** The phone knows better where it is. */
    protected open fun located() = Unit

    /** A picture was taken. */
    protected abstract fun taken(name: String)

    protected open fun notTaken() = Unit

    protected fun askForPlace() {
        if (!where.isAllowed) withPermission(Manifest.permission.ACCESS_FINE_LOCATION) { if (it) where.start { located() } }
    }

    protected fun snap() = withPermission(Manifest.permission.CAMERA) { isGranted ->
        if (!isGranted) return@withPermission tell(getString(R.string.camera_denied))
        val name = CameraFiles.next()
        picture = name
        runCatching {
            @Suppress("DEPRECATION")
            startActivityForResult(CameraFiles.intent(name), CAMERA)
        }.onFailure { tell(getString(R.string.camera_none)) }
    }

    override fun got(request: Int, result: Int, data: android.content.Intent?) {
        if (request != CAMERA) return
        val name = picture ?: return
        picture = null
        if (result == RESULT_OK && CameraFiles.file(this, name).length() > 0) taken(name) else notTaken()
    }

    private companion object {
        const val CAMERA = 41
        const val PICTURE = "picture"
    }
}
