package org.suishou.app.phone

import android.content.Context
import android.media.MediaPlayer
import android.media.MediaRecorder
import android.os.Build
import java.io.File

/** Records what somebody says, as AAC in MP4, at most as long as core takes. */
class Voice(private val context: Context) {
    private var recorder: MediaRecorder? = null
    private val file get() = File(context.cacheDir, "voice.m4a")
    val isRunning get() = recorder != null

    fun start() {
        file.delete()
        @Suppress("DEPRECATION")
        val made = if (Build.VERSION.SDK_INT >= 31) MediaRecorder(context) else MediaRecorder()
        made.setAudioSource(MediaRecorder.AudioSource.MIC)
        made.setOutputFormat(MediaRecorder.OutputFormat.MPEG_4)
        made.setAudioEncoder(MediaRecorder.AudioEncoder.AAC)
        made.setAudioChannels(1)
        made.setAudioSamplingRate(16_000)
        made.setAudioEncodingBitRate(24_000)
        made.setMaxDuration(MAX_MS)
        made.setOutputFile(file.path)
        made.prepare()
        made.start()
        recorder = made
    }

    /** The recording; none if nothing was recorded. */
    fun stop(): ByteArray? {
        val running = recorder ?: return null
        recorder = null
        val isWhole = runCatching { running.stop() }.isSuccess
        running.release()
        val bytes = if (isWhole && file.length() > 0) file.readBytes() else null
        file.delete()
        return bytes
    }

    companion object {
        const val MAX_MS = 60_000
        private var player: MediaPlayer? = null

        fun play(path: String, then: () -> Unit) {
            player?.release()
            player = MediaPlayer().apply {
                setDataSource(path)
                setOnCompletionListener { it.release(); player = null; then() }
                prepare()
                start()
            }
        }
    }
}
