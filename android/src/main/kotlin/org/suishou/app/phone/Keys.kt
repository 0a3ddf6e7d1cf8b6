package org.suishou.app.phone

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import org.suishou.core.KeyProvider
import java.io.File
import java.security.KeyStore
import java.security.SecureRandom
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * The 32 bytes that mask the phone's key: random, wrapped by a key that never leaves Android's Keystore. A phone whose
 * Keystore does not work keeps them in the app's own folder, and the diagnostics say so.
 */
class Keys(private val context: Context) : KeyProvider {
    private val file get() = File(context.noBackupFilesDir, "secret")

    override fun secret(): ByteArray = synchronized(Keys::class.java) { read() ?: make() }

    val isInKeystore: Boolean get() = file.exists() && file.inputStream().use { it.read() } == WRAPPED

    private fun read(): ByteArray? {
        if (!file.exists()) return null
        val bytes = file.readBytes()
        val kept = bytes.copyOfRange(1, bytes.size)
        if (bytes[0].toInt() == PLAIN) return kept
        return runCatching {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.DECRYPT_MODE, wrappingKey(), GCMParameterSpec(128, kept, 0, 12))
            cipher.doFinal(kept, 12, kept.size - 12)
        }.getOrNull()
    }

    private fun make(): ByteArray {
        val secret = ByteArray(32).also { SecureRandom().nextBytes(it) }
        val kept = runCatching {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.ENCRYPT_MODE, wrappingKey())
            byteArrayOf(WRAPPED.toByte()) + cipher.iv + cipher.doFinal(secret)
        }.getOrElse { byteArrayOf(PLAIN.toByte()) + secret }
        val part = File(file.path + ".part")
        part.outputStream().use { it.write(kept); it.fd.sync() }
        check(part.renameTo(file)) { "the secret could not be kept" }
        return secret
    }

    private fun wrappingKey(): SecretKey {
        val store = KeyStore.getInstance("AndroidKeyStore").apply { load(null) }
        (store.getKey(ALIAS, null) as? SecretKey)?.let { return it }
        val maker = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, "AndroidKeyStore")
        maker.init(
            KeyGenParameterSpec.Builder(ALIAS, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .build(),
        )
        return maker.generateKey()
    }

    private companion object {
        const val ALIAS = "suishou"
        const val CIPHER = "AES/GCM/NoPadding"
        const val PLAIN = 0
        const val WRAPPED = 1
    }
}
