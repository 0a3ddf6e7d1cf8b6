//! A file of no use but its room: given up on a full disk, so that text can always be saved.

use std::{fs, path::Path};

use super::{life::write_file, phone::Store, space::size};
use crate::error::{Error, Result};

/// Given up when a text does not fit: enough for some ten reports with their indexes.
const BALLAST_BYTES: usize = 512 * 1024;
/// The ballast is made when so much is free.
const AMPLE_BYTES: u64 = 4 * 1024 * 1024;
const BALLAST: &str = "ballast";

impl Store {
    /// Does something small that must fit; once more without the ballast if it does not.
    pub(super) fn with_ballast<T>(
        &mut self,
        first: impl FnOnce(&mut Self) -> Result<T>,
        again: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        match first(self) {
            Err(Error::StorageFull) if give_up_ballast(self.folder()) => again(self),
            other => other,
        }
    }
}

/// Makes the ballast if there is ample room and it is not there; its absence is no failure.
pub(super) fn keep_ballast(folder: &Path) {
    let path = folder.join(BALLAST);
    if size(&path) == BALLAST_BYTES as u64
        || fs4::available_space(folder).map_or(true, |free| free < AMPLE_BYTES)
    {
        return;
    }
    // No zeros: a file system may keep those for nothing, and then giving them up frees nothing.
    let mut hasher = blake3::Hasher::new().update(b"ballast").finalize_xof();
    let mut bytes = vec![0; BALLAST_BYTES];
    hasher.fill(&mut bytes);
    if let Err(error) = write_file(&path, &bytes) {
        tracing::warn!(%error, "no ballast could be made");
    }
}

/// Gives the ballast up; whether there was any.
pub(super) fn give_up_ballast(folder: &Path) -> bool {
    let is_given_up = fs::remove_file(folder.join(BALLAST)).is_ok();
    if is_given_up {
        tracing::warn!("the disk is full: the ballast is given up");
    }
    is_given_up
}
