package org.suishou.app.settings

import org.suishou.core.Consent
import org.suishou.core.ConsentKind
import org.suishou.core.Counts
import org.suishou.core.EnrolmentView
import org.suishou.core.Field
import org.suishou.core.HeldEntry
import org.suishou.core.StorageReport

/** What the phone holds, what was agreed to, and what did not take effect. */
data class SettingsShown(
    val enrolment: EnrolmentView?,
    val storage: StorageReport,
    val counts: Counts?,
    val held: List<HeldEntry>,
    val consents: List<Consent>,
) {
    fun isGiven(kind: ConsentKind) = consents.find { it.kind == kind }?.givenAt != null
}

object SettingsPresenter {
    fun state(field: Field): SettingsShown {
        val enrolment = runCatching { field.enrolment() }.getOrNull()
        return SettingsShown(enrolment, field.storage(), field.counts(), field.held(), field.consents())
    }

    /** Numbers and versions for the makers: no name, no text, no place, no telephone. */
    fun diagnostics(field: Field, phone: Map<String, Any>): String {
        val counts = field.counts()
        val storage = field.storage()
        val lines = linkedMapOf<String, Any>()
        lines.putAll(phone)
        lines["settings"] = field.settings()?.version ?: 0
        lines["entries"] = "${counts.entriesPending} waiting, ${counts.entriesHeld} held, ${counts.entries} in all"
        lines["blobs"] = "${counts.blobsPending} waiting, ${counts.blobsLost} lost, ${counts.blobs} in all"
        lines["database_bytes"] = storage.databaseBytes
        lines["free_bytes"] = storage.freeBytes
        lines["unsent_bytes"] = storage.unsentBytes
        lines["held_codes"] = field.held().groupingBy { it.code }.eachCount()
        lines["drafts"] = field.drafts().size
        lines["open_patrol"] = field.openPatrol() != null
        lines["salvaged"] = field.salvage() != null
        return lines.entries.joinToString("\n") { (name, value) -> "$name: $value" }
    }
}
