package org.suishou.app.phone

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.MediaStore
import java.io.File
import java.util.UUID

/** Lends the camera app one new file at a time. What it wrote is read once and removed. */
class CameraFiles : ContentProvider() {
    override fun onCreate() = true

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        val name = requireNotNull(uri.lastPathSegment).takeIf { it.matches(Regex("[0-9a-f-]{36}")) }
        val file = File(folder(requireNotNull(context)), requireNotNull(name) { "no such picture" })
        return ParcelFileDescriptor.open(file, ParcelFileDescriptor.parseMode(mode))
    }

    override fun getType(uri: Uri) = "image/jpeg"
    override fun query(uri: Uri, p: Array<String>?, s: String?, a: Array<String>?, o: String?) = null
    override fun insert(uri: Uri, values: ContentValues?) = null
    override fun delete(uri: Uri, s: String?, a: Array<String>?) = 0
    override fun update(uri: Uri, v: ContentValues?, s: String?, a: Array<String>?) = 0

    companion object {
        private fun folder(context: Context) = File(context.cacheDir, "camera").apply { mkdirs() }

        /** A name for the next picture; kept by the screen while the camera is open, which may end this process. */
        fun next() = UUID.randomUUID().toString()

        fun intent(name: String): Intent = Intent(MediaStore.ACTION_IMAGE_CAPTURE)
            .putExtra(MediaStore.EXTRA_OUTPUT, Uri.parse("content://org.suishou.app.camera/$name"))
            .addFlags(Intent.FLAG_GRANT_WRITE_URI_PERMISSION or Intent.FLAG_GRANT_READ_URI_PERMISSION)

        fun file(context: Context, name: String) = File(folder(context), name)

        /** The picture's bytes; none if the camera wrote nothing. */
        fun take(context: Context, name: String): ByteArray? {
            val file = file(context, name)
            val bytes = if (file.length() > 0) file.readBytes() else null
            return bytes
        }

        fun drop(context: Context, name: String) { file(context, name).delete() }
    }
}
