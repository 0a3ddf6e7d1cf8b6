//! Events of a document, made in the transaction that takes its entries in.
//!
//! An event's id follows from the entry and the step: told again after a restore, it is the same event.

use data_encoding::HEXLOWER;
use serde::Serialize;
use suishou_core::{
    document::{Document, Record, Work as Amount},
    entry::BodyType,
    guard::{Edit, check},
    id::{CategoryId, DepartmentId, DocumentId, GridId, HazardId, ReasonId, SourceId, TownshipId},
    model::{
        Severity, decode,
        incident::{Incident, IncidentRecord, IncidentState, StepKind, StepShown},
        note::Note,
        step::StepId,
        warning::{Warning, WarningLevel, WarningRecord, WarningStep},
    },
    time::Timestamp,
};

use super::EventKind;
use crate::{
    db::{
        self,
        entry::Stored,
        webhook::{Event, Hook},
    },
    relay::{
        engine::Work,
        error::{RelayError, Result},
    },
};

/// The body of an event.
#[derive(Serialize)]
struct Payload<'a> {
    event: &'a str,
    kind: &'static str,
    at: Timestamp,
    township: TownshipId,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentTold<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<WarningTold<'a>>,
    /// What was reported, and only where the hook was made for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// What was said with the step: at the end, the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a str>,
}

#[derive(Clone, Serialize)]
struct IncidentTold<'a> {
    id: DocumentId,
    /// Now; several steps that came together have the same.
    state: IncidentState,
    category: &'a CategoryId,
    severity: Severity,
    grid: Option<&'a GridId>,
    reported_at: Timestamp,
    received_at: Option<Timestamp>,
    source: Option<&'a SourceId>,
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<StepTold<'a>>,
}

/// A step, without the person whom it names.
#[derive(Clone, Serialize)]
struct StepTold<'a> {
    id: StepId,
    kind: StepKind,
    department: Option<&'a DepartmentId>,
    due_at: Option<Timestamp>,
    reason: Option<&'a ReasonId>,
    of: Option<DocumentId>,
    rating: Option<u8>,
}

#[derive(Clone, Serialize)]
struct WarningTold<'a> {
    id: DocumentId,
    hazard: &'a HazardId,
    level: WarningLevel,
    from_at: Timestamp,
    until_at: Timestamp,
    is_ended: bool,
    issue: u16,
    grids: &'a [GridId],
}

/// What one event says, beside what every event of the document does.
struct Said<'a> {
    kind: EventKind,
    stored: &'a Stored,
    step: Option<&'a StepShown>,
    step_id: Option<StepId>,
    remark: Option<&'a str>,
}

impl Work<'_> {
    /// Puts what passed into the queues of those who want to know.
    pub(in crate::relay) fn announce<'a>(
        &mut self,
        document: &Document,
        passed: impl Iterator<Item = &'a Stored>,
        hooks: &mut Option<Vec<Hook>>,
    ) -> Result<()> {
        let hooks = match hooks {
            Some(hooks) => hooks,
            None => hooks.insert(
                db::webhook::hooks(self.transaction)?.into_iter().filter(|hook| hook.is_enabled).collect(),
            ),
        };
        if hooks.is_empty() {
            return Ok(());
        }
        let passed: Vec<&Stored> = passed.collect();
        let Some(captured) = document.captured() else { return Ok(()) };
        match (&captured.record, document.work()) {
            (Record::Incident(record), Some(Amount::Incident(incident))) => {
                let told = self.of_incident(document, record, &incident)?;
                self.announce_incident(hooks, record, &incident, &told, &passed)
            }
            (Record::Warning(record), Some(Amount::Warning(warning))) => {
                self.announce_warning(hooks, document.id(), record, &warning, &passed)
            }
            _ => Ok(()),
        }
    }

    /// Its id in the system it came from.
    fn of_incident(&self, document: &Document, record: &IncidentRecord, incident: &Incident) -> Result<Told> {
        let external_id = match record.source {
            Some(_) => db::intake::origin(self.transaction, document.id())?.map(|(_, id)| id),
            None => None,
        };
        let origin = document.captured().map(|captured| captured.origin);
        Ok(Told {
            id: document.id(),
            external_id,
            state: incident.state,
            reported_at: origin.map(|origin| origin.claimed_at).unwrap_or_default(),
            received_at: origin.and_then(|origin| origin.received_at),
        })
    }

    fn announce_incident(
        &mut self,
        hooks: &[Hook],
        record: &IncidentRecord,
        incident: &Incident,
        told: &Told,
        passed: &[&Stored],
    ) -> Result<()> {
        let notes: Vec<Note> = passed.iter().filter_map(|stored| note(stored)).collect();
        for stored in passed {
            if stored.entry.header.body_type == BodyType::Record {
                let said =
                    Said { kind: EventKind::Reported, stored, step: None, step_id: None, remark: None };
                self.tell_incident(hooks, record, incident, told, &said)?;
            }
            let steps = incident.steps.iter().filter(|step| step.origin.entry == stored.entry_id);
            for step in steps.filter(|step| step.took_effect) {
                let remark =
                    notes.iter().find(|note| note.step == Some(step.id)).map(|note| note.text.as_str());
                for kind in [Some(EventKind::Step), kind_of(step.kind)].into_iter().flatten() {
                    let said = Said { kind, stored, step: Some(step), step_id: Some(step.id), remark };
                    self.tell_incident(hooks, record, incident, told, &said)?;
                }
            }
        }
        Ok(())
    }

    fn tell_incident(
        &mut self,
        hooks: &[Hook],
        record: &IncidentRecord,
        incident: &Incident,
        told: &Told,
        said: &Said<'_>,
    ) -> Result<()> {
        let step = said.step.map(|step| StepTold {
            id: step.id,
            kind: step.kind,
            department: step.department.as_ref(),
            due_at: step.due_at,
            reason: step.reason.as_ref(),
            of: step.of,
            rating: step.rating,
        });
        let body = IncidentTold {
            id: told.id,
            state: told.state,
            category: &incident.category.value,
            severity: incident.severity.value,
            grid: incident.grid.value.as_ref(),
            reported_at: told.reported_at,
            received_at: told.received_at,
            source: record.source.as_ref(),
            external_id: told.external_id.as_deref(),
            step,
        };
        for hook in hooks.iter().filter(|hook| hook.source.is_none() || hook.source == record.source) {
            // What was said in confidence stays here.
            let has_text = hook.has_text && !record.is_confidential();
            let event = id(said);
            let payload = Payload {
                event: &event,
                kind: said.kind.as_str(),
                at: said.stored.received_at,
                township: self.shared.identity.township,
                incident: Some(body.clone()),
                warning: None,
                text: has_text.then_some(record.text.as_str()),
                remark: said.remark.filter(|_| has_text),
            };
            self.enqueue(hook, said.kind, told.id, &payload)?;
        }
        Ok(())
    }

    fn announce_warning(
        &mut self,
        hooks: &[Hook],
        document: DocumentId,
        record: &WarningRecord,
        warning: &Warning,
        passed: &[&Stored],
    ) -> Result<()> {
        let told = WarningTold {
            id: document,
            hazard: &record.hazard,
            level: warning.level,
            from_at: warning.from_at,
            until_at: warning.until_at,
            is_ended: warning.is_ended,
            issue: warning.issue,
            grids: &record.audience.grids,
        };
        for stored in passed {
            for (kind, step_id) in warning_events(stored) {
                let said = Said { kind, stored, step: None, step_id, remark: None };
                let event = id(&said);
                for hook in hooks.iter().filter(|hook| hook.source.is_none()) {
                    let payload = Payload {
                        event: &event,
                        kind: kind.as_str(),
                        at: stored.received_at,
                        township: self.shared.identity.township,
                        incident: None,
                        warning: Some(told.clone()),
                        text: hook.has_text.then_some(record.title.as_str()),
                        remark: None,
                    };
                    self.enqueue(hook, kind, document, &payload)?;
                }
            }
        }
        Ok(())
    }

    fn enqueue(
        &mut self,
        hook: &Hook,
        kind: EventKind,
        document: DocumentId,
        payload: &Payload<'_>,
    ) -> Result<()> {
        if !hook.events.split_whitespace().any(|wanted| wanted == kind.as_str()) {
            return Ok(());
        }
        let body = serde_json::to_string(payload).map_err(|_| RelayError::malformed("an event"))?;
        let event = Event { id: payload.event, kind: kind.as_str(), document, payload: &body };
        if db::webhook::enqueue(self.transaction, &hook.id, &event, self.now)? {
            self.state.is_announced = true;
        }
        Ok(())
    }
}

/// What every event of an incident says.
struct Told {
    id: DocumentId,
    external_id: Option<String>,
    state: IncidentState,
    reported_at: Timestamp,
    received_at: Option<Timestamp>,
}

fn note(stored: &Stored) -> Option<Note> {
    if stored.entry.header.body_type != BodyType::Note {
        return None;
    }
    decode(stored.entry.body.as_deref()?, "a note").ok()
}

/// Steps that have a kind of event of their own.
fn kind_of(step: StepKind) -> Option<EventKind> {
    match step {
        StepKind::Accepted => Some(EventKind::Accepted),
        StepKind::Rejected => Some(EventKind::Rejected),
        StepKind::Duplicate => Some(EventKind::Duplicate),
        StepKind::Closed => Some(EventKind::Closed),
        StepKind::Reopened => Some(EventKind::Reopened),
        _ => None,
    }
}

/// What an entry of a warning tells: acknowledgements and reports of posts stay here.
fn warning_events(stored: &Stored) -> Vec<(EventKind, Option<StepId>)> {
    match stored.entry.header.body_type {
        BodyType::Record => vec![(EventKind::WarningIssued, None)],
        BodyType::Note => Vec::new(),
        BodyType::Change => {
            let checked = stored.entry.body.as_deref().and_then(|body| check(body).ok());
            let edits = checked.map(|checked| checked.edits).unwrap_or_default();
            let told = edits.into_iter().filter_map(|edit| match edit {
                Edit::Step { id, body, .. } => {
                    let kind = match decode(&body, "a step").ok()? {
                        WarningStep::Set { .. } => EventKind::WarningChanged,
                        WarningStep::Ended { .. } => EventKind::WarningEnded,
                        _ => return None,
                    };
                    Some((kind, Some(id)))
                }
                Edit::Field { .. } => None,
            });
            told.collect()
        }
    }
}

fn id(said: &Said<'_>) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("suishou 2026 webhook event");
    hasher.update(said.stored.entry_id.as_ref());
    hasher.update(said.kind.as_str().as_bytes());
    if let Some(step) = said.step_id {
        hasher.update(step.to_string().as_bytes());
    }
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    HEXLOWER.encode(&id)
}
