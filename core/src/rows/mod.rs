//! Rows: what lists, maps and statistics need of a document. Can be dropped and rebuilt at any time.

use serde::Serialize;

use crate::{
    document::{Captured, Document, Record},
    geo::Position,
    id::{CategoryId, DepartmentId, DocumentId, GridId, MemberId},
    model::{
        Severity,
        incident::{DispatchState, Incident, IncidentState},
        patrol::{Patrol, PatrolState},
        step::Author,
    },
    time::Timestamp,
};

/// Most characters of a report's text in a list.
const EXCERPT_CHARS: usize = 60;

/// An incident in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentRow {
    /// Which.
    pub document: DocumentId,
    /// In which state.
    pub state: IncidentState,
    /// About what.
    pub category: CategoryId,
    /// How much it matters.
    pub severity: Severity,
    /// Where it belongs.
    pub grid: Option<GridId>,
    /// Where it was, WGS-84.
    pub position: Option<Position>,
    /// The beginning of the report's text.
    pub excerpt: String,
    /// How many photos.
    pub photos: u32,
    /// Who reported it, as far as this reader may know.
    pub author: Author,
    /// When it was captured, by the reporter's clock.
    pub reported_at: Timestamp,
    /// When it reached the relay; none before the receipt.
    pub received_at: Option<Timestamp>,
    /// Since when it has been in this state.
    pub state_since: Timestamp,
    /// When the next thing is due, if an order says so.
    pub due_at: Option<Timestamp>,
    /// Departments with an open dispatch.
    pub departments: Vec<DepartmentId>,
    /// Persons with an open dispatch.
    pub members: Vec<MemberId>,
    /// Several values stand side by side and a person should choose.
    pub has_clash: bool,
}

/// A patrol in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatrolRow {
    /// Which.
    pub document: DocumentId,
    /// Where it stands.
    pub state: PatrolState,
    /// Where it belongs.
    pub grid: Option<GridId>,
    /// Who walks, as far as this reader may know.
    pub author: Author,
    /// When it began, by the member's clock.
    pub started_at: Timestamp,
    /// When it ended, by the member's clock.
    pub finished_at: Option<Timestamp>,
    /// Metres, never across a gap.
    pub distance_m: u64,
    /// Seconds, never across a gap.
    pub tracked_s: u64,
    /// Checkpoints visited.
    pub visited: u32,
    /// Checkpoints of the route not visited.
    pub left: u32,
    /// Holes in the track.
    pub gaps: u32,
}

/// A row of whichever kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// An incident's.
    Incident(IncidentRow),
    /// A patrol's.
    Patrol(PatrolRow),
}

impl Row {
    /// The row of a document whose record has arrived.
    pub fn of(document: &Document) -> Option<Self> {
        let Captured { record, origin } = document.captured()?;
        match record {
            Record::Incident(record) => {
                let incident = document.incident()?;
                let (departments, members) = open_orders(&incident);
                Some(Self::Incident(IncidentRow {
                    document: document.id(),
                    state: incident.state,
                    due_at: incident.due_at(),
                    has_clash: !incident.category.others.is_empty()
                        || !incident.severity.others.is_empty()
                        || !incident.grid.others.is_empty(),
                    category: incident.category.value,
                    severity: incident.severity.value,
                    grid: incident.grid.value,
                    position: record.place.position,
                    excerpt: record.text.chars().take(EXCERPT_CHARS).collect(),
                    photos: count(record.photos.len()),
                    author: origin.author,
                    reported_at: origin.claimed_at,
                    received_at: origin.received_at,
                    state_since: incident.state_since,
                    departments,
                    members,
                }))
            }
            Record::Patrol(record) => {
                let patrol: Patrol = document.patrol()?;
                Some(Self::Patrol(PatrolRow {
                    document: document.id(),
                    state: patrol.state,
                    grid: record.grid.clone(),
                    author: origin.author,
                    started_at: origin.claimed_at,
                    finished_at: match patrol.state {
                        PatrolState::Finished => patrol.legs.last().and_then(|leg| leg.to),
                        PatrolState::Running | PatrolState::Paused => None,
                    },
                    distance_m: patrol.distance_m,
                    tracked_s: patrol.tracked_s,
                    visited: count(patrol.visited.len()),
                    left: count(patrol.left.len()),
                    gaps: count(patrol.gaps.len()),
                }))
            }
        }
    }
}

fn open_orders(incident: &Incident) -> (Vec<DepartmentId>, Vec<MemberId>) {
    let open = |state| matches!(state, DispatchState::Sent | DispatchState::Handling);
    let open: Vec<_> = incident.dispatches.iter().filter(|dispatch| open(dispatch.state)).collect();
    (
        open.iter().filter_map(|dispatch| dispatch.department.clone()).collect(),
        open.iter().filter_map(|dispatch| dispatch.member.clone()).collect(),
    )
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
