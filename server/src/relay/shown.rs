//! What operators see: plain values for the console's JSON and the command line.
//!
//! Times are RFC 3339 in UTC. The reporter's name stands here and nowhere else: this never goes to a
//! phone.

use serde::{Serialize, Serializer};
use suishou_core::{
    geo::Position,
    id::{
        BlobHash, CategoryId, DepartmentId, DeviceId, DocumentId, EnrolCode, EntryId, Epoch, GridId,
        MemberId, ReasonId,
    },
    model::{
        Role, Severity,
        choice::Choice,
        incident::{DispatchState, IncidentState, IncidentStep, StepKind},
        patrol::{GapReason, PatrolState},
        place::Place,
        step::{Author, Origin, StepId},
    },
    time::Timestamp,
};

use std::collections::BTreeMap;

/// A person of the township.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The number in the township's list.
    pub id: MemberId,
    /// What people call them.
    pub name: String,
    /// What they do.
    pub role: Role,
    /// The grids in their care.
    pub grids: Vec<GridId>,
    /// A handler's department.
    pub department: Option<DepartmentId>,
    /// How to reach them; may be empty.
    pub phone: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// New ones.
    pub added: usize,
    /// Known ones that are different now.
    pub changed: usize,
    /// Known ones that are as before.
    pub unchanged: usize,
    /// Those that are not any more; only grids can go.
    pub removed: usize,
    /// Version of the settings bundle after it.
    pub settings_version: u64,
}

/// A one-time code for a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invited {
    /// The code; the relay keeps only its hash.
    pub code: EnrolCode,
    /// Useless from then on.
    #[serde(serialize_with = "rfc3339")]
    pub expires_at: Timestamp,
}

/// An enrolled phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceShown {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub member: MemberId,
    /// Since when.
    #[serde(serialize_with = "rfc3339")]
    pub enrolled_at: Timestamp,
    /// When it last synced.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub last_contact_at: Option<Timestamp>,
    /// It gets nothing more, and what it sends is held.
    pub is_revoked: bool,
    /// How many entries it sent.
    pub entries: u64,
    /// How many of them are held.
    pub held: u64,
}

/// Which incidents to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// In one of these states; in any if empty.
    pub states: Vec<IncidentState>,
    /// In this grid or one within it.
    pub grid: Option<GridId>,
    /// With an open dispatch to this department.
    pub department: Option<DepartmentId>,
    /// Of this category.
    pub category: Option<CategoryId>,
    /// At most so many; 500 is the most.
    pub limit: usize,
    /// Those that reached the relay before the one with this `seq`, for the next page.
    pub before: Option<u64>,
}

/// An incident in a list, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentListed {
    /// Which.
    pub document: DocumentId,
    /// Its place in the order of arrival.
    pub seq: u64,
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
    /// When it was captured, by the reporter's clock.
    #[serde(serialize_with = "rfc3339")]
    pub reported_at: Timestamp,
    /// When it reached the relay.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub received_at: Option<Timestamp>,
    /// Since when it has been in this state.
    #[serde(serialize_with = "rfc3339")]
    pub state_since: Timestamp,
    /// When the next thing is due, if an order says so.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub due_at: Option<Timestamp>,
    /// The due time has passed.
    pub is_overdue: bool,
    /// Departments with an open dispatch.
    pub departments: Vec<DepartmentId>,
    /// Persons with an open dispatch.
    pub members: Vec<MemberId>,
    /// Several values stand side by side and a person should choose.
    pub has_clash: bool,
}

/// Who and when, for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OriginShown {
    /// Which entry said it.
    pub entry: EntryId,
    /// Who; `person n` is one of the people beside.
    pub author: Author,
    /// When, by the author's clock.
    #[serde(serialize_with = "rfc3339")]
    pub claimed_at: Timestamp,
    /// When it reached the relay.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub received_at: Option<Timestamp>,
}

impl From<Origin> for OriginShown {
    fn from(origin: Origin) -> Self {
        Self {
            entry: origin.entry,
            author: origin.author,
            claimed_at: origin.claimed_at,
            received_at: origin.received_at,
        }
    }
}

/// Somebody who took part in a document; for the command centre only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonShown {
    /// Their alias in this document.
    pub author: Author,
    /// Who.
    pub member: MemberId,
    /// What people call them.
    pub name: String,
    /// What they do.
    pub role: Role,
    /// How to reach them.
    pub phone: String,
}

/// A photo or recording that a record or note names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BlobShown {
    /// Which.
    pub hash: BlobHash,
    /// The relay has it whole.
    pub is_stored: bool,
    /// The relay has its preview.
    pub has_preview: bool,
}

/// An order to a department or person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DispatchShown {
    /// The step that ordered it.
    pub step: StepId,
    /// To this department.
    pub department: Option<DepartmentId>,
    /// To this person.
    pub member: Option<MemberId>,
    /// To be done by then.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub due_at: Option<Timestamp>,
    /// How far it is.
    pub state: DispatchState,
}

/// One step of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepListed {
    /// Which.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
    /// Who and when.
    pub origin: OriginShown,
    /// To this department.
    pub department: Option<DepartmentId>,
    /// To this person.
    pub member: Option<MemberId>,
    /// To be done by then.
    #[serde(serialize_with = "rfc3339_or_null")]
    pub due_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<ReasonId>,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Duplicate of this.
    pub of: Option<DocumentId>,
    /// False if it was not possible where it stands.
    pub took_effect: bool,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteShown {
    /// What was said.
    pub text: String,
    /// Who and when.
    pub origin: OriginShown,
    /// The step that it explains.
    pub step: Option<StepId>,
    /// Its photos.
    pub photos: Vec<BlobShown>,
    /// Its voice recording.
    pub voice: Option<BlobShown>,
}

/// All of an incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentShown {
    /// As in the list.
    #[serde(flatten)]
    pub listed: IncidentListed,
    /// What was reported.
    pub text: String,
    /// Where.
    pub place: Place,
    /// The photos.
    pub photo_blobs: Vec<BlobShown>,
    /// The voice recording.
    pub voice: Option<BlobShown>,
    /// The patrol during which it was found.
    pub patrol: Option<DocumentId>,
    /// Who reported it and when.
    pub origin: OriginShown,
    /// The reporter; none if the command centre reported it.
    pub reporter: Option<PersonShown>,
    /// Everyone who took part.
    pub people: Vec<PersonShown>,
    /// Category with what stands beside it.
    pub category_choice: Choice<CategoryId>,
    /// Severity with what stands beside it.
    pub severity_choice: Choice<Severity>,
    /// Grid with what stands beside it.
    pub grid_choice: Choice<Option<GridId>>,
    /// The orders.
    pub dispatches: Vec<DispatchShown>,
    /// Every step, in order.
    pub steps: Vec<StepListed>,
    /// Every remark, in the order of arrival.
    pub notes: Vec<NoteShown>,
    /// The incident it repeats.
    pub duplicate_of: Option<DocumentId>,
    /// Why it was rejected, returned or reopened.
    pub reason: Option<ReasonId>,
    /// How the reporter rated it.
    pub rating: Option<u8>,
    /// How many entries of it are held.
    pub held: u64,
    /// Steps that the command centre could take now.
    pub possible: Vec<StepKind>,
}

/// What an operator does to an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    /// Steps, in order.
    pub steps: Vec<IncidentStep>,
    /// Fields to set: category, severity, grid.
    pub fields: Vec<(String, String)>,
    /// A remark beside it, which everyone who sees the incident reads.
    pub remark: Option<String>,
}

/// A patrol in a list, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatrolListed {
    /// Which.
    pub document: DocumentId,
    /// Where it stands.
    pub state: PatrolState,
    /// Where it belongs.
    pub grid: Option<GridId>,
    /// Who walks.
    pub member: Option<MemberId>,
    /// When it began, by the member's clock.
    #[serde(serialize_with = "rfc3339")]
    pub started_at: Timestamp,
    /// When it ended, by the member's clock.
    #[serde(serialize_with = "rfc3339_or_null")]
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

/// A hole in a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GapShown {
    /// Why.
    pub reason: GapReason,
    /// Since when.
    #[serde(serialize_with = "rfc3339")]
    pub from: Timestamp,
    /// Until when.
    #[serde(serialize_with = "rfc3339")]
    pub to: Timestamp,
}

/// A visited checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VisitShown {
    /// Which.
    pub checkpoint: suishou_core::id::CheckpointId,
    /// When, as claimed.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// How far from it the phone was in metres.
    pub distance_m: Option<u32>,
}

/// All of a patrol.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatrolShown {
    /// As in the list.
    #[serde(flatten)]
    pub listed: PatrolListed,
    /// What the tour is for.
    pub purpose: String,
    /// Who walks.
    pub walker: Option<PersonShown>,
    /// The checkpoints visited.
    pub visits: Vec<VisitShown>,
    /// The checkpoints of the route not visited.
    pub left_over: Vec<suishou_core::id::CheckpointId>,
    /// The track's pieces.
    pub segments: Vec<BlobShown>,
    /// The holes in it.
    pub gap_list: Vec<GapShown>,
    /// Every remark, in the order of arrival.
    pub notes: Vec<NoteShown>,
}

/// An entry that takes no effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldShown {
    /// Which.
    pub entry: EntryId,
    /// Of which document.
    pub document: DocumentId,
    /// From which device.
    pub device: DeviceId,
    /// Whose.
    pub member: Option<MemberId>,
    /// Why.
    pub code: &'static str,
    /// When it reached the relay.
    #[serde(serialize_with = "rfc3339")]
    pub received_at: Timestamp,
}

/// How the relay is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelayStatus {
    /// Which life of the relay.
    pub epoch: Epoch,
    /// The last stored entry.
    pub stored_seq: u64,
    /// The last entry that was taken into its document or held.
    pub projected_seq: u64,
    /// The last position of the feed.
    pub feed_seq: u64,
    /// Entries, each counted once.
    pub entries: u64,
    /// Documents by kind.
    pub documents: BTreeMap<&'static str, u64>,
    /// Incidents by state.
    pub incidents: BTreeMap<String, u64>,
    /// Held entries by code.
    pub held: BTreeMap<&'static str, u64>,
    /// Enrolled phones that are not revoked.
    pub devices: u64,
    /// Members.
    pub members: u64,
    /// Stored blobs by kind.
    pub blobs: BTreeMap<String, BlobCount>,
    /// Requests answered since the start.
    pub requests: u64,
    /// When the relay started.
    #[serde(serialize_with = "rfc3339")]
    pub started_at: Timestamp,
}

/// How many blobs and how large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BlobCount {
    /// How many.
    pub count: u64,
    /// All together.
    pub bytes: u64,
}

/// Writes a time as RFC 3339.
pub fn rfc3339<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// Writes a time as RFC 3339, or null.
pub fn rfc3339_or_null<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}
