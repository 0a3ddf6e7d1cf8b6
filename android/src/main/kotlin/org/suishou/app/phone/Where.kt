package org.suishou.app.phone

import android.Manifest
import android.annotation.SuppressLint
import android.content.Context
import android.content.pm.PackageManager
import android.location.Location
import android.location.LocationListener
import android.location.LocationManager
import android.os.Build
import android.os.Bundle
import android.os.Looper
import android.os.SystemClock
import org.suishou.core.Degrees
import org.suishou.core.Fix
import org.suishou.core.FixSource

/** Where the phone is, as far as it knows. Nothing ever waits for it. */
@SuppressLint("MissingPermission")
class Where(private val context: Context) {
    private val manager = context.getSystemService(Context.LOCATION_SERVICE) as LocationManager
    private var best: Location? = null
    private var told: ((Location) -> Unit)? = null
    private val listener = object : LocationListener {
        override fun onLocationChanged(location: Location) = take(location)

        @Deprecated("called by Android 9 and older")
        override fun onStatusChanged(provider: String?, status: Int, extras: Bundle?) = Unit
        override fun onProviderEnabled(provider: String) = Unit
        override fun onProviderDisabled(provider: String) = Unit
    }

    val isAllowed: Boolean
        get() = context.checkSelfPermission(Manifest.permission.ACCESS_FINE_LOCATION) == PackageManager.PERMISSION_GRANTED

    val isOn: Boolean get() = providers().isNotEmpty()

    fun start(everyMs: Long = 1000, then: (Location) -> Unit = {}) {
        told = then
        if (!isAllowed) return
        manager.allProviders.forEach { provider ->
            runCatching { manager.getLastKnownLocation(provider) }.getOrNull()?.let(::take)
        }
        // Also of one that is switched off: it may be switched on while the person waits.
        known().forEach { manager.requestLocationUpdates(it, everyMs, 0f, listener, Looper.getMainLooper()) }
    }

    fun stop() {
        told = null
        manager.removeUpdates(listener)
    }

    /** The best fix so far: a fresh one before an old one, a sharp one before a blurred one. */
    fun fix(): Fix? = best?.let(::fixOf)

    private fun known() = listOf(LocationManager.GPS_PROVIDER, LocationManager.NETWORK_PROVIDER).filter { it in manager.allProviders }

    private fun providers() = known().filter { runCatching { manager.isProviderEnabled(it) }.getOrDefault(false) }

    private fun take(location: Location) {
        val known = best
        val isBetter = known == null || ageMs(known) - ageMs(location) > STALE_MS ||
            (ageMs(location) <= ageMs(known) + STALE_MS && location.accuracy <= known.accuracy * 1.2f)
        if (isBetter) best = location
        told?.invoke(location)
    }

    companion object {
        private const val STALE_MS = 20_000L

        /** By the clock that runs since the phone was started: it is right when the wall clock is not. */
        fun ageMs(location: Location): Long =
            ((SystemClock.elapsedRealtimeNanos() - location.elapsedRealtimeNanos) / 1_000_000).coerceAtLeast(0)

        fun fixOf(location: Location) = Fix(
            position = Degrees(location.latitude, location.longitude),
            accuracyM = location.accuracy.toInt().coerceAtLeast(0).toUInt(),
            takenAt = Phone.clock.now() - ageMs(location),
            source = when (location.provider) {
                LocationManager.GPS_PROVIDER -> FixSource.SATELLITE
                LocationManager.NETWORK_PROVIDER -> FixSource.NETWORK
                else -> FixSource.FUSED
            },
            isMock = @Suppress("DEPRECATION")
            if (Build.VERSION.SDK_INT >= 31) location.isMock else location.isFromMockProvider,
        )
    }
}
