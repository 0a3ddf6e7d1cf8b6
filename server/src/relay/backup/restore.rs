//! A township's folder from a snapshot: everything is checked first, nothing is written over, and the relay begins
//! a new life, so that phones offer again what the snapshot has not.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
};

use serde::Serialize;
use suishou_core::{
    id::Epoch,
    time::{Random, SharedClock, Timestamp},
};

use super::{
    Progress,
    error::{KeepingError, Result},
    journal::take_back,
    seal::{self, Opener},
    shelf::{Shelf, Snapshot, sync},
    verify::verify,
};
use crate::{db, folder::Folder, identity::Identity, relay::Engine};

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// From which snapshot.
    pub name: String,
    /// Taken when.
    pub at: Timestamp,
    /// The township's name.
    pub township: String,
    /// Entries in it.
    pub entries: i64,
    /// Attachments in it.
    pub blobs: u64,
    /// Entries of the command centre that came after the snapshot, from the journal.
    pub returned: u64,
    /// Parts of the journal that are damaged.
    pub journal_damaged: u64,
    /// The life that ended.
    pub epoch_before: Epoch,
    /// The life that begins.
    pub epoch: Epoch,
}

/// Makes a new folder from a snapshot.
pub fn restore(
    shelf: &Shelf,
    snapshot: &Snapshot,
    to: &Path,
    opener: &Opener,
    (clock, random): (SharedClock, Random),
    progress: &Progress,
) -> Result<Restored> {
    check_new(to)?;
    if snapshot.manifest.is_encrypted && matches!(opener, Opener::None) {
        return Err(KeepingError::NoKey);
    }
    let verified = verify(shelf, snapshot, opener, progress)?;
    if let Some(first) = verified.damaged.first() {
        let count = verified.damaged.len() as u64;
        return Err(KeepingError::Damaged { count, first: first.clone() });
    }
    let part = part_of(to)?;
    let restored = fill(shelf, snapshot, &part, opener, (clock, random));
    if restored.is_err() {
        drop(fs::remove_dir_all(&part));
    }
    let restored = restored?;
    // An empty folder gives way to it.
    fs::rename(&part, to).map_err(KeepingError::file("rename", to))?;
    sync(parent(to))?;
    Ok(restored)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Nothing is ever written over.
fn check_new(to: &Path) -> Result<()> {
    match fs::read_dir(to) {
        Ok(mut items) => match items.next() {
            None => Ok(()),
            Some(_) => Err(KeepingError::NotEmpty(to.display().to_string())),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(KeepingError::file("read", to)(error)),
    }
}

/// Beside the folder, under a name that nobody takes for a township.
fn part_of(to: &Path) -> Result<PathBuf> {
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.is_empty() {
        return Err(KeepingError::NotEmpty(to.display().to_string()));
    }
    let parent = parent(to);
    fs::create_dir_all(parent).map_err(KeepingError::file("create", parent))?;
    let part = parent.join(format!(".{name}.restoring"));
    if part.exists() {
        fs::remove_dir_all(&part).map_err(KeepingError::file("remove", &part))?;
    }
    fs::create_dir(&part).map_err(KeepingError::file("create", &part))?;
    #[cfg(unix)]
    fs::set_permissions(&part, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .map_err(KeepingError::file("create", &part))?;
    Ok(part)
}

fn fill(
    shelf: &Shelf,
    snapshot: &Snapshot,
    part: &Path,
    opener: &Opener,
    (clock, random): (SharedClock, Random),
) -> Result<Restored> {
    let (manifest, from) = (&snapshot.manifest, shelf.folder(&snapshot.name));
    let bring = |from: &Path, to: &Path| -> Result<(suishou_core::id::BlobHash, u64)> {
        let failed = KeepingError::file("write", to);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = BufWriter::new(options.open(to).map_err(&failed)?);
        let read = seal::read(from, manifest.is_encrypted, opener, &mut file)?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(&failed)?;
        Ok(read)
    };
    let damaged = |name: &str| KeepingError::Damaged { count: 1, first: name.to_owned() };
    for file in &manifest.files {
        let read = bring(&from.join(&file.stored_name), &part.join(&file.name))?;
        if read != (file.hash, file.size_bytes) {
            return Err(damaged(&file.stored_name));
        }
    }
    let blobs = part.join("blobs");
    fs::create_dir(&blobs).map_err(KeepingError::file("create", &blobs))?;
    let mut last = None;
    for line in shelf.lines(snapshot)? {
        let line = line?;
        let name = line.hash.to_string();
        let folder = blobs.join(name.get(..2).unwrap_or_default());
        if last.as_ref() != Some(&folder) {
            if let Some(last) = last.replace(folder.clone()) {
                sync(&last)?;
            }
            fs::create_dir_all(&folder).map_err(KeepingError::file("create", &folder))?;
        }
        if bring(&shelf.blob(&line.hash), &folder.join(&name))? != (line.hash, line.size_bytes) {
            return Err(damaged(&name));
        }
    }
    if let Some(last) = last {
        sync(&last)?;
    }
    sync(&blobs)?;
    sync(part)?;
    let identity =
        Identity::load(&Folder::new(part)).map_err(|error| KeepingError::Setup(error.to_string()))?;
    let township = identity.name.clone();
    if !db::keeping::structure(&db::keeping::open_copy(&part.join(db::FILE))?, true)?.is_empty() {
        return Err(damaged(db::FILE));
    }
    // There is no marker: opened for the first time, the relay begins a new life.
    let mut engine = open(part, identity, clock, random)?;
    let back = take_back(&mut engine, shelf, opener)?;
    engine.rest().map_err(|error| KeepingError::Setup(error.to_string()))?;
    let epoch = engine.epoch();
    if epoch == manifest.epoch {
        return Err(KeepingError::Setup("no new life".to_owned()));
    }
    drop(engine);
    sync(part)?;
    Ok(Restored {
        name: snapshot.name.clone(),
        at: manifest.at,
        township,
        entries: manifest.stored_seq,
        blobs: manifest.blobs,
        returned: back.entries,
        journal_damaged: back.damaged,
        epoch_before: manifest.epoch,
        epoch,
    })
}

fn open(folder: &Path, identity: Identity, clock: SharedClock, random: Random) -> Result<Engine> {
    Engine::open(folder, identity, clock, random).map_err(|error| KeepingError::Setup(error.to_string()))
}
