package org.suishou.app.visit

import org.suishou.core.Answer
import org.suishou.core.AnswerValue
import org.suishou.core.Field
import org.suishou.core.Fix
import org.suishou.core.FormView
import org.suishou.core.HouseholdView
import org.suishou.core.Need
import org.suishou.core.ReportDraft
import org.suishou.core.Severity
import org.suishou.core.TownshipView
import org.suishou.core.VisitDraft
import org.suishou.core.VisitOutcome
import org.suishou.core.VisitView

/** Whom one visits, or a visit that was. */
data class VisitShown(val household: HouseholdView?, val visit: VisitView?, val pictures: Map<String, String?>, val township: TownshipView?)

/** What was entered so far. */
data class VisitEntered(
    val outcome: VisitOutcome = VisitOutcome.MET,
    val purpose: String? = null,
    val text: String = "",
    val answers: Map<String, AnswerValue> = emptyMap(),
    val photos: List<String> = emptyList(),
    val need: String = "",
    val needCategory: String? = null,
    val isConfidential: Boolean = false,
)

object VisitPresenter {
    fun state(field: Field, household: String?, visit: String?): VisitShown {
        val known = visit?.let(field::visit)
        val home = (household ?: known?.row?.household)?.let { id -> runCatching { field.household(id) }.getOrNull() }
        val hashes = known?.photos?.map { it.hash } ?: emptyList()
        return VisitShown(home, known, hashes.associateWith(field::previewFile), field.settings())
    }

    /** The form for this purpose; one for any purpose if there is none of its own. */
    fun form(township: TownshipView?, purpose: String?): FormView? {
        val forms = township?.forms ?: return null
        return forms.find { purpose != null && purpose in it.purposes } ?: forms.find { it.purposes.isEmpty() }
    }

    fun keep(field: Field, household: String?, entered: VisitEntered, form: FormView?, fix: Fix?): String {
        val asked = form?.questions?.map { it.id } ?: emptyList()
        val isMet = entered.outcome == VisitOutcome.MET
        val answers = if (isMet) entered.answers.filterKeys { it in asked }.map { (question, value) -> Answer(question, value) } else emptyList()
        val found = if (entered.need.isBlank() || entered.needCategory == null) emptyList() else listOf(
            Need.Incident(ReportDraft(entered.need.trim(), entered.needCategory, Severity.NORMAL, fix, null, emptyList(), null, entered.isConfidential, null)),
        )
        val draft = VisitDraft(
            household, entered.purpose, if (isMet) form?.id else null, answers, entered.text, fix, null, entered.photos, null, entered.outcome, found,
        )
        return field.keepVisit(draft).visit
    }
}
