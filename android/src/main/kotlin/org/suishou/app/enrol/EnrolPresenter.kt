package org.suishou.app.enrol

import org.suishou.core.ConsentKind
import org.suishou.core.Field
import org.suishou.core.FieldException

/** The version of the privacy notice that is read and agreed to. */
const val NOTICE_VERSION = 1u

/** How far an enrolment is, and what was agreed to. */
data class EnrolState(
    val township: String?,
    val check: String?,
    val isRevoked: Boolean,
    val unsent: ULong,
    val mayLocate: Boolean?,
    val mayPhoto: Boolean?,
) {
    val isAsked get() = mayLocate != null && mayPhoto != null
}

object EnrolPresenter {
    fun state(field: Field): EnrolState {
        val enrolment = try {
            field.enrolment()
        } catch (none: FieldException.EnrolAgain) {
            null
        }
        val consents = field.consents()
        fun given(kind: ConsentKind) = consents.find { it.kind == kind }?.let { it.givenAt != null }
        return EnrolState(
            township = enrolment?.townshipName,
            check = enrolment?.check,
            isRevoked = enrolment?.isRevoked == true,
            unsent = if (enrolment?.isRevoked == true) field.revoked()?.run { entries + blobs + drafts } ?: 0u else 0u,
            mayLocate = given(ConsentKind.POSITION),
            mayPhoto = given(ConsentKind.PHOTOS),
        )
    }

    fun consent(field: Field, kind: ConsentKind, isGiven: Boolean) =
        if (isGiven) field.giveConsent(kind, NOTICE_VERSION) else field.withdrawConsent(kind)
}
