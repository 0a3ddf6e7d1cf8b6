//! Rows: what lists, maps and statistics need of a document. Can be dropped and rebuilt at any time.

mod columns;
mod of;

use serde::{Deserialize, Serialize};

pub use columns::Columns;
pub(crate) use columns::MET;

use crate::{
    geo::Position,
    id::{CategoryId, DepartmentId, DocumentId, GridId, HazardId, MemberId, PurposeId, SourceId, ThemeId},
    model::{
        Severity,
        audience::Audience,
        household::HouseholdState,
        incident::{IncidentState, Matter},
        notice::NoticeState,
        patrol::PatrolState,
        step::Author,
        task::{TaskCounts, TaskForm, TaskState},
        visit::VisitOutcome,
        warning::{WarningLevel, WarningState},
    },
    time::Timestamp,
};

/// Counts up when rows are worked out in another way: a store with an older number works them out anew.
pub const VERSION: i64 = 3;

/// An incident in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    /// Reported in confidence.
    pub is_anonymous: bool,
    /// A complaint or suggestion; none for an incident.
    pub matter: Option<Matter>,
    /// The system from which it was taken over; none for what people of the township report.
    pub source: Option<SourceId>,
    /// The incident it repeats.
    pub duplicate_of: Option<DocumentId>,
    /// How the reporter rated it.
    pub rating: Option<u8>,
}

/// A patrol in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    /// Incidents reported on the way.
    pub incidents: u32,
}

/// A household in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HouseholdRow {
    /// Which.
    pub document: DocumentId,
    /// Whether it is looked after.
    pub state: HouseholdState,
    /// What they are called.
    pub name: String,
    /// Where they live, in words.
    pub address: String,
    /// Where it belongs.
    pub grid: Option<GridId>,
    /// Where it is, WGS-84.
    pub position: Option<Position>,
    /// Why they are visited.
    pub purposes: Vec<PurposeId>,
    /// How many live there.
    pub people: u16,
    /// Days from one visit to the next; 0 if there is no rule.
    pub every_days: u16,
    /// The last visit at which somebody was met.
    pub last_visit_at: Option<Timestamp>,
    /// When the next visit is due.
    pub due_at: Option<Timestamp>,
    /// Who put it on the list, as far as this reader may know.
    pub author: Author,
    /// When, by their clock.
    pub at: Timestamp,
    /// When it reached the relay.
    pub received_at: Option<Timestamp>,
    /// Several cards or grids stand side by side and a person should choose.
    pub has_clash: bool,
}

/// A visit in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VisitRow {
    /// Which.
    pub document: DocumentId,
    /// Whose home.
    pub household: Option<DocumentId>,
    /// What for.
    pub purpose: Option<PurposeId>,
    /// How it went.
    pub outcome: VisitOutcome,
    /// The beginning of what was said.
    pub excerpt: String,
    /// Where it belongs.
    pub grid: Option<GridId>,
    /// Where it was, WGS-84.
    pub position: Option<Position>,
    /// How many photos.
    pub photos: u32,
    /// How many incidents and tasks came of it.
    pub led_to: u32,
    /// Who, as far as this reader may know.
    pub author: Author,
    /// When: the visitor's time, but not later than the relay's.
    pub at: Timestamp,
    /// When it reached the relay.
    pub received_at: Option<Timestamp>,
}

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TaskRow {
    /// Which.
    pub document: DocumentId,
    /// What sort of order.
    pub form: TaskForm,
    /// Where it stands.
    pub state: TaskState,
    /// Since when.
    pub state_since: Timestamp,
    /// In a line.
    pub title: String,
    /// Where it belongs.
    pub grid: Option<GridId>,
    /// Where, WGS-84.
    pub position: Option<Position>,
    /// Whom it is for.
    pub audience: Audience,
    /// Whom it names by now.
    pub named: Vec<MemberId>,
    /// Counts from then on.
    pub from_at: Option<Timestamp>,
    /// To be done by then.
    pub due_at: Option<Timestamp>,
    /// Items, people and answers.
    pub counts: TaskCounts,
    /// What it came from.
    pub source: Option<DocumentId>,
    /// Who gave it, as far as this reader may know.
    pub author: Author,
    /// When, by their clock.
    pub at: Timestamp,
    /// When it reached the relay.
    pub received_at: Option<Timestamp>,
}

/// A warning in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WarningRow {
    /// Which.
    pub document: DocumentId,
    /// What it is about.
    pub hazard: HazardId,
    /// How bad it is.
    pub level: WarningLevel,
    /// In a line.
    pub title: String,
    /// In force from then on.
    pub from_at: Timestamp,
    /// In force until then.
    pub until_at: Timestamp,
    /// The command centre ended it.
    pub is_ended: bool,
    /// Its last issue.
    pub issue: u16,
    /// When that was.
    pub state_since: Timestamp,
    /// Whom it is for.
    pub audience: Audience,
    /// Places to watch.
    pub posts: u32,
    /// How many people have read its last issue.
    pub acknowledged: u32,
    /// How many said how it is.
    pub heard: u32,
    /// How many of these need help.
    pub need_help: u32,
    /// Who issued it.
    pub author: Author,
    /// When, by their clock.
    pub at: Timestamp,
    /// When it reached the relay.
    pub received_at: Option<Timestamp>,
}

impl WarningRow {
    /// Where it stands at `now`.
    pub fn state_at(&self, now: Timestamp) -> WarningState {
        WarningState::at(now, self.from_at, self.until_at, self.is_ended)
    }
}

/// A notice in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NoticeRow {
    /// Which.
    pub document: DocumentId,
    /// Where it stands.
    pub state: NoticeState,
    /// Since when.
    pub state_since: Timestamp,
    /// The theme that it is part of.
    pub theme: Option<ThemeId>,
    /// In a line.
    pub title: String,
    /// Whom it is for.
    pub audience: Audience,
    /// To be passed on from then.
    pub from_at: Option<Timestamp>,
    /// To be passed on until then.
    pub until_at: Option<Timestamp>,
    /// Everyone is asked to say that they have read it.
    pub asks_read: bool,
    /// How many have read it.
    pub readers: u32,
    /// Who published it.
    pub author: Author,
    /// When, by their clock.
    pub at: Timestamp,
    /// When it reached the relay.
    pub received_at: Option<Timestamp>,
}

/// A row of whichever kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Row {
    /// An incident's.
    Incident(IncidentRow),
    /// A patrol's.
    Patrol(PatrolRow),
    /// A household's.
    Household(HouseholdRow),
    /// A visit's.
    Visit(VisitRow),
    /// A task's.
    Task(TaskRow),
    /// A warning's.
    Warning(WarningRow),
    /// A notice's.
    Notice(NoticeRow),
}
