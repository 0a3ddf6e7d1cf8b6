//! Reminders of the relay's own: what is overdue is said once for each step and day, to those who have to act.
//!
//! Whether it was said is read from the document itself, so that a restart or a restore says nothing twice.
//! Off unless the township's settings turn it on.

use std::time::Duration;

use suishou_core::{
    document::Document,
    id::DocumentId,
    model::{
        DocumentKind,
        incident::{Incident, IncidentStep, StepKind},
        step::{Author, StepId},
    },
    rows::IncidentRow,
    store::tables::load_document,
    time::Timestamp,
};

use super::{
    Relay,
    act::Act,
    engine::Engine,
    error::{RelayError, Result},
};
use crate::db;

/// Incidents looked at in one turn of the writer.
const AT_ONCE: usize = 100;
/// A day begins at midnight in China.
const OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// What one turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reminded {
    /// So many incidents got a reminder.
    pub count: usize,
    /// Where the next turn goes on; none if this was the last.
    pub before: Option<u64>,
}

impl Engine {
    /// Reminds of overdue incidents that arrived before a place.
    pub fn remind(&mut self, before: Option<u64>) -> Result<Reminded> {
        let settings = self.shared().settings();
        let Some(reminders) = settings.reminders.filter(|reminders| reminders.is_on) else {
            return Ok(Reminded::default());
        };
        self.follow()?;
        let now = self.shared().clock.now();
        let grace = Duration::from_hours(reminders.after_hours.into());
        let filter = db::work::Filter {
            is_overdue: true,
            before,
            ..db::work::Filter::of(DocumentKind::Incident, now, AT_ONCE)
        };
        let overdue = db::work::list::<IncidentRow>(self.connection(), &filter)?;
        let next = overdue.last().filter(|_| overdue.len() == AT_ONCE).map(|placed| placed.seq);
        let mut reminded = Reminded { count: 0, before: next };
        for placed in overdue {
            if placed.due_at.is_some_and(|due_at| due_at.after(grace) <= now) {
                reminded.count += usize::from(self.remind_of(placed.row.document, now, grace)?);
            }
        }
        Ok(reminded)
    }

    fn remind_of(&mut self, id: DocumentId, now: Timestamp, grace: Duration) -> Result<bool> {
        let incident = load_document(self.connection(), id)?.as_ref().and_then(Document::incident);
        let steps = incident.map(|incident| missing(&incident, now, grace)).unwrap_or_default();
        if steps.is_empty() {
            return Ok(false);
        }
        let steps = steps.into_iter().map(Into::into).collect();
        match self.act(id, &Act { steps, ..Act::default() }) {
            Err(RelayError::Refused { code }) => {
                tracing::warn!(document = %id, %code, "a reminder was not possible");
                Ok(false)
            }
            done => done.map(|()| true),
        }
    }
}

impl Relay {
    /// Reminds of everything that is overdue, some at a time; returns of how many.
    pub async fn remind(&self) -> Result<usize> {
        let mut count = 0;
        let mut before = None;
        loop {
            let reminded = self.call(move |engine| engine.remind(before)).await?;
            count += reminded.count;
            before = reminded.before;
            if before.is_none() {
                return Ok(count);
            }
        }
    }
}

/// The reminders that were not given yet in this state and on this day: of each overdue dispatch, else of the
/// incident as a whole.
fn missing(incident: &Incident, now: Timestamp, grace: Duration) -> Vec<IncidentStep> {
    let is_due = |due_at: Timestamp| due_at.after(grace) <= now;
    let overdue = incident.dispatches.iter().filter(|one| one.is_open() && one.due_at.is_some_and(is_due));
    let mut about: Vec<Option<StepId>> = overdue.map(|dispatch| Some(dispatch.step)).collect();
    if about.is_empty() {
        about.push(None);
    }
    let was_given = |dispatch: &Option<StepId>| {
        incident.steps.iter().any(|step| {
            let at = step.origin.at();
            (step.kind, step.origin.author, step.took_effect) == (StepKind::Reminded, Author::Centre, true)
                && (step.dispatch.is_none() || step.dispatch == *dispatch)
                && at >= incident.state_since
                && day(at) == day(now)
        })
    };
    let reminded = |dispatch| IncidentStep { dispatch, ..IncidentStep::plain(StepKind::Reminded) };
    about.into_iter().filter(|dispatch| !was_given(dispatch)).map(reminded).collect()
}

fn day(at: Timestamp) -> i64 {
    at.millis().saturating_add(OFFSET_MS).div_euclid(DAY_MS)
}
