//! Incidents that repeat another get its answer, whoever gave it: an operator, or a dispatcher on a phone.
//!
//! Looked at from both sides whenever one of them changes, so that it does not matter which came first, and
//! decided by what the documents say, so that nothing is answered twice.

use suishou_core::{
    document::{Document, Record},
    id::DocumentId,
    model::{
        decode,
        incident::{IncidentState, IncidentStep, StepKind},
        note::Note,
    },
    store::tables::load_document,
};

use super::{
    act::Act,
    engine::Work,
    error::{RelayError, Result},
};
use crate::db;

/// States in which an incident's reporter has an answer.
const ANSWERED: [IncidentState; 3] = [IncidentState::Closed, IncidentState::Rated, IncidentState::Rejected];

impl Work<'_> {
    /// After something was added to these incidents.
    pub(super) fn answer_repetitions(&mut self, changed: &[DocumentId]) -> Result<()> {
        for id in changed {
            let Some((state, about)) = db::work::standing(self.transaction, *id)? else { continue };
            if is_answered(&state) {
                for repetition in db::work::merged_into(self.transaction, *id)? {
                    self.answer_as(repetition, *id)?;
                }
            } else if let (Some(primary), "duplicate") = (about, state.as_str()) {
                let standing = db::work::standing(self.transaction, primary)?;
                if standing.is_some_and(|(state, _)| is_answered(&state)) {
                    self.answer_as(*id, primary)?;
                }
            }
        }
        Ok(())
    }

    /// At the start: what an older version left open. Returns how many.
    pub(super) fn answer_left_over(&mut self) -> Result<usize> {
        let words = ANSWERED.map(IncidentState::as_str);
        let left_over = db::work::repeating(self.transaction, &words)?;
        for (repetition, primary) in &left_over {
            self.answer_as(*repetition, *primary)?;
        }
        Ok(left_over.len())
    }

    fn answer_as(&mut self, repetition: DocumentId, primary: DocumentId) -> Result<()> {
        // What has arrived for it is looked at first; then this is asked again.
        if db::entry::is_behind(self.transaction, repetition)? {
            return Ok(());
        }
        let Some(first) = load_document(self.transaction, primary)? else { return Ok(()) };
        let Some(incident) = first.incident() else { return Ok(()) };
        let is_answer = |kind| matches!(kind, StepKind::Closed | StepKind::Rejected);
        let answer = incident.steps.into_iter().rev().find(|step| step.took_effect && is_answer(step.kind));
        let Some(answer) = answer else { return Ok(()) };
        let Some(mut document) = load_document(self.transaction, repetition)? else { return Ok(()) };
        // What is answered in confidence is not for those who see the other.
        let is_told = !is_confidential(&first) || is_confidential(&document);
        let remark = db::entry::notes(self.transaction, primary)?.into_iter().find_map(|stored| {
            let note: Note = decode(stored.entry.body.as_deref()?, "a note").ok()?;
            (note.step == Some(answer.id) && !note.text.trim().is_empty()).then_some(note.text)
        });
        let step =
            IncidentStep { reason: answer.reason, answer: answer.answer, ..IncidentStep::plain(answer.kind) };
        let act = Act { remark: remark.filter(|_| is_told), ..Act::step(step) };
        match self.append_act(&mut document, &act) {
            Err(RelayError::Refused { code }) => {
                tracing::warn!(document = %repetition, %primary, %code, "a repetition could not be answered");
                Ok(())
            }
            done => done,
        }
    }
}

fn is_confidential(incident: &Document) -> bool {
    incident.captured().is_some_and(|captured| match &captured.record {
        Record::Incident(record) => record.is_confidential(),
        _ => false,
    })
}

fn is_answered(state: &str) -> bool {
    ANSWERED.iter().any(|answered| answered.as_str() == state)
}
