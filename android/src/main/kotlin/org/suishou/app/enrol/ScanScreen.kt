package org.suishou.app.enrol

import android.annotation.SuppressLint
import android.app.Activity
import android.content.Context
import android.content.Intent
import android.graphics.ImageFormat
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.media.Image
import android.media.ImageReader
import android.os.Bundle
import android.os.Handler
import android.os.HandlerThread
import android.view.Gravity
import android.view.Surface
import android.view.TextureView
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.FrameLayout
import android.widget.TextView
import org.suishou.app.R
import org.suishou.app.phone.Wishes
import org.suishou.app.ui.dp
import org.suishou.core.readQr

/** The camera's picture until a QR code is in it. Pictures are read in Rust and kept nowhere. */
class ScanScreen : Activity() {
    private val thread = HandlerThread("scan").apply { start() }
    private val handler = Handler(thread.looper)
    private lateinit var picture: TextureView
    private var camera: CameraDevice? = null
    private var reader: ImageReader? = null
    private var isFound = false

    override fun attachBaseContext(base: Context) = super.attachBaseContext(Wishes.dress(base))

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        val frame = FrameLayout(this).apply { setBackgroundColor(0xFF000000.toInt()) }
        picture = TextureView(this)
        frame.addView(picture, FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
        val text = TextView(this)
        text.setText(R.string.scan_hint)
        text.textSize = 18f
        text.setTextColor(0xFFFFFFFF.toInt())
        text.setShadowLayer(6f, 0f, 0f, 0xFF000000.toInt())
        text.gravity = Gravity.CENTER
        text.setPadding(dp(24), dp(24), dp(24), dp(64))
        frame.addView(text, FrameLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT, Gravity.BOTTOM))
        setContentView(frame)
    }

    override fun onResume() {
        super.onResume()
        if (picture.isAvailable) open() else picture.surfaceTextureListener = object : TextureView.SurfaceTextureListener {
            override fun onSurfaceTextureAvailable(surface: SurfaceTexture, width: Int, height: Int) = open()
            override fun onSurfaceTextureSizeChanged(surface: SurfaceTexture, width: Int, height: Int) = Unit
            override fun onSurfaceTextureDestroyed(surface: SurfaceTexture) = true
            override fun onSurfaceTextureUpdated(surface: SurfaceTexture) = Unit
        }
    }

    override fun onPause() {
        super.onPause()
        camera?.close()
        reader?.close()
        camera = null
    }

    override fun onDestroy() {
        super.onDestroy()
        thread.quitSafely()
    }

    @SuppressLint("MissingPermission")
    private fun open() {
        val manager = getSystemService(CameraManager::class.java)
        val id = manager.cameraIdList.firstOrNull {
            manager.getCameraCharacteristics(it)[CameraCharacteristics.LENS_FACING] == CameraCharacteristics.LENS_FACING_BACK
        } ?: return fail()
        val read = ImageReader.newInstance(WIDTH, HEIGHT, ImageFormat.YUV_420_888, 2)
        read.setOnImageAvailableListener({ it.acquireLatestImage()?.use(::look) }, handler)
        reader = read
        manager.openCamera(id, object : CameraDevice.StateCallback() {
            override fun onOpened(device: CameraDevice) { camera = device; run(device, read) }
            override fun onDisconnected(device: CameraDevice) = device.close()
            override fun onError(device: CameraDevice, error: Int) { device.close(); runOnUiThread(::fail) }
        }, handler)
    }

    private fun run(device: CameraDevice, read: ImageReader) {
        val texture = picture.surfaceTexture ?: return
        texture.setDefaultBufferSize(WIDTH, HEIGHT)
        val shown = Surface(texture)
        val request = device.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
        request.addTarget(shown)
        request.addTarget(read.surface)
        request[CaptureRequest.CONTROL_AF_MODE] = CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE
        @Suppress("DEPRECATION")
        device.createCaptureSession(listOf(shown, read.surface), object : CameraCaptureSession.StateCallback() {
            override fun onConfigured(session: CameraCaptureSession) {
                runCatching { session.setRepeatingRequest(request.build(), null, handler) }
            }
            override fun onConfigureFailed(session: CameraCaptureSession) = runOnUiThread(::fail)
        }, handler)
    }

    private fun look(image: Image) {
        if (isFound) return
        val plane = image.planes[0]
        val bytes = ByteArray(image.width * image.height)
        for (row in 0 until image.height) {
            plane.buffer.position(row * plane.rowStride)
            plane.buffer.get(bytes, row * image.width, image.width)
        }
        val text = readQr(bytes, image.width.toUInt(), image.height.toUInt()) ?: return
        isFound = true
        runOnUiThread {
            setResult(RESULT_OK, Intent().putExtra(TEXT, text))
            finish()
        }
    }

    private fun fail() {
        android.widget.Toast.makeText(this, R.string.camera_denied, android.widget.Toast.LENGTH_LONG).show()
        finish()
    }

    companion object {
        const val TEXT = "text"
        private const val WIDTH = 1280
        private const val HEIGHT = 720
    }
}
