//! The copies that migrations keep beside a database, as it was before: how much they take, and when they go.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::time::Timestamp;

/// A copy from before a migration is dropped after this: whatever the migration did wrong was noticed by then.
pub const COPY_AGE: Duration = Duration::from_hours(30 * 24);

/// How many bytes the copies of a database take.
pub fn bytes(database: &Path) -> u64 {
    copies(database).iter().filter_map(|copy| fs::metadata(copy).ok()).map(|copy| copy.len()).sum()
}

/// Drops those that are old; returns how many bytes they had. One that can't be removed stays for the next time.
pub fn drop_old(database: &Path, now: Timestamp) -> u64 {
    let now = SystemTime::UNIX_EPOCH + now.since(Timestamp::default());
    let mut dropped = 0;
    for copy in copies(database) {
        let Ok(found) = fs::metadata(&copy) else { continue };
        let is_old = |at| now.duration_since(at).is_ok_and(|age| age > COPY_AGE);
        if found.modified().is_ok_and(is_old) && fs::remove_file(&copy).is_ok() {
            tracing::info!("the copy from before an old migration was dropped");
            dropped += found.len();
        }
    }
    dropped
}

/// Where the copy from before a migration lies.
pub(super) fn path(database: &Path, number: i64) -> PathBuf {
    database.with_extension(format!("before-{number}.db"))
}

fn copies(database: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(stem)) = (database.parent(), database.file_stem()) else { return Vec::new() };
    let begin = format!("{}.before-", stem.to_string_lossy());
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_copy = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(".db").is_some_and(|name| name.starts_with(&begin))
    };
    found.map(|item| item.path()).filter(is_copy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_copy_goes_a_young_one_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("field.db");
        let day = Duration::from_hours(24);
        let now = Timestamp::from_millis(1_763_800_000_000);
        let at = SystemTime::UNIX_EPOCH + now.since(Timestamp::default());
        for (name, days) in
            [("field.before-2.db", 31), ("field.before-3.db", 29), ("field.db", 90), ("field.db-wal", 90)]
        {
            fs::write(folder.path().join(name), b"12345").unwrap();
            let file = fs::File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(at - days * day).unwrap();
        }
        assert_eq!(bytes(&database), 10);
        assert_eq!(drop_old(&database, now), 5);
        assert_eq!((bytes(&database), drop_old(&database, now)), (5, 0));
        let left = ["field.before-2.db", "field.before-3.db", "field.db", "field.db-wal"]
            .map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, true, true, true]);
    }
}
