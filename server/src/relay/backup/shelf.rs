//! A backup folder: whose it is, which snapshots it has, where an attachment lies.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Error,
    id::{BlobHash, TownshipId},
    store::open::{Lock, lock},
    time::Timestamp,
};

use super::{
    FORMAT, Manifest,
    error::{KeepingError, Result},
    seal::{Opener, Seal},
};

const MANIFEST: &str = "manifest.json";
/// Beginning of the names of snapshots that are not whole.
const PART: &str = ".part-";

/// `backup.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    format: u8,
    township: TownshipId,
    recipient: Option<String>,
}

/// `verified.json`: the last time that somebody read everything back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VerifiedNote {
    pub(super) snapshot: String,
    pub(super) at: Timestamp,
}

/// A line of the list of attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlobLine {
    pub(super) hash: BlobHash,
    pub(super) size_bytes: u64,
    pub(super) stored_bytes: u64,
    pub(super) stored_hash: BlobHash,
}

impl BlobLine {
    pub(super) fn to_line(self) -> String {
        format!("{} {} {} {}\n", self.hash, self.size_bytes, self.stored_bytes, self.stored_hash)
    }

    fn read(line: &str) -> Option<Self> {
        let mut parts = line.split(' ');
        let line = Self {
            hash: parts.next()?.parse().ok()?,
            size_bytes: parts.next()?.parse().ok()?,
            stored_bytes: parts.next()?.parse().ok()?,
            stored_hash: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(line)
    }
}

/// A whole snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = BackupSnapshot)]
pub struct Snapshot {
    /// Its name: when it was taken.
    pub name: String,
    /// What it holds.
    #[serde(flatten)]
    pub manifest: Manifest,
}

/// A backup folder.
#[derive(Debug)]
pub struct Shelf {
    path: PathBuf,
    about: About,
}

impl Shelf {
    /// Opens a backup folder.
    pub fn open(path: &Path) -> Result<Self> {
        let none = || KeepingError::NoBackup(path.display().to_string());
        let text = match fs::read(path.join("backup.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(none()),
            Err(error) => return Err(KeepingError::file("read", path)(error)),
        };
        let about: About = serde_json::from_slice(&text).map_err(|_| none())?;
        if about.format != FORMAT {
            return Err(KeepingError::TooNew(about.format));
        }
        Ok(Self { path: path.to_owned(), about })
    }

    /// Opens a township's backup folder, or begins it; its parent must be there, so that a disk which is not
    /// plugged in is no new folder on another one.
    pub(super) fn begin(
        path: &Path,
        township: TownshipId,
        seal: Option<&Seal>,
        key: Option<&[u8]>,
    ) -> Result<Self> {
        match Self::open(path) {
            Ok(shelf) if shelf.about.township != township => return Err(KeepingError::OtherTownship),
            Ok(shelf) => {
                let asked = seal.map(Seal::recipient);
                // A passphrase makes a new key each time: the folder's own is asked for, not another.
                let is_other = key.is_some() || asked.is_some_and(|asked| asked != shelf.about.recipient);
                return if is_other { Err(KeepingError::OtherKey) } else { Ok(shelf) };
            }
            Err(KeepingError::NoBackup(_)) => {}
            Err(error) => return Err(error),
        }
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let failed = KeepingError::file("read", path);
                if !fs::read_dir(path).map_err(&failed)?.flatten().all(|item| is_begun(&item)) {
                    return Err(KeepingError::NotEmpty(path.display().to_string()));
                }
            }
            made => made.map_err(KeepingError::file("create", path))?,
        }
        for folder in ["blobs", "snapshots"] {
            fs::create_dir_all(path.join(folder)).map_err(KeepingError::file("create", path))?;
        }
        // What makes it a backup's folder comes last, also on the disk.
        sync(path)?;
        if let Some(key) = key {
            write_whole(&path.join("key.age"), key)?;
        }
        let about = About { format: FORMAT, township, recipient: seal.and_then(Seal::recipient) };
        write_json(&path.join("backup.json"), &about)?;
        sync(path)?;
        let own_name = path.canonicalize().map_err(KeepingError::file("read", path))?;
        own_name.parent().map_or(Ok(()), sync)?;
        Ok(Self { path: path.to_owned(), about })
    }

    /// Keeps a second backup out.
    pub(super) fn lock(&self) -> Result<Lock> {
        lock(&self.path).map_err(|error| match error {
            Error::Busy => KeepingError::Running,
            other => other.into(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its files need a key.
    pub fn is_encrypted(&self) -> bool {
        self.about.recipient.is_some()
    }

    /// Whether its key is under a passphrase.
    pub fn has_passphrase(&self) -> bool {
        self.path.join("key.age").exists()
    }

    /// What its files are encrypted to.
    pub(super) fn seal(&self) -> Result<Seal> {
        self.about.recipient.as_deref().map_or(Ok(Seal::Plain), Seal::to)
    }

    /// What a passphrase opens.
    pub fn unlock(&self, passphrase: &str) -> Result<Opener> {
        let path = self.path.join("key.age");
        let locked = fs::read(&path).map_err(KeepingError::file("read", &path))?;
        Opener::from_passphrase(&locked, passphrase)
    }

    /// Its whole snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>> {
        let path = self.path.join("snapshots");
        let mut found = Vec::new();
        for item in fs::read_dir(&path).map_err(KeepingError::file("read", &path))?.flatten() {
            let name = item.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            match self.manifest(&name) {
                Ok(manifest) => found.push(Snapshot { name, manifest }),
                Err(error) => tracing::warn!(snapshot = %name, %error, "a snapshot can't be read"),
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// A snapshot by its name, else the newest.
    pub fn snapshot(&self, name: Option<&str>) -> Result<Snapshot> {
        let found = match name {
            Some(name) if !is_name(name) => None,
            Some(name) => return Ok(Snapshot { name: name.to_owned(), manifest: self.manifest(name)? }),
            None => self.snapshots()?.pop(),
        };
        found.ok_or_else(|| KeepingError::NoBackup(self.path.display().to_string()))
    }

    fn manifest(&self, name: &str) -> Result<Manifest> {
        let path = self.folder(name).join(MANIFEST);
        let text = fs::read(&path).map_err(KeepingError::file("read", &path))?;
        let damaged = || KeepingError::Damaged { count: 1, first: path.display().to_string() };
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| damaged())?;
        let is_sound = |line: &super::FileLine| is_name(&line.name) && is_name(&line.stored_name);
        if manifest.format != FORMAT {
            return Err(KeepingError::TooNew(manifest.format));
        }
        if manifest.township != self.about.township {
            return Err(KeepingError::OtherTownship);
        }
        // Names go into paths.
        if !manifest.files.iter().chain([&manifest.list]).all(is_sound) {
            return Err(damaged());
        }
        Ok(manifest)
    }

    /// Where a snapshot lies.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.path.join("snapshots").join(name)
    }

    /// Where a snapshot comes into being.
    pub(super) fn part(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder(&format!("{PART}{name}"));
        fs::create_dir(&path).map_err(KeepingError::file("create", &path))?;
        Ok(path)
    }

    /// Gives a snapshot that is whole its name.
    pub(super) fn finish(&self, name: &str, manifest: &Manifest) -> Result<()> {
        let (part, whole) = (self.folder(&format!("{PART}{name}")), self.folder(name));
        write_json(&part.join(MANIFEST), manifest)?;
        sync(&part)?;
        fs::rename(&part, &whole).map_err(KeepingError::file("rename", &part))?;
        sync(&self.path.join("snapshots"))
    }

    /// Drops what a killed backup left.
    pub(super) fn sweep(&self) -> Result<()> {
        let path = self.path.join("snapshots");
        for item in fs::read_dir(&path).map_err(KeepingError::file("read", &path))?.flatten() {
            if item.file_name().to_string_lossy().starts_with(PART) {
                fs::remove_dir_all(item.path()).map_err(KeepingError::file("remove", &item.path()))?;
            }
        }
        Ok(())
    }

    /// Drops all snapshots but the newest, and the attachments that no snapshot names any more.
    pub(super) fn keep(&self, newest: usize) -> Result<usize> {
        let mut snapshots = self.snapshots()?;
        let kept = snapshots.split_off(snapshots.len().saturating_sub(newest.max(1)));
        if snapshots.is_empty() {
            return Ok(0);
        }
        for old in &snapshots {
            let (from, gone) = (self.folder(&old.name), self.folder(&format!("{PART}{}", old.name)));
            fs::rename(&from, &gone).map_err(KeepingError::file("rename", &from))?;
            // Else a power cut can leave it under its old name, with half of its files.
            sync(&self.path.join("snapshots"))?;
            fs::remove_dir_all(&gone).map_err(KeepingError::file("remove", &gone))?;
        }
        let mut named = std::collections::BTreeSet::new();
        for snapshot in &kept {
            for line in self.lines(snapshot)? {
                named.insert(line?.hash);
            }
        }
        for (hash, path) in self.all_blobs()? {
            if !named.contains(&hash) {
                fs::remove_file(&path).map_err(KeepingError::file("remove", &path))?;
            }
        }
        Ok(snapshots.len())
    }

    fn all_blobs(&self) -> Result<Vec<(BlobHash, PathBuf)>> {
        let path = self.path.join("blobs");
        let mut found = Vec::new();
        for folder in fs::read_dir(&path).map_err(KeepingError::file("read", &path))?.flatten() {
            for item in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                let name = item.file_name().to_string_lossy().into_owned();
                if let Ok(hash) = name.trim_end_matches(".age").parse() {
                    found.push((hash, item.path()));
                }
            }
        }
        Ok(found)
    }

    /// Where an attachment lies.
    pub(super) fn blob(&self, hash: &BlobHash) -> PathBuf {
        let name = hash.to_string();
        let folder = self.path.join("blobs").join(name.get(..2).unwrap_or_default());
        folder.join(if self.is_encrypted() { format!("{name}.age") } else { name })
    }

    /// The list of a snapshot's attachments, in the order of their hashes. Hashes and sizes are no secret that the
    /// names of the files do not tell, so that it is never encrypted.
    pub(super) fn lines(
        &self,
        snapshot: &Snapshot,
    ) -> Result<impl Iterator<Item = Result<BlobLine>> + use<>> {
        let path = self.folder(&snapshot.name).join(&snapshot.manifest.list.stored_name);
        let file = File::open(&path).map_err(KeepingError::file("read", &path))?;
        Ok(BufReader::new(file).lines().map(move |line| {
            let line = line.map_err(KeepingError::file("read", &path))?;
            BlobLine::read(&line)
                .ok_or_else(|| KeepingError::Damaged { count: 1, first: path.display().to_string() })
        }))
    }

    /// When everything was read back the last time.
    pub fn verified_at(&self) -> Option<Timestamp> {
        let note: VerifiedNote =
            serde_json::from_slice(&fs::read(self.path.join("verified.json")).ok()?).ok()?;
        Some(note.at)
    }

    pub(super) fn set_verified(&self, snapshot: &str, at: Timestamp) -> Result<()> {
        let path = self.path.join("verified.json");
        drop(fs::remove_file(&path));
        write_json(&path, &VerifiedNote { snapshot: snapshot.to_owned(), at })
    }
}

/// A file's name and nothing else.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name != ".." && name != "." && !name.contains(['/', '\\', '\0'])
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_vec_pretty(value).map_err(|_| Error::Corrupt("a note of a backup"))?;
    write_whole(path, &json)
}

/// Writes a file of its owner's; the old one or the new one is there after a cut.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = KeepingError::file("write", path);
    let fresh = path.with_extension("new");
    drop(fs::remove_file(&fresh));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    });
    written.map_err(failed)
}

/// What a beginning that was cut off leaves; and what a disk's own file system has.
fn is_begun(item: &fs::DirEntry) -> bool {
    let is_empty = || fs::read_dir(item.path()).is_ok_and(|mut items| items.next().is_none());
    match item.file_name().to_str() {
        Some("lost+found" | "backup.new" | "key.new" | "key.age") => true,
        Some("blobs" | "snapshots") => is_empty(),
        _ => false,
    }
}

pub(super) fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(KeepingError::file("sync", folder))
}
