//! From opening to closing in order: whether the last run was cut off, whether the disk failed under it, and the
//! copies that migrations keep.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use suishou_core::{
    error::{Error, Result},
    store::{copies, open},
    time::Timestamp,
};

use crate::db;

/// There from opening to closing.
const RUNNING: &str = "running";
/// There after the disk did not take what it was given.
const DISK_FAILED: &str = "disk-failed";

/// One run of the relay.
#[derive(Debug)]
pub(super) struct Life {
    folder: PathBuf,
}

impl Life {
    /// Looks at what the last run left: after a cut the structure is checked before anything is written.
    pub(super) fn begin(folder: &Path) -> Result<Self> {
        let (running, failed) = (folder.join(RUNNING), folder.join(DISK_FAILED));
        let database = folder.join(db::FILE);
        let has_log = fs::metadata(folder.join(format!("{}-wal", db::FILE))).is_ok_and(|log| log.len() > 0);
        if !failed.exists() && (running.exists() || has_log) {
            open::sync_left(&database)?;
        }
        if failed.exists() {
            tracing::warn!("the disk failed under the last run: the database is made anew");
            db::keeping::make_anew(folder)?;
        }
        // Only its first start writes a journal: one that was cut off then has stored nothing, and what can't write
        // can't open it. SQLite begins anew.
        let is_begun = folder.join(format!("{}-journal", db::FILE)).exists();
        if database.exists() && !is_begun && (running.exists() || has_log || failed.exists()) {
            tracing::info!("the last run was cut off: the database is checked");
            let found = db::keeping::structure(&db::keeping::open_copy(&database)?, false)?;
            if !found.is_empty() {
                tracing::error!(lines = found.len(), "the database is damaged");
                return Err(Error::Corrupt("the database's structure; restore a backup"));
            }
        }
        if failed.exists() {
            fs::remove_file(&failed).map_err(Error::file("forgetting a failed disk"))?;
        }
        let made = File::create(&running).and_then(|file| file.sync_all());
        made.map_err(Error::file("marking the relay as running"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// For the next start. A disk that failed may not take this either; the operator is told in any case.
    pub(super) fn note_disk_failure(&self) {
        let noted = File::create(self.folder.join(DISK_FAILED)).and_then(|file| file.sync_all());
        if let Err(error) = noted {
            tracing::error!(kind = %error.kind(), "the failure of the disk can't be noted");
        }
    }

    /// Whether that was done.
    pub(super) fn is_disk_failure_noted(&self) -> bool {
        self.folder.join(DISK_FAILED).exists()
    }

    /// Drops the copies that migrations of long ago kept.
    pub(super) fn drop_old_copies(&self, now: Timestamp) {
        copies::drop_old(&self.folder.join(db::FILE), now);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // If it stays, the next start looks more closely than it had to.
        drop(fs::remove_file(self.folder.join(RUNNING)));
    }
}
