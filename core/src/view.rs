//! What a screen shows: values, ready to be laid out. No view is an error; clashes, held entries and weak
//! fixes are values here.

use serde::Serialize;

use crate::{
    id::{BlobHash, DocumentId},
    model::{
        Role,
        incident::{Incident, StepKind},
        patrol::Patrol,
        place::Place,
        step::{Author, StepId},
    },
    outbox::Stored,
    rows::{IncidentRow, PatrolRow},
    store::HeldEntry,
    time::Timestamp,
};

/// An incident in a list, with how much of it the relay holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentListed {
    /// What the list shows.
    #[serde(flatten)]
    pub row: IncidentRow,
    /// On this phone, stored.
    pub stored: Stored,
}

/// An incident with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IncidentView {
    /// Which.
    pub document: DocumentId,
    /// What the reporter wrote.
    pub text: String,
    /// Where, as the reporter's phone knew it.
    pub place: Place,
    /// The photos.
    pub photos: Vec<PhotoView>,
    /// Who reported it.
    pub author: Author,
    /// When, by the reporter's clock.
    pub reported_at: Timestamp,
    /// State, dispatches, steps.
    pub incident: Incident,
    /// Remarks.
    pub notes: Vec<NoteView>,
    /// On this phone, stored.
    pub stored: Stored,
    /// Own steps that took no effect, to be seen and tried again.
    pub held: Vec<HeldEntry>,
    /// What this member may do now.
    pub possible: Vec<StepKind>,
    /// The dispatch that went to this member or their department and is not done: handling, resolving and
    /// handing back are about it.
    pub my_dispatch: Option<StepId>,
}

/// A photo of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PhotoView {
    /// Which.
    pub hash: BlobHash,
    /// Its bytes are on this phone.
    pub is_here: bool,
    /// The relay can be expected to have them: not here does not mean lost.
    pub is_on_relay: bool,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteView {
    /// What was said.
    pub text: String,
    /// Who.
    pub author: Author,
    /// When, by the author's clock.
    pub at: Timestamp,
    /// The step that it explains.
    pub step: Option<StepId>,
}

/// A patrol with everything that this phone may know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatrolView {
    /// What the list shows.
    pub row: PatrolRow,
    /// What it is for.
    pub purpose: String,
    /// Legs, checkpoints, gaps.
    pub patrol: Patrol,
    /// On this phone, stored.
    pub stored: Stored,
}

/// Who this phone belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrolmentView {
    /// What the township is called.
    pub township_name: String,
    /// The member's number.
    pub member: String,
    /// What they do.
    pub role: Role,
    /// The township revoked this phone.
    pub is_revoked: bool,
}
