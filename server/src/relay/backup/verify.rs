//! Reads a snapshot back: every file against the manifest, and with the key its content too.

use std::{fs, path::Path};

use serde::Serialize;
use suishou_core::time::Timestamp;

use super::{
    FileLine, Progress,
    error::{KeepingError, Result},
    seal::{self, Opener},
    shelf::{Shelf, Snapshot},
};

/// What was read back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Which snapshot.
    pub name: String,
    /// Files and attachments that are what they were.
    pub sound: u64,
    /// Those that are not, or are gone.
    pub damaged: Vec<String>,
    /// Files of the journal, which are among these.
    pub journal_files: u64,
    /// Entries of the command centre in them.
    pub journal_entries: u64,
    /// The content was decrypted too, not only the files compared.
    pub is_opened: bool,
}

/// Reads a snapshot back.
pub fn verify(shelf: &Shelf, snapshot: &Snapshot, opener: &Opener, progress: &Progress) -> Result<Verified> {
    let is_sealed = snapshot.manifest.is_encrypted;
    let is_opened = !is_sealed || matches!(opener, Opener::With(_));
    let mut verified = Verified { name: snapshot.name.clone(), is_opened, ..Verified::default() };
    progress.set_total(snapshot.manifest.files.len() as u64 + 1 + snapshot.manifest.blobs);
    let folder = shelf.folder(&snapshot.name);
    let mut take = |name: &str, is_sound: bool| -> Result<()> {
        if is_sound {
            verified.sound += 1;
        } else {
            tracing::error!(file = %name, "a file of a backup is damaged");
            verified.damaged.push(name.to_owned());
        }
        progress.step()
    };
    let list = &snapshot.manifest.list;
    let path = folder.join(&list.stored_name);
    let is_list_sound = is_file_sound(&path, list, false, &Opener::None)?;
    take(&list.stored_name, is_list_sound)?;
    for file in &snapshot.manifest.files {
        let path = folder.join(&file.stored_name);
        take(&file.stored_name, is_file_sound(&path, file, is_sealed, opener)?)?;
    }
    if is_list_sound {
        for line in shelf.lines(snapshot)? {
            let line = line?;
            let path = shelf.blob(&line.hash);
            let file = FileLine {
                name: line.hash.to_string(),
                stored_name: line.hash.to_string(),
                size_bytes: line.size_bytes,
                hash: line.hash,
                stored_bytes: line.stored_bytes,
                stored_hash: line.stored_hash,
            };
            take(&file.name, is_file_sound(&path, &file, is_sealed, opener)?)?;
        }
    }
    let journal = shelf.verify_journal(opener)?;
    verified.sound += journal.files;
    (verified.journal_files, verified.journal_entries) = (journal.files, journal.entries);
    verified.damaged.extend(journal.damaged);
    Ok(verified)
}

impl Shelf {
    /// Notes that a snapshot was read back and is sound.
    pub fn note_verified(&self, verified: &Verified, at: Timestamp) -> Result<()> {
        if verified.damaged.is_empty() && verified.is_opened {
            self.set_verified(&verified.name, at)?;
        }
        Ok(())
    }
}

fn is_file_sound(path: &Path, file: &FileLine, is_sealed: bool, opener: &Opener) -> Result<bool> {
    if fs::metadata(path).map_or(true, |metadata| metadata.len() != file.stored_bytes) {
        return Ok(false);
    }
    if seal::hash_of(path)? != (file.stored_hash, file.stored_bytes) {
        return Ok(false);
    }
    if is_sealed && matches!(opener, Opener::None) {
        return Ok(true);
    }
    match seal::read(path, is_sealed, opener, &mut std::io::sink()) {
        Ok(content) => Ok(content == (file.hash, file.size_bytes)),
        // The file is what it was: then it is the key that is not.
        Err(KeepingError::WrongKey) => Err(KeepingError::WrongKey),
        Err(_) => Ok(false),
    }
}
