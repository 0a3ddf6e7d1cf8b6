//! From opening to closing in order: whether the last run was cut off, whether the disk failed under it, and the
//! copies that migrations keep.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use suishou_core::{
    error::{Error, Result},
    time::Timestamp,
};

use crate::db;

/// There from opening to closing.
const RUNNING: &str = "running";
/// There after the disk did not take what it was given.
const DISK_FAILED: &str = "disk-failed";
/// A copy of the database as it was before a migration is dropped after this.
const COPY_AGE: Duration = Duration::from_hours(30 * 24);

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
        if failed.exists() {
            tracing::warn!("the disk failed under the last run: the database is made anew");
            db::keeping::make_anew(folder)?;
        }
        if database.exists() && (running.exists() || has_log || failed.exists()) {
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
        let now = SystemTime::UNIX_EPOCH + now.since(Timestamp::default());
        for item in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = item.file_name().to_string_lossy().into_owned();
            let is_copy = name.strip_suffix(".db").is_some_and(|name| name.starts_with("township.before-"));
            let modified = item.metadata().and_then(|metadata| metadata.modified());
            let is_old = modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > COPY_AGE));
            if is_copy && is_old && fs::remove_file(item.path()).is_ok() {
                tracing::info!("the copy from before an old migration was dropped");
            }
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // If it stays, the next start looks more closely than it had to.
        drop(fs::remove_file(self.folder.join(RUNNING)));
    }
}
