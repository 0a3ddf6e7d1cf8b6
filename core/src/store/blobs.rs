//! A folder of blobs, each a file named by its hash. What is there is whole and fsynced.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    id::BlobHash,
};

/// The folder.
#[derive(Clone, Debug)]
pub struct BlobFolder {
    folder: PathBuf,
}

impl BlobFolder {
    /// Opens or creates the folder. Its name and those of its shelves are durable then, whoever made them and was
    /// killed before they were.
    pub fn open(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder).map_err(Error::file("creating the blob folder"))?;
        sync_folder(&folder)?;
        if let Some(parent) = folder.parent() {
            sync_folder(parent)?;
        }
        Ok(Self { folder })
    }

    /// Where a blob lies. The name is made of the hash alone.
    pub fn path(&self, hash: &BlobHash) -> PathBuf {
        let name = hash.to_string();
        let shelf: String = name.chars().take(2).collect();
        self.folder.join(shelf).join(name)
    }

    /// Writes a blob; it is durable when this returns: file, then name.
    pub fn write(&self, bytes: &[u8]) -> Result<BlobHash> {
        let hash = BlobHash::of(bytes);
        let path = self.path(&hash);
        // A file that is there may be damaged: only bytes that are these are as good as written.
        let shelf = path.parent().unwrap_or(&self.folder);
        if self.holds(&hash, bytes.len() as u64) && self.read(&hash).is_ok() {
            // Whoever gave it its name may have been killed before the name was durable.
            sync_folder(shelf)?;
            return Ok(hash);
        }
        if !shelf.is_dir() {
            fs::create_dir_all(shelf).map_err(Error::file("creating a blob shelf"))?;
            sync_folder(&self.folder)?;
        }
        let unfinished = path.with_extension("part");
        let written = File::create(&unfinished).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        });
        if let Err(error) = written {
            // On a full disk a half of a photo would take what a text needs.
            drop(fs::remove_file(&unfinished));
            return Err(Error::file("writing a blob")(error));
        }
        sync_folder(shelf)?;
        Ok(hash)
    }

    /// Reads a blob; damaged bytes are not passed on.
    pub fn read(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        let bytes = fs::read(self.path(hash)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::BlobMissing,
            _ => Error::file("reading a blob")(error),
        })?;
        if BlobHash::of(&bytes) == *hash { Ok(bytes) } else { Err(Error::Corrupt("a blob")) }
    }

    /// Whether a blob of this size is there.
    pub fn holds(&self, hash: &BlobHash, size_bytes: u64) -> bool {
        fs::metadata(self.path(hash)).is_ok_and(|found| found.len() == size_bytes)
    }

    /// Every file of the folder, finished or not.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let failed = Error::file("listing the blobs");
        let mut found = Vec::new();
        for shelf in fs::read_dir(&self.folder).map_err(&failed)? {
            let shelf = shelf.map_err(&failed)?.path();
            if shelf.is_dir() {
                for file in fs::read_dir(shelf).map_err(&failed)? {
                    found.push(file.map_err(&failed)?.path());
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes a blob; one that is not there is removed already.
    pub fn remove(&self, hash: &BlobHash) -> Result<()> {
        match fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file("removing a blob")(error))
            }
            _ => Ok(()),
        }
    }
}

/// Makes names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("syncing a folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_found_by_its_hash_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::open(folder.path().join("blobs")).unwrap();
        let hash = blobs.write(b"bytes").unwrap();
        assert_eq!(blobs.write(b"bytes").unwrap(), hash);
        assert_eq!(blobs.read(&hash).unwrap(), b"bytes");
        fs::write(blobs.path(&hash), b"bytEs").unwrap();
        assert!(matches!(blobs.read(&hash), Err(Error::Corrupt(_))));
        blobs.remove(&hash).unwrap();
        assert!(matches!(blobs.read(&hash), Err(Error::BlobMissing)));
    }
}
