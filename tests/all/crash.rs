//! The check of power cuts is no empty one: on a disk that forgets syncs it finds what is lost.

use std::{fs, path::PathBuf, process::Command};

use crate::killed::program;

/// What the check says of a disk that forgets some syncs, and where it keeps the point.
fn found(work: &str, forget: &str) -> (String, PathBuf) {
    let mut command = Command::new(program("crash"));
    command.args(["--work", work, "--forget", forget, "--points", "200"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{work}: {forget} forgotten, and nothing is noticed");
    let kept = said.lines().find_map(|line| line.trim().strip_prefix("kept in "));
    (said.clone(), PathBuf::from(kept.unwrap_or_else(|| panic!("{work}, {forget}: {said}")).trim()))
}

#[test]
fn a_disk_that_forgets_syncs_is_noticed() {
    for work in ["phone", "drafts", "relay", "backup"] {
        for forget in ["syncs", "folder-syncs"] {
            let (said, kept) = found(work, forget);
            assert!(said.contains("a power cut breaks a promise"), "{said}");
            let again = Command::new(program("crash")).arg("--again").arg(&kept).output().unwrap();
            let told = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(!again.status.success() && told.contains("a power cut breaks a promise"), "{said}{told}");
            fs::remove_dir_all(kept).unwrap();
        }
    }
}
