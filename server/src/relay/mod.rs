//! The relay: takes what phones push, keeps it, and feeds each phone what its member may see.

pub mod error;
pub mod shown;

use std::{path::Path, sync::Arc, time::Duration};

use suishou_core::{
    geo::GridFeature,
    id::{BlobHash, DeviceId, DocumentId, MemberId},
    model::settings::{Department, Settings},
    time::{Random, SharedClock},
};

pub use error::{RelayError, Result};
pub use shown::{
    Act, BlobShown, DeviceShown, HeldShown, Imported, IncidentFilter, IncidentListed, IncidentShown, Invited,
    Member, NoteShown, PatrolListed, PatrolShown, RelayStatus,
};

use crate::identity::Identity;

/// A running relay; cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay;

/// A stored blob, for an operator.
#[derive(Clone, Debug)]
pub struct BlobRead {
    /// `photo`, `preview`, `voice` or `track`.
    pub kind: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

#[expect(clippy::unused_async, reason = "signatures first")]
impl Relay {
    /// Takes the folder's lock, opens or creates `township.db` and `blobs/`, starts the writer.
    pub fn start(_folder: &Path, _identity: Identity, _clock: SharedClock, _random: Random) -> Result<Self> {
        Err(RelayError::Stopped)
    }

    /// Everything under `/v1`.
    pub fn device_router(&self) -> axum::Router {
        axum::Router::new()
    }

    /// Finishes what was begun, checkpoints, ends the writer.
    pub async fn stop(&self) {}

    /// The township's settings.
    pub async fn settings(&self) -> Arc<Settings> {
        Arc::new(Settings::new(suishou_core::id::TownshipId::ZERO, String::new()))
    }

    /// Takes grids in place of the present ones.
    pub async fn import_grids(&self, _features: Vec<GridFeature>) -> Result<Imported> {
        Err(RelayError::Stopped)
    }

    /// Adds or changes members; nobody is removed by not being named.
    pub async fn import_members(&self, _members: Vec<Member>) -> Result<Imported> {
        Err(RelayError::Stopped)
    }

    /// Adds or changes departments; none is removed by not being named.
    pub async fn import_departments(&self, _departments: Vec<Department>) -> Result<Imported> {
        Err(RelayError::Stopped)
    }

    /// All members.
    pub async fn members(&self) -> Result<Vec<Member>> {
        Err(RelayError::Stopped)
    }

    /// A one-time code for a phone of this member.
    pub async fn invite(&self, _member: MemberId, _valid_for: Duration) -> Result<Invited> {
        Err(RelayError::Stopped)
    }

    /// All enrolled phones.
    pub async fn devices(&self) -> Result<Vec<DeviceShown>> {
        Err(RelayError::Stopped)
    }

    /// From now on the device gets nothing, and what it sends is held.
    pub async fn revoke(&self, _device: DeviceId) -> Result<()> {
        Err(RelayError::Stopped)
    }

    /// Incidents, newest first.
    pub async fn incidents(&self, _filter: IncidentFilter) -> Result<Vec<IncidentListed>> {
        Err(RelayError::Stopped)
    }

    /// All of an incident.
    pub async fn incident(&self, _document: DocumentId) -> Result<IncidentShown> {
        Err(RelayError::Stopped)
    }

    /// An operator's action; answers with what became of the incident.
    pub async fn act(&self, _document: DocumentId, _act: Act) -> Result<IncidentShown> {
        Err(RelayError::Stopped)
    }

    /// Patrols, newest first.
    pub async fn patrols(&self, _limit: usize) -> Result<Vec<PatrolListed>> {
        Err(RelayError::Stopped)
    }

    /// All of a patrol.
    pub async fn patrol(&self, _document: DocumentId) -> Result<PatrolShown> {
        Err(RelayError::Stopped)
    }

    /// Entries that take no effect, newest first.
    pub async fn held(&self) -> Result<Vec<HeldShown>> {
        Err(RelayError::Stopped)
    }

    /// A stored blob, for an operator's eyes.
    pub async fn blob(&self, _hash: BlobHash) -> Result<BlobRead> {
        Err(RelayError::Stopped)
    }

    /// The preview of a photo, for an operator's eyes.
    pub async fn preview(&self, _photo: BlobHash) -> Result<BlobRead> {
        Err(RelayError::Stopped)
    }

    /// How the relay is.
    pub async fn status(&self) -> Result<RelayStatus> {
        Err(RelayError::Stopped)
    }
}
