//! What operators see of people, phones and the relay: plain values for the console's JSON and the command
//! line. Documents stand in `reading`.
//!
//! Times are RFC 3339 in UTC. The reporter's name stands here and nowhere else: this never goes to a
//! phone.

use std::collections::BTreeMap;

use serde::Serialize;
use suishou_core::{
    id::{BlobHash, DepartmentId, EntryId, Epoch, GridId, MemberId},
    model::{
        Role,
        step::{Author, Origin, StepId},
    },
    time::Timestamp,
};

use super::quota::QuotaShown;

/// A person of the township.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Imported {
    /// New ones.
    pub added: usize,
    /// Known ones that are different now.
    pub changed: usize,
    /// Known ones that are as before.
    pub unchanged: usize,
    /// Those that are not any more: grids, and what a settings file leaves out.
    pub removed: usize,
    /// Version of the settings bundle after it.
    pub settings_version: u64,
}

/// Somebody who took part in a document; for the command centre only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PersonShown {
    /// Their alias in this document.
    pub author: Author,
    /// Who; none if that is not shown.
    pub member: Option<MemberId>,
    /// What people call them; empty if that is not shown.
    pub name: String,
    /// What they do; none if that is not shown.
    pub role: Option<Role>,
    /// How to reach them.
    pub phone: String,
    /// An informant, or somebody who reported in confidence: nothing but the alias is shown.
    pub is_hidden: bool,
}

/// A photo or recording that a record or note names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BlobShown {
    /// Which.
    pub hash: BlobHash,
    /// The relay has it whole.
    pub is_stored: bool,
    /// The relay has its preview.
    pub has_preview: bool,
}

/// Somebody whom a step, an order or an audience names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NamedShown {
    /// For comparing; never shown.
    #[serde(skip)]
    pub of: MemberId,
    /// Who; none if that is not shown.
    pub member: Option<MemberId>,
    /// What people call them; empty if they are on the list no more, or if that is not shown.
    pub name: String,
    /// How to reach them; may be empty.
    pub phone: String,
    /// An informant.
    pub is_hidden: bool,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NoteShown {
    /// What was said.
    pub text: String,
    /// Who and when.
    pub origin: Origin,
    /// The step that it explains.
    pub step: Option<StepId>,
    /// The remark that it answers, by its entry.
    pub answers: Option<EntryId>,
    /// It says what the record's text should have said.
    pub is_correction: bool,
    /// Its photos.
    pub photos: Vec<BlobShown>,
    /// Its voice recording.
    pub voice: Option<BlobShown>,
}

/// How the relay is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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
    /// What one device may send, and who is at that limit.
    pub quota: QuotaShown,
    /// Enrolled phones that are not revoked.
    pub devices: u64,
    /// Members.
    pub members: u64,
    /// Stored blobs by kind.
    pub blobs: BTreeMap<String, BlobCount>,
    /// Events that wait for webhooks.
    pub events_pending: u64,
    /// Events that no webhook took for three days.
    pub events_dead: u64,
    /// Requests answered since the start.
    pub requests: u64,
    /// When the relay started.
    pub started_at: Timestamp,
    /// How informants' identities are kept.
    pub identities: super::identity::IdentityStatus,
}

/// How many blobs and how large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BlobCount {
    /// How many.
    pub count: u64,
    /// All together.
    pub bytes: u64,
}
