//! What operators see of people, phones and the relay: plain values for the console's JSON and the command
//! line. Documents stand in `reading`.
//!
//! Times are RFC 3339 in UTC. The reporter's name stands here and nowhere else: this never goes to a
//! phone.

use std::collections::BTreeMap;

use serde::Serialize;
use suishou_core::{
    id::{BlobHash, DepartmentId, DeviceId, DocumentId, EnrolCode, EntryId, Epoch, GridId, MemberId},
    model::{
        Role,
        step::{Author, Origin, StepId},
    },
    time::Timestamp,
};

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

/// A one-time code for a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invited {
    /// The code; the relay keeps only its hash.
    pub code: EnrolCode,
    /// Useless from then on.
    pub expires_at: Timestamp,
}

/// An enrolled phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeviceShown {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub member: MemberId,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// When it last synced.
    pub last_contact_at: Option<Timestamp>,
    /// It gets nothing more, and what it sends is held.
    pub is_revoked: bool,
    /// How many entries it sent.
    pub entries: u64,
    /// How many of them are held.
    pub held: u64,
}

/// Somebody who took part in a document; for the command centre only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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
    /// Who.
    pub member: MemberId,
    /// What people call them; empty if they are on the list no more.
    pub name: String,
    /// How to reach them; may be empty.
    pub phone: String,
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

/// An entry that takes no effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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
    pub received_at: Timestamp,
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
    /// Enrolled phones that are not revoked.
    pub devices: u64,
    /// Members.
    pub members: u64,
    /// Stored blobs by kind.
    pub blobs: BTreeMap<String, BlobCount>,
    /// Requests answered since the start.
    pub requests: u64,
    /// When the relay started.
    pub started_at: Timestamp,
}

/// How many blobs and how large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BlobCount {
    /// How many.
    pub count: u64,
    /// All together.
    pub bytes: u64,
}
