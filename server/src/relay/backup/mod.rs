//! Backups: a township's relay as it is at one moment, in a folder on another disk, and back from there.
//!
//! ```text
//! DIR/backup.json                whose backups these are, and for which key
//! DIR/key.age                    the secret key under a passphrase, if there is one
//! DIR/blobs/ab/abcd…[.age]       attachments, kept once for all snapshots
//! DIR/journal/                   the relay's own log since the oldest snapshot
//! DIR/snapshots/20261122T…Z/     township.db.zst[.age], keys and settings, blobs.list, manifest.json
//! ```
//!
//! A snapshot comes into being under another name and gets its own when all of it is on the disk: what was
//! killed half-way never looks whole.

pub mod error;
mod journal;
mod restore;
mod seal;
mod shelf;
mod take;
mod verify;

use serde::{Deserialize, Serialize};
use suishou_core::{
    id::{BlobHash, Epoch, TownshipId},
    time::Timestamp,
};

pub use error::KeepingError;
pub(in crate::relay) use journal::with_hash;
pub use journal::{Shipped, ship};
pub use restore::{Restored, restore};
pub use seal::{Opener, Seal, new_locked_key};
pub use shelf::{Shelf, Snapshot};
pub use take::{Order, Source, Taken, take};
pub use verify::{Verified, verify};

/// The format of everything here.
const FORMAT: u8 = 1;

/// One file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BackupFile)]
pub struct FileLine {
    /// Its name in the data folder.
    pub name: String,
    /// Its name in the snapshot.
    pub stored_name: String,
    /// Bytes of the content.
    pub size_bytes: u64,
    /// BLAKE3 of the content.
    pub hash: BlobHash,
    /// Bytes of the file in the snapshot.
    pub stored_bytes: u64,
    /// BLAKE3 of the file in the snapshot.
    pub stored_hash: BlobHash,
}

/// `manifest.json`: what a snapshot holds; written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BackupManifest)]
pub struct Manifest {
    /// Version of this file.
    pub format: u8,
    /// Which program made it.
    pub program: String,
    /// Whose it is.
    pub township: TownshipId,
    /// When it was begun.
    pub at: Timestamp,
    /// In which life of the relay.
    pub epoch: Epoch,
    /// How many entries the relay held.
    pub stored_seq: i64,
    /// Its files need a key.
    pub is_encrypted: bool,
    /// The database, keys, settings.
    pub files: Vec<FileLine>,
    /// The list of attachments.
    pub list: FileLine,
    /// How many attachments.
    pub blobs: u64,
    /// All together, as they were.
    pub blob_bytes: u64,
    /// Attachments that the database knew and the disk had no more.
    pub missing: u64,
    /// Attachments that were not what their hash says.
    pub damaged: u64,
}

/// How far something is, for whoever looks on.
#[derive(Debug, Default)]
pub struct Progress {
    /// So much of [`Self::total`].
    pub done: std::sync::atomic::AtomicU64,
    /// Of so much.
    pub total: std::sync::atomic::AtomicU64,
    /// It should come to an end now.
    pub is_cancelled: std::sync::atomic::AtomicBool,
}

impl Progress {
    pub(super) fn set_total(&self, total: u64) {
        self.total.store(total, std::sync::atomic::Ordering::Relaxed);
    }

    pub(super) fn step(&self) -> error::Result<()> {
        self.done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if self.is_cancelled.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(KeepingError::Cancelled);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
