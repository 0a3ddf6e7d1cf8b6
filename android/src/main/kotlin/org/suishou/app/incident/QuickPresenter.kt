package org.suishou.app.incident

import org.suishou.core.CategoryView
import org.suishou.core.DocumentKind
import org.suishou.core.Field
import org.suishou.core.Fix

/** What an informant may choose among. */
data class QuickState(val categories: List<CategoryView>)

object QuickPresenter {
    fun state(field: Field): QuickState {
        val all = field.settings()?.categories ?: emptyList()
        return QuickState(all.filter { it.isForInformants }.ifEmpty { all })
    }

    /** One tap: kept when this returns. */
    fun keep(field: Field, photo: ByteArray, category: String, fix: Fix?) = field.quickReport(photo, category, fix)

    /** Said instead of chosen: kept under "other", which the command centre sorts. */
    fun keepSpoken(field: Field, photo: ByteArray, voice: ByteArray, category: String, fix: Fix?): String {
        val draft = field.startDraft(DocumentKind.INCIDENT)
        val hash = field.addPhoto(photo, emptyList())
        val spoken = field.addVoice(voice)
        field.saveDraft(draft.copy(body = draft.body.copy(photos = listOf(hash), voice = spoken.hash, category = category, fix = fix)))
        return field.reportDraft(draft.id)
    }

    /** The township's category for what fits nowhere, else its last one. */
    fun other(state: QuickState): String? =
        (state.categories.find { "other" in it.words.id } ?: state.categories.lastOrNull())?.words?.id
}
