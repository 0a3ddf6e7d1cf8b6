//! Who may do what to which document in which state: one pure function.
//!
//! The phone asks it to show buttons; the relay asks it to hold what breaks it. Both get the same
//! answer for the same document.

mod care;
mod incident;
mod note;
mod orders;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use incident::{may_set_fields, may_step};
pub use orders::{is_for, may_hand_over};

use crate::{
    document::{Arrival, Document, Record},
    error::HeldCode,
    guard::Edit,
    id::{DepartmentId, GridId, MemberId},
    model::{DocumentKind, Role, decode, patrol::PatrolStep, step::Author},
    time::Timestamp,
};

/// What somebody brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Their role.
    pub role: Role,
    /// Who they are; none for the command centre.
    pub member: Option<MemberId>,
    /// A handler's department.
    pub department: Option<DepartmentId>,
    /// Their grids and all that lie within them.
    pub grids: BTreeSet<GridId>,
    /// The grids that theirs lie within.
    pub above: BTreeSet<GridId>,
}

impl Rights {
    /// The command centre's.
    pub fn centre() -> Self {
        Self {
            role: Role::Dispatcher,
            member: None,
            department: None,
            grids: BTreeSet::new(),
            above: BTreeSet::new(),
        }
    }

    fn is_centre(&self) -> bool {
        self.role == Role::Dispatcher
    }

    fn is_on_the_ground(&self) -> bool {
        matches!(self.role, Role::Member | Role::Leader)
    }

    fn has_grid(&self, grid: Option<&GridId>) -> bool {
        grid.is_some_and(|grid| self.grids.contains(grid))
    }
}

/// Judges what `author` wants to do to `document`.
pub fn judge(
    document: &Document,
    arrival: &Arrival,
    author: Author,
    rights: &Rights,
) -> Result<(), HeldCode> {
    let is_author = document.captured().is_some_and(|captured| captured.origin.author == author);
    match arrival {
        Arrival::Record(record) => judge_record(record, rights),
        Arrival::Note(note) if note.card.is_some() => care::judge_card(document, is_author, rights),
        Arrival::Note(note) => note::judge(document, note, is_author, rights),
        Arrival::Change(checked) => {
            let edits = &checked.edits;
            match document.kind() {
                DocumentKind::Incident => incident::judge(document, edits, is_author, rights),
                DocumentKind::Patrol => judge_patrol(document, edits, is_author),
                DocumentKind::Household => care::judge_household(document, edits, is_author, rights),
                DocumentKind::Visit => care::judge_visit(is_author, rights),
                DocumentKind::Task => orders::judge_task(document, edits, is_author, rights),
                DocumentKind::Warning => orders::judge_warning(document, edits, rights),
                DocumentKind::Notice => orders::judge_notice(document, edits, is_author, rights),
            }
        }
    }
}

fn judge_record(record: &Record, rights: &Rights) -> Result<(), HeldCode> {
    let is_allowed = match record {
        // Only the command centre takes over what another system has.
        Record::Incident(record) => record.source.is_none() || rights.is_centre(),
        Record::Patrol(_) | Record::Visit(_) => rights.is_on_the_ground() || rights.role == Role::Informant,
        Record::Household(card) => {
            rights.is_centre()
                || (rights.is_on_the_ground()
                    && card.place.grid.as_ref().is_none_or(|grid| rights.grids.contains(grid)))
        }
        Record::Task(record) => orders::may_order(&record.audience, rights),
        Record::Warning(_) => rights.is_centre(),
        Record::Notice(record) => {
            rights.is_centre() || (rights.role == Role::Leader && orders::may_order(&record.audience, rights))
        }
    };
    allow(is_allowed)
}

fn allow(is_allowed: bool) -> Result<(), HeldCode> {
    if is_allowed { Ok(()) } else { Err(HeldCode::NotAllowed) }
}

fn judge_patrol(document: &Document, edits: &[Edit], is_author: bool) -> Result<(), HeldCode> {
    if !is_author {
        return Err(HeldCode::NotAllowed);
    }
    let mut patrol = document.patrol().ok_or(HeldCode::NoRecord)?;
    for edit in edits {
        let Edit::Step { body, .. } = edit else { return Err(HeldCode::Malformed) };
        let step: PatrolStep = decode(body, "a step").map_err(|_| HeldCode::Malformed)?;
        patrol.allows(&step)?;
        patrol.foresee(step, Timestamp::default());
    }
    Ok(())
}
