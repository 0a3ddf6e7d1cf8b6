package org.suishou.app.warning

import org.suishou.core.Field
import org.suishou.core.TownshipView
import org.suishou.core.WarningView

/** A warning as it stands now. */
data class WarningShown(val view: WarningView, val pictures: Map<String, String?>, val township: TownshipView?, val me: String)

object WarningPresenter {
    fun state(field: Field, document: String): WarningShown {
        val view = field.warning(document)
        return WarningShown(view, view.photos.associate { it.hash to field.previewFile(it.hash) }, field.settings(), field.enrolment().member)
    }
}
