//! Takes a snapshot: the database as one reader sees it, what the backup folder lacks of attachments, and the
//! files without which a township would have to enrol every phone anew.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use suishou_core::{
    error::Error,
    id::{BlobHash, TownshipId},
    time::Timestamp,
};

use super::{
    FORMAT, FileLine, Manifest, Progress,
    error::{KeepingError, Result},
    seal::{self, Seal},
    shelf::{BlobLine, Shelf, sync},
};
use crate::{
    blobs::Blobs,
    db::{self, Connection},
};

/// Attachments looked at together.
const AT_ONCE: u32 = 1_000;
/// The copy of the database on this machine, until it is in the snapshot.
const COPY: &str = "township.db.copy";

/// What is backed up.
#[derive(Debug)]
pub struct Source<'a> {
    /// The township's folder.
    pub folder: &'a Path,
    /// Whose it is.
    pub township: TownshipId,
    /// A reader of the database.
    pub connection: &'a Connection,
    /// The attachments.
    pub blobs: &'a Blobs,
    /// When.
    pub at: Timestamp,
}

/// How.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The backup folder.
    pub to: PathBuf,
    /// What a new folder's files are encrypted to; none asks for what the folder has.
    pub seal: Option<Seal>,
    /// The locked key of a new folder with a passphrase.
    pub key: Option<Vec<u8>>,
    /// How many snapshots stay; all if none.
    pub keep: Option<usize>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BackupTaken)]
pub struct Taken {
    /// The snapshot's name.
    pub name: String,
    /// Where.
    pub to: String,
    /// The relay's count of entries in it.
    pub entries: i64,
    /// Attachments in it.
    pub blobs: u64,
    /// Those that were not in the folder before.
    pub blobs_copied: u64,
    /// Attachments that the database knows and the disk has no more.
    pub blobs_missing: u64,
    /// Attachments that are not what their hash says.
    pub blobs_damaged: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
    /// Older snapshots that were dropped.
    pub dropped: usize,
    /// Its files need a key.
    pub is_encrypted: bool,
    /// It lies on the disk on which the township lies.
    pub is_same_disk: bool,
}

/// Takes a snapshot.
pub fn take(source: &Source<'_>, order: &Order, progress: &Progress) -> Result<Taken> {
    check_place(source.folder, &order.to)?;
    let shelf = Shelf::begin(&order.to, source.township, order.seal.as_ref(), order.key.as_deref())?;
    let _lock = shelf.lock()?;
    shelf.sweep()?;
    let name = name(&shelf, source.at);
    let copy = Copy::make(source)?;
    let part = shelf.part(&name)?;
    let taken = Taking { source, shelf: &shelf, part: &part, seal: shelf.seal()?, progress };
    let written = taken.all(&copy.0);
    if written.is_err() {
        drop(fs::remove_dir_all(&part));
    }
    let (manifest, copied, written_bytes) = written?;
    shelf.finish(&name, &manifest)?;
    drop(copy);
    let dropped = match order.keep {
        Some(newest) => shelf.keep(newest)?,
        None => 0,
    };
    shelf.trim_journal()?;
    Ok(Taken {
        name,
        to: order.to.display().to_string(),
        entries: manifest.stored_seq,
        blobs: manifest.blobs,
        blobs_copied: copied,
        blobs_missing: manifest.missing,
        blobs_damaged: manifest.damaged,
        written_bytes,
        dropped,
        is_encrypted: manifest.is_encrypted,
        is_same_disk: is_same_disk(source.folder, shelf.path()),
    })
}

/// A backup within the township's folder would go with it.
fn check_place(folder: &Path, to: &Path) -> Result<()> {
    let whole = |path: &Path| path.canonicalize().ok();
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = whole(to).or_else(|| whole(parent));
    match (place, whole(folder)) {
        (Some(place), Some(folder)) if place.starts_with(&folder) => Err(KeepingError::Inside),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn is_same_disk(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    matches!((fs::metadata(a), fs::metadata(b)), (Ok(a), Ok(b)) if a.dev() == b.dev())
}

#[cfg(not(unix))]
fn is_same_disk(_: &Path, _: &Path) -> bool {
    false
}

/// `20261122T215136Z`, and a number if there is one of that second.
fn name(shelf: &Shelf, at: Timestamp) -> String {
    let text = at.to_rfc3339();
    let seconds: String = text
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !matches!(c, '-' | ':' | 'Z'))
        .collect();
    let base = format!("{seconds}Z");
    let numbered = (2_u32..).map(|number| format!("{base}-{number:03}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !shelf.folder(name).exists()).unwrap_or(base)
}

/// A copy of the database beside it, gone when this is dropped: unencrypted, it never lies on another disk.
struct Copy(PathBuf);

impl Copy {
    fn make(source: &Source<'_>) -> Result<Self> {
        let path = source.folder.join(COPY);
        let copy = Self(path);
        copy.remove();
        db::keeping::copy_into(source.connection, &copy.0)?;
        #[cfg(unix)]
        fs::set_permissions(&copy.0, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(KeepingError::file("write", &copy.0))?;
        Ok(copy)
    }

    fn remove(&self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let mut path = self.0.as_os_str().to_owned();
            path.push(end);
            drop(fs::remove_file(path));
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}

struct Taking<'a> {
    source: &'a Source<'a>,
    shelf: &'a Shelf,
    part: &'a Path,
    seal: Seal,
    progress: &'a Progress,
}

/// What became of the attachments.
#[derive(Default)]
struct Walk {
    blobs: u64,
    bytes: u64,
    copied: u64,
    written: u64,
    missing: u64,
    damaged: u64,
}

impl Taking<'_> {
    fn all(&self, copy: &Path) -> Result<(Manifest, u64, u64)> {
        let connection = db::keeping::open_copy(copy)?;
        let meta = db::meta::read(&connection)?.ok_or(Error::Corrupt("the relay's first row"))?;
        let stored_seq = db::meta::stored_seq(&connection)?;
        let list_path = self.part.join("blobs.list");
        let walk = self.blobs(&connection, &list_path)?;
        drop(connection);
        let (hash, bytes) = seal::hash_of(&list_path)?;
        let list = FileLine {
            name: "blobs.list".to_owned(),
            stored_name: "blobs.list".to_owned(),
            size_bytes: bytes,
            hash,
            stored_bytes: bytes,
            stored_hash: hash,
        };
        let mut files = vec![self.file(copy, db::FILE, ".zst")?];
        for name in small_files(self.source.folder)? {
            files.push(self.file(&self.source.folder.join(&name), &name, "")?);
        }
        let written = walk.written + files.iter().map(|file| file.stored_bytes).sum::<u64>() + bytes;
        let manifest = Manifest {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            township: self.source.township,
            at: self.source.at,
            epoch: meta.epoch,
            stored_seq,
            is_encrypted: self.shelf.is_encrypted(),
            files,
            list,
            blobs: walk.blobs,
            blob_bytes: walk.bytes,
            missing: walk.missing,
            damaged: walk.damaged,
        };
        Ok((manifest, walk.copied, written))
    }

    fn file(&self, from: &Path, name: &str, ending: &str) -> Result<FileLine> {
        let age = if self.shelf.is_encrypted() { ".age" } else { "" };
        let stored_name = format!("{name}{ending}{age}");
        let content = File::open(from).map_err(KeepingError::file("read", from))?;
        let sealed = seal::write(content, &self.part.join(&stored_name), &self.seal)?;
        Ok(FileLine {
            name: name.to_owned(),
            stored_name,
            size_bytes: sealed.size_bytes,
            hash: sealed.hash,
            stored_bytes: sealed.stored_bytes,
            stored_hash: sealed.stored_hash,
        })
    }

    /// Copies what the folder lacks; what the last snapshot's list vouches for is there.
    fn blobs(&self, connection: &Connection, list_path: &Path) -> Result<Walk> {
        let failed = KeepingError::file("write", list_path);
        self.progress.set_total(db::keeping::count_blobs(connection)?);
        let last = self.shelf.snapshots()?.pop();
        let known = last.map(|snapshot| self.shelf.lines(&snapshot)).transpose()?;
        let mut known = known.into_iter().flatten().peekable();
        let mut list = std::io::BufWriter::new(File::create_new(list_path).map_err(&failed)?);
        let (mut walk, mut touched) = (Walk::default(), BTreeSet::new());
        let mut after = BlobHash::ZERO;
        loop {
            let page = db::keeping::blobs_after(connection, after, AT_ONCE)?;
            let Some(end) = page.last() else { break };
            after = end.hash;
            for blob in page {
                self.progress.step()?;
                while known.next_if(|line| line.as_ref().is_ok_and(|line| line.hash < blob.hash)).is_some() {}
                let vouched = known.next_if(|line| line.as_ref().is_ok_and(|line| line.hash == blob.hash));
                let vouched = vouched.and_then(Result::ok).filter(|line| self.is_there(line));
                let line = match vouched {
                    Some(line) => Some(line),
                    None => self.copy(&blob.hash, &mut walk, &mut touched)?,
                };
                if let Some(line) = line {
                    walk.blobs += 1;
                    walk.bytes += line.size_bytes;
                    list.write_all(line.to_line().as_bytes()).map_err(&failed)?;
                }
            }
        }
        for folder in touched {
            sync(&folder)?;
        }
        sync(&self.shelf.path().join("blobs"))?;
        let list = list.into_inner().map_err(|error| failed(error.into_error()))?;
        list.sync_all().map_err(&failed)?;
        Ok(walk)
    }

    fn is_there(&self, line: &BlobLine) -> bool {
        fs::metadata(self.shelf.blob(&line.hash)).is_ok_and(|metadata| metadata.len() == line.stored_bytes)
    }

    fn copy(
        &self,
        hash: &BlobHash,
        walk: &mut Walk,
        touched: &mut BTreeSet<PathBuf>,
    ) -> Result<Option<BlobLine>> {
        let bytes = match self.source.blobs.read(hash) {
            Ok(bytes) => bytes,
            Err(Error::BlobMissing) => {
                walk.missing += 1;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if BlobHash::of(&bytes) != *hash {
            tracing::error!(blob = %hash, "a damaged attachment is not backed up");
            walk.damaged += 1;
            return Ok(None);
        }
        let path = self.shelf.blob(hash);
        let folder = path.parent().unwrap_or(self.part).to_owned();
        fs::create_dir_all(&folder).map_err(KeepingError::file("create", &folder))?;
        let part = self.part.join("blob");
        drop(fs::remove_file(&part));
        let sealed = seal::write(bytes.as_slice(), &part, &self.seal)?;
        fs::rename(&part, &path).map_err(KeepingError::file("rename", &path))?;
        touched.insert(folder);
        walk.copied += 1;
        walk.written += sealed.stored_bytes;
        Ok(Some(BlobLine {
            hash: *hash,
            size_bytes: sealed.size_bytes,
            stored_bytes: sealed.stored_bytes,
            stored_hash: sealed.stored_hash,
        }))
    }
}

/// Everything that lies in the township's folder, but what is copied otherwise, belongs to this run or to this
/// disk. A file that a later version adds is taken along.
fn small_files(folder: &Path) -> Result<Vec<String>> {
    const NOT: [&str; 6] = ["lock", "marker", "running", "serving.json", "keeping.json", "disk-failed"];
    let mut found = Vec::new();
    for item in fs::read_dir(folder).map_err(KeepingError::file("read", folder))?.flatten() {
        let name = item.file_name().to_string_lossy().into_owned();
        let is_of_database = name.starts_with("township.");
        let is_unfinished =
            [".new", ".part"].iter().any(|ending| name.ends_with(ending)) || name.starts_with('.');
        let is_file = item.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && !is_of_database && !is_unfinished && !NOT.contains(&name.as_str()) {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}
