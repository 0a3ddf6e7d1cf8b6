package org.suishou.app.incident

import android.content.Context
import android.content.Intent
import android.graphics.BitmapFactory
import android.widget.ImageView
import android.widget.LinearLayout
import org.suishou.app.R
import org.suishou.app.ui.Screen
import org.suishou.app.ui.label
import org.suishou.app.ui.put
import org.suishou.core.Field

/** One photo as large as the screen, or where it is if it is not here. */
class PhotoScreen : Screen<String?>() {
    override fun title(): CharSequence = getString(R.string.photo)
    override val isLive get() = false

    override fun load(field: Field): String = intent.getStringExtra(HASH)!!.let { field.blobFile(it) ?: field.previewFile(it) ?: "" }

    override fun LinearLayout.show(state: String?) {
        val bitmap = state?.ifEmpty { null }?.let(BitmapFactory::decodeFile)
        if (bitmap == null) {
            label(getString(R.string.photo_on_relay))
            return
        }
        val picture = ImageView(context)
        picture.setImageBitmap(bitmap)
        picture.adjustViewBounds = true
        picture.contentDescription = getString(R.string.photo)
        put(picture)
    }

    companion object {
        private const val HASH = "hash"
        fun of(context: Context, hash: String): Intent = Intent(context, PhotoScreen::class.java).putExtra(HASH, hash)
    }
}
