//! Blobs on disk: whole ones under their hash, uploads under way under their id.
//!
//! A name on disk is lower-case hex that the relay wrote itself. Nothing is told before file and folder
//! are synced. What a file holds beyond the offset that the database knows does not count.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use serde::Serialize;
use suishou_core::{
    error::{Error, Result},
    id::BlobHash,
    seeded::{self, Seeded},
    sync::wire::MAX_BLOB_BYTES,
};

use crate::db::blob::UploadId;

/// Kept free for the database, at most; on a small disk a twentieth.
const RESERVE_BYTES: u64 = 1024 * 1024 * 1024;
/// Kept free even of entries: what SQLite needs to come to an end in order.
const LAST_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes hashed at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// Beginning of the names of bundles that are being brought.
const SPOOLED: &str = "bundle-";

/// The folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    whole: PathBuf,
    under_way: PathBuf,
    set_aside: PathBuf,
    disk: Disk,
}

/// What is known of the disk beyond its files.
#[derive(Debug)]
struct Disk {
    reserve_bytes: AtomicU64,
    last_bytes: AtomicU64,
    /// Set by simulations: so many bytes are free.
    pretended: AtomicU64,
    /// Set by simulations: nothing can be synced.
    is_sync_refused: AtomicBool,
    /// Something could not be synced: nothing that this process believes of the disk is certain any more.
    has_failed: AtomicBool,
}

/// How much room there is, and what is still taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Room {
    /// Free bytes.
    pub free_bytes: u64,
    /// All bytes of the disk.
    pub total_bytes: u64,
    /// Attachments are refused.
    pub is_low: bool,
    /// Entries are refused too.
    pub is_full: bool,
}

/// What became of a blob's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is what its name says.
    Whole,
    /// It is something else.
    Damaged,
    /// There is none.
    Missing,
}

impl Blobs {
    /// Opens or creates the folders.
    pub fn open(folder: &Path) -> Result<Self> {
        let disk = Disk {
            reserve_bytes: AtomicU64::new(RESERVE_BYTES),
            last_bytes: AtomicU64::new(LAST_BYTES),
            pretended: AtomicU64::new(u64::MAX),
            is_sync_refused: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
        };
        let blobs = Self {
            whole: folder.join("blobs"),
            under_way: folder.join("uploads"),
            set_aside: folder.join("damaged"),
            disk,
        };
        for folder in [&blobs.whole, &blobs.under_way] {
            fs::create_dir_all(folder).map_err(Error::file("creating the blobs' folder"))?;
        }
        // Names of shelves that a process made and was killed.
        blobs.sync_folder(&blobs.whole)?;
        for left in fs::read_dir(&blobs.under_way).into_iter().flatten().flatten() {
            if left.file_name().to_string_lossy().starts_with(SPOOLED) {
                drop(fs::remove_file(left.path()));
            }
        }
        Ok(blobs)
    }

    fn path(&self, hash: &BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.whole.join(name.get(..2).unwrap_or_default()).join(name)
    }

    fn upload_path(&self, upload: UploadId) -> PathBuf {
        self.under_way.join(upload.to_string())
    }

    /// Refuses a blob for which there is no room, with room left for reports.
    pub fn check_room(&self, size_bytes: u64) -> Result<()> {
        let (free, total) = self.space()?;
        if free < self.reserve(total).saturating_add(size_bytes) { Err(Error::StorageFull) } else { Ok(()) }
    }

    /// Refuses entries when hardly anything is left.
    pub fn check_room_for_entries(&self) -> Result<()> {
        if self.room()?.is_full { Err(Error::StorageFull) } else { Ok(()) }
    }

    /// How much room there is.
    pub fn room(&self) -> Result<Room> {
        let (free_bytes, total_bytes) = self.space()?;
        let last = self.disk.last_bytes.load(Ordering::Relaxed).min(total_bytes / 100);
        let is_low = free_bytes < self.reserve(total_bytes);
        Ok(Room { free_bytes, total_bytes, is_low, is_full: free_bytes < last })
    }

    /// How much is kept free: of attachments, and of everything.
    pub fn set_reserves(&self, reserve_bytes: u64, last_bytes: u64) {
        self.disk.reserve_bytes.store(reserve_bytes, Ordering::Relaxed);
        self.disk.last_bytes.store(last_bytes, Ordering::Relaxed);
    }

    /// For simulations: as if so many bytes were free; none asks the disk again.
    pub fn pretend_free(&self, bytes: Option<u64>) {
        self.disk.pretended.store(bytes.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// For simulations: as if the disk refused to sync.
    pub fn refuse_syncs(&self, is_refused: bool) {
        self.disk.is_sync_refused.store(is_refused, Ordering::Relaxed);
    }

    /// Whether a simulation refuses syncs.
    pub fn are_syncs_refused(&self) -> bool {
        self.disk.is_sync_refused.load(Ordering::Relaxed)
    }

    /// Something could not be synced since the start.
    pub fn has_disk_failed(&self) -> bool {
        self.disk.has_failed.load(Ordering::Relaxed)
    }

    /// Notes that the disk is not to be trusted any more.
    pub fn set_disk_failed(&self) {
        self.disk.has_failed.store(true, Ordering::Relaxed);
    }

    fn space(&self) -> Result<(u64, u64)> {
        let failed = Error::file("asking for the free space");
        let total = fs4::total_space(&self.whole).map_err(&failed)?;
        match self.disk.pretended.load(Ordering::Relaxed) {
            u64::MAX => Ok((fs4::available_space(&self.whole).map_err(&failed)?, total)),
            pretended => Ok((pretended, total)),
        }
    }

    fn reserve(&self, total: u64) -> u64 {
        self.disk.reserve_bytes.load(Ordering::Relaxed).min(total / 20)
    }

    /// Syncs a file. After a failure the kernel may have dropped the bytes and call them clean: trying again would
    /// succeed and mean nothing.
    fn synced(&self, synced: io::Result<()>) -> io::Result<()> {
        let refused = self.disk.is_sync_refused.load(Ordering::Relaxed);
        let synced = if refused { Err(io::Error::from(io::ErrorKind::Other)) } else { synced };
        if synced.is_err() {
            self.set_disk_failed();
        }
        synced
    }

    fn sync_folder(&self, folder: &Path) -> Result<()> {
        self.synced(File::open(folder).and_then(|folder| folder.sync_all()))
            .map_err(Error::file("syncing a folder"))
    }

    /// Whether a blob's file is there with so many bytes.
    pub fn has(&self, hash: &BlobHash, size_bytes: u64) -> bool {
        fs::metadata(self.path(hash)).is_ok_and(|file| file.len() == size_bytes)
    }

    /// Looks whether a blob's file is what its name says.
    pub fn look(&self, hash: &BlobHash) -> Result<Found> {
        Ok(match hash_file(&self.path(hash))? {
            None => Found::Missing,
            Some(found) if found == *hash => Found::Whole,
            Some(_) => Found::Damaged,
        })
    }

    /// Moves a damaged blob out of the way: it is kept for whoever wants to look, and asked for again.
    pub fn put_aside(&self, hash: &BlobHash) -> Result<()> {
        let failed = Error::file("putting a damaged blob aside");
        fs::create_dir_all(&self.set_aside).map_err(&failed)?;
        fs::rename(self.path(hash), self.set_aside.join(hash.to_string())).map_err(&failed)?;
        self.sync_folder(&self.set_aside)
    }

    /// The blobs that lie in one of the 256 folders, by name.
    pub fn in_shelf(&self, shelf: u8) -> Vec<BlobHash> {
        let items = fs::read_dir(self.whole.join(format!("{shelf:02x}"))).into_iter().flatten().flatten();
        items.filter_map(|item| item.file_name().to_string_lossy().parse().ok()).collect()
    }

    /// A new empty file in which a bundle is put together; one that a crash leaves goes at the next start.
    pub fn spool(&self) -> Result<PathBuf> {
        let names = (0_u32..).map(|number| self.under_way.join(format!("{SPOOLED}{number}")));
        for path in names {
            match File::create_new(&path) {
                Ok(_) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file("taking in a bundle")(error)),
            }
        }
        Err(Error::Busy)
    }

    /// How many bytes of an upload are in its file, whether synced or not.
    pub fn len(&self, upload: UploadId) -> u64 {
        fs::metadata(self.upload_path(upload)).map_or(0, |metadata| metadata.len())
    }

    /// Writes bytes of an upload at their place; they are on the disk when this returns.
    pub fn write(&self, upload: UploadId, offset: u64, bytes: &[u8]) -> Result<()> {
        let failed = Error::file("writing an upload");
        let path = self.upload_path(upload);
        let is_new = !path.exists();
        let mut file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(&failed)?;
        // Whatever a cut left behind the offset is not what was acknowledged.
        file.set_len(offset).map_err(&failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(&failed)?;
        file.write_all(bytes).map_err(&failed)?;
        if !seeded::is_on(Seeded::OffsetBeforeSync) {
            self.synced(file.sync_data()).map_err(&failed)?;
        }
        // At the beginning also a name that is there: whoever gave it may have been killed before it was durable.
        if is_new || offset == 0 { self.sync_folder(&self.under_way) } else { Ok(()) }
    }

    /// Puts a complete upload under its hash, if it is what was promised; none if it is not. Can be
    /// repeated after a crash at any point.
    pub fn finish(&self, upload: UploadId, promised: Option<BlobHash>) -> Result<Option<BlobHash>> {
        let from = self.upload_path(upload);
        let hash = match (hash_file(&from)?, promised) {
            (Some(hash), None) => hash,
            (Some(hash), Some(promised)) if hash == promised => hash,
            // Moved already, before a crash: perhaps before the name was durable.
            (None, Some(promised)) if hash_file(&self.path(&promised))? == Some(promised) => {
                self.sync_folder(self.path(&promised).parent().unwrap_or(&self.whole))?;
                return Ok(Some(promised));
            }
            _ => return Ok(None),
        };
        let failed = Error::file("keeping a blob");
        let to = self.path(&hash);
        let folder = to.parent().unwrap_or(&self.whole);
        if !folder.exists() {
            fs::create_dir_all(folder).map_err(&failed)?;
            self.sync_folder(&self.whole)?;
        }
        self.synced(File::open(&from).and_then(|file| file.sync_all())).map_err(&failed)?;
        fs::rename(&from, &to).map_err(&failed)?;
        self.sync_folder(folder)?;
        Ok(Some(hash))
    }

    /// Drops an upload's file.
    pub fn discard(&self, upload: UploadId) -> Result<()> {
        match fs::remove_file(self.upload_path(upload)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::file("dropping an upload")(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes a whole blob's file, if it is there.
    pub fn remove(&self, hash: &BlobHash) -> Result<()> {
        let path = self.path(hash);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::file("removing a blob")(error)),
            Ok(()) => self.sync_folder(path.parent().unwrap_or(&self.whole)),
        }
    }

    /// A whole blob's bytes.
    pub fn read(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        match fs::read(self.path(hash)) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::BlobMissing),
            Err(error) => Err(Error::file("reading a blob")(error)),
        }
    }
}

/// The hash of a file; none if there is no such file.
fn hash_file(path: &Path) -> Result<Option<BlobHash>> {
    let failed = Error::file("reading an upload");
    let mut file = match File::open(path) {
        Ok(file) => file.take(MAX_BLOB_BYTES),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer).map_err(&failed)?;
        if read == 0 {
            return Ok(Some(BlobHash::new(*hasher.finalize().as_bytes())));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_that_a_killed_process_moved_is_synced_before_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let (upload, hash) = (UploadId::new([1; 16]), BlobHash::of(b"bytes"));
        blobs.write(upload, 0, b"bytes").unwrap();
        assert_eq!(blobs.finish(upload, Some(hash)).unwrap(), Some(hash));
        // As if the process had been killed before it could sync the name, and asked again.
        blobs.refuse_syncs(true);
        assert!(blobs.finish(upload, Some(hash)).is_err() && blobs.has_disk_failed());
        blobs.refuse_syncs(false);
        assert_eq!(blobs.finish(upload, Some(hash)).unwrap(), Some(hash));
    }
}
