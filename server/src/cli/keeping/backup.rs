//! `backup` and `restore`.

use std::{
    path::{Path, PathBuf, absolute},
    sync::Arc,
};

use data_encoding::BASE64;
use serde_json::{Value, json};
use suishou_core::time::{Clock as _, Random, SystemClock};

use super::{passphrase, through_relay, wait_for};
use crate::{
    cli::{
        args::{Backup, BackupTake, FromBackup, Kept, KeyOf, Restore},
        failure::Failure,
        lists::{mebibytes, show},
        output::{Table, complain, say_json, tell},
        value::{is, number, text},
    },
    config::Config,
    folder::Folder,
    relay::{
        backup::{self, KeepingError, Opener, Order, Progress, Seal, Shelf, new_locked_key, verify},
        keeper::Resting,
    },
    words::Words,
};

/// `backup …`
pub(in crate::cli) fn backup(
    folder: Result<PathBuf, Failure>,
    command: Backup,
    words: &'static Words,
) -> Result<(), Failure> {
    match command.kept {
        None => take(&folder?, &command.take, words),
        Some(Kept::List(from)) => list(folder.ok().as_deref(), &from, words),
        Some(Kept::Verify(from)) => verify_one(folder.ok().as_deref(), &from, words),
    }
}

/// The folder that was named, else that of config.toml.
fn place(folder: Option<&Path>, named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return absolute(named).map_err(|error| Failure::File { path: named.clone(), kind: error.kind() });
    }
    let config = Config::load(&Folder::new(folder.ok_or(KeepingError::NoFolder)?))?;
    Ok(config.backup.to.ok_or(KeepingError::NoFolder)?)
}

fn take(folder: &Path, take: &BackupTake, words: &'static Words) -> Result<(), Failure> {
    let config = Config::load(&Folder::new(folder))?;
    let to = place(Some(folder), take.to.as_ref())?;
    let shelf = match Shelf::open(&to) {
        Ok(shelf) => Some(shelf),
        Err(KeepingError::NoBackup(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let (mut recipient, mut key) = (take.encrypt_to.clone(), None);
    if take.passphrase_stdin {
        let phrase = passphrase()?;
        if let Some(shelf) = &shelf {
            // The folder has its key: it is only looked whether the passphrase is the right one.
            if !shelf.has_passphrase() {
                return Err(KeepingError::OtherKey.into());
            }
            shelf.unlock(&phrase)?;
        } else {
            let (public, locked) = new_locked_key(&phrase)?;
            (recipient, key) = (Some(public), Some(locked));
        }
    }
    if recipient.is_none() && shelf.is_none() {
        recipient.clone_from(&config.backup.encrypt_to);
    }
    let is_plain = recipient.is_none() && shelf.as_ref().is_none_or(|shelf| !shelf.is_encrypted());
    if is_plain {
        complain(words.word("keeping.plain"));
    }
    let keep = take.keep.map(usize::from).or(Some(config.backup.keep).filter(|keep| *keep > 0));
    let form = json!({
        "to": to,
        "keep": keep,
        "encrypt_to": recipient,
        "key": key.as_ref().map(|key| BASE64.encode(key)),
    });
    let taken = if let Some(ended) = wait_for(through_relay(folder, "/api/backups", form, words))? {
        ended.get("taken").cloned().unwrap_or(Value::Null)
    } else {
        let seal = recipient.as_deref().map(Seal::to).transpose()?;
        let order = Order { to, seal, key, keep };
        let resting = Resting::open(folder, Arc::new(SystemClock))?;
        serde_json::to_value(resting.back_up(&order)?).unwrap_or_default()
    };
    if take.format.json {
        say_json(&taken)?;
    } else {
        say_taken(&taken, words)?;
    }
    // What is damaged here is not in the backup: that must not look like all is well.
    if number(&taken, "blobs_damaged") > 0 { Err(Failure::Said) } else { Ok(()) }
}

fn say_taken(taken: &Value, words: &'static Words) -> Result<(), Failure> {
    tell(
        words,
        "keeping.taken",
        &[
            ("name", &text(taken, "name")),
            ("to", &text(taken, "to")),
            ("entries", &number(taken, "entries")),
            ("blobs", &number(taken, "blobs")),
            ("copied", &number(taken, "blobs_copied")),
            ("size", &mebibytes(number(taken, "written_bytes"))),
            ("dropped", &number(taken, "dropped")),
        ],
    )?;
    for (field, key) in [("blobs_missing", "keeping.missing"), ("blobs_damaged", "keeping.damaged")] {
        if number(taken, field) > 0 {
            tell(words, key, &[("count", &number(taken, field))])?;
        }
    }
    if is(taken, "is_same_disk") {
        tell(words, "keeping.same_disk", &[])?;
    }
    Ok(())
}

fn list(folder: Option<&Path>, from: &FromBackup, words: &'static Words) -> Result<(), Failure> {
    let shelf = Shelf::open(&place(folder, from.from.as_ref())?)?;
    let snapshots = shelf.snapshots()?;
    let mut table = Table::new(words, &["name", "entries", "blobs", "size", "sealed"]);
    for snapshot in &snapshots {
        let manifest = &snapshot.manifest;
        let files: u64 = manifest.files.iter().map(|file| file.stored_bytes).sum();
        let sealed = if manifest.is_encrypted { "keeping.sealed" } else { "keeping.open" };
        table.row([
            snapshot.name.clone(),
            manifest.stored_seq.to_string(),
            manifest.blobs.to_string(),
            mebibytes(files + manifest.blob_bytes),
            words.word(sealed).to_owned(),
        ]);
    }
    let json = json!({ "snapshots": snapshots, "verified_at": shelf.verified_at() });
    show(&json, &table, from.format, words)
}

/// What the person has to open it with.
fn opener(shelf: &Shelf, key: &KeyOf) -> Result<Opener, Failure> {
    if key.passphrase_stdin {
        if !shelf.has_passphrase() {
            return Err(KeepingError::WrongKey.into());
        }
        return Ok(shelf.unlock(&passphrase()?)?);
    }
    match &key.identity {
        None => Ok(Opener::None),
        Some(path) => {
            let read = std::fs::read_to_string(path)
                .map_err(|error| Failure::File { path: path.clone(), kind: error.kind() })?;
            Ok(Opener::from_text(&read)?)
        }
    }
}

fn verify_one(folder: Option<&Path>, from: &FromBackup, words: &'static Words) -> Result<(), Failure> {
    let shelf = Shelf::open(&place(folder, from.from.as_ref())?)?;
    let snapshot = shelf.snapshot(from.snapshot.as_deref())?;
    let verified = verify(&shelf, &snapshot, &opener(&shelf, &from.key)?, &Progress::default())?;
    if let Err(error) = shelf.note_verified(&verified, SystemClock.now()) {
        complain(&error.say(words));
    }
    if from.format.json {
        say_json(&serde_json::to_value(&verified).unwrap_or_default())?;
    } else {
        let key = match (verified.damaged.is_empty(), verified.is_opened) {
            (true, true) => "keeping.verified",
            (true, false) => "keeping.verified_closed",
            (false, _) => "keeping.verify_failed",
        };
        let (name, sound, damaged) = (&verified.name, &verified.sound, &verified.damaged.len());
        let (journal, entries) = (&verified.journal_files, &verified.journal_entries);
        let told: [(&str, &dyn std::fmt::Display); 5] = [
            ("name", name),
            ("sound", sound),
            ("damaged", damaged),
            ("journal", journal),
            ("entries", entries),
        ];
        tell(words, key, &told)?;
        for file in verified.damaged.iter().take(20) {
            tell(words, "keeping.damaged_file", &[("name", file)])?;
        }
    }
    if verified.damaged.is_empty() { Ok(()) } else { Err(Failure::Said) }
}

/// `restore`
pub(in crate::cli) fn restore(to: &Path, restore: &Restore, words: &'static Words) -> Result<(), Failure> {
    let shelf = Shelf::open(&restore.from)?;
    let snapshot = shelf.snapshot(restore.snapshot.as_deref())?;
    let opener = opener(&shelf, &restore.key)?;
    let means = (Arc::new(SystemClock) as suishou_core::time::SharedClock, Random::system());
    let restored = backup::restore(&shelf, &snapshot, to, &opener, means, &Progress::default())?;
    if restore.format.json {
        return say_json(&serde_json::to_value(&restored).unwrap_or_default());
    }
    tell(
        words,
        "keeping.restored",
        &[
            ("township", &restored.township),
            ("name", &restored.name),
            ("folder", &to.display()),
            ("entries", &restored.entries),
            ("blobs", &restored.blobs),
            ("returned", &restored.returned),
        ],
    )?;
    if restored.journal_damaged > 0 {
        tell(words, "keeping.journal_damaged", &[("count", &restored.journal_damaged)])?;
    }
    Ok(())
}
