//! Blobs on disk: whole ones under their hash, uploads under way under their id.
//!
//! A name on disk is lower-case hex that the relay wrote itself. Nothing is told before file and folder
//! are synced. What a file holds beyond the offset that the database knows does not count.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use suishou_core::{
    error::{Error, Result},
    id::BlobHash,
    sync::wire::MAX_BLOB_BYTES,
};

use crate::db::blob::UploadId;

/// Kept free for the database, at most; on a small disk a twentieth.
const RESERVE_BYTES: u64 = 1024 * 1024 * 1024;
/// Bytes hashed at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// Beginning of the names of bundles that are being brought.
const SPOOLED: &str = "bundle-";

/// The folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    whole: PathBuf,
    under_way: PathBuf,
}

impl Blobs {
    /// Opens or creates the folders.
    pub fn open(folder: &Path) -> Result<Self> {
        let blobs = Self { whole: folder.join("blobs"), under_way: folder.join("uploads") };
        for folder in [&blobs.whole, &blobs.under_way] {
            fs::create_dir_all(folder).map_err(Error::file("creating the blobs' folder"))?;
        }
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
        let failed = Error::file("asking for the free space");
        let free = fs4::available_space(&self.whole).map_err(&failed)?;
        let total = fs4::total_space(&self.whole).map_err(&failed)?;
        let reserve = RESERVE_BYTES.min(total / 20);
        if free < reserve.saturating_add(size_bytes) { Err(Error::StorageFull) } else { Ok(()) }
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
        file.sync_data().map_err(&failed)?;
        if is_new { sync_folder(&self.under_way) } else { Ok(()) }
    }

    /// Puts a complete upload under its hash, if it is what was promised; none if it is not. Can be
    /// repeated after a crash at any point.
    pub fn finish(&self, upload: UploadId, promised: Option<BlobHash>) -> Result<Option<BlobHash>> {
        let from = self.upload_path(upload);
        let hash = match (hash_file(&from)?, promised) {
            (Some(hash), None) => hash,
            (Some(hash), Some(promised)) if hash == promised => hash,
            // Moved already, before a crash.
            (None, Some(promised)) if hash_file(&self.path(&promised))? == Some(promised) => {
                return Ok(Some(promised));
            }
            _ => return Ok(None),
        };
        let failed = Error::file("keeping a blob");
        let to = self.path(&hash);
        let folder = to.parent().unwrap_or(&self.whole);
        if !folder.exists() {
            fs::create_dir_all(folder).map_err(&failed)?;
            sync_folder(&self.whole)?;
        }
        File::open(&from).and_then(|file| file.sync_all()).map_err(&failed)?;
        fs::rename(&from, &to).map_err(&failed)?;
        sync_folder(folder)?;
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

    /// Deletes a whole blob; one that is gone already is no failure.
    pub fn delete(&self, hash: &BlobHash) -> Result<()> {
        match fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::file("deleting a blob")(error))
            }
            _ => Ok(()),
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

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("syncing a folder"))
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
