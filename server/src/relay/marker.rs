//! A small file beside the database that says how far it was: a database that is behind its marker was
//! copied back, whatever its operator remembers.

use std::{fs, io::Write as _, path::Path};

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::{Error, Result},
    id::Epoch,
};

/// The marker's file within the relay's folder.
const FILE: &str = "marker";
/// The marker is renewed after so many places of log or feed.
const EVERY: i64 = 1_024;

/// How far the database was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// In which life.
    pub(super) epoch: Epoch,
    /// The last stored entry.
    pub(super) stored_seq: i64,
    /// The last position of the feed.
    pub(super) feed_seq: i64,
}

impl Marker {
    /// Reads it; none if there is none or it is damaged.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()
    }

    /// A database that stands at `now` is not older than this marker.
    pub(super) fn agrees_with(&self, now: &Self) -> bool {
        self.epoch == now.epoch && self.stored_seq <= now.stored_seq && self.feed_seq <= now.feed_seq
    }

    /// Far enough behind `now` to be renewed.
    pub(super) fn is_old(&self, now: &Self) -> bool {
        self.epoch != now.epoch
            || now.stored_seq - self.stored_seq >= EVERY
            || now.feed_seq - self.feed_seq >= EVERY
    }

    /// Puts it in place of the old one, whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let bytes = serde_json::to_vec(self).map_err(|_| Error::Corrupt("the marker"))?;
        let (path, draft) = (folder.join(FILE), folder.join("marker.new"));
        let failed = Error::file("writing the marker");
        let mut file = fs::File::create(&draft).map_err(&failed)?;
        file.write_all(&bytes).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        fs::rename(&draft, &path).map_err(&failed)?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(&failed)
    }
}
