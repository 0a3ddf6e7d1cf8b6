//! Copies of whole folders, as a backup or a cloned phone would be.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// Copies a folder with all that is in it, but no lock.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for item in fs::read_dir(from).expect("the folder can be read").flatten() {
        let target = to.join(item.file_name());
        if item.path().is_dir() {
            copy_folder(&item.path(), &target);
        } else if item.file_name() != "lock" {
            fs::copy(item.path(), target).expect("a file can be copied");
        }
    }
}

/// A file system in memory, if there is one with room for many folders.
pub fn memory() -> Option<PathBuf> {
    const ENOUGH_KB: u64 = 2_000_000;
    let memory = PathBuf::from("/dev/shm");
    let said = Command::new("df").args(["-k", "--output=avail"]).arg(&memory).output().ok()?;
    let free: u64 = String::from_utf8_lossy(&said.stdout).lines().last()?.trim().parse().ok()?;
    (free >= ENOUGH_KB).then_some(memory)
}

/// What a kill at this moment would leave of a folder in use.
pub(super) fn crashed(folder: &Path) -> TempDir {
    let kept = tempfile::tempdir().expect("a folder for the copy can be made");
    copy_folder(folder, kept.path());
    kept
}

/// Puts a copy in place of a folder.
pub(super) fn replace(folder: &Path, copy: &Path) {
    fs::remove_dir_all(folder).expect("the folder can be removed");
    copy_folder(copy, folder);
}
