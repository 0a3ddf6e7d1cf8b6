//! The data folder: which file is what, and how a file is written so that only its owner reads it
//! and a power cut leaves the old one or the new one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::error::SetupError;

/// A township's data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// Names a folder; nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the folder, readable by its owner only; refuses one that has anything in it.
    pub fn create(&self) -> Result<(), SetupError> {
        let is_empty = match fs::read_dir(&self.0) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(SetupError::file("read", &self.0, &error)),
        };
        if !is_empty {
            return Err(SetupError::NotEmpty { folder: self.0.clone() });
        }
        private_folder(&self.0).map_err(|error| SetupError::file("create", &self.0, &error))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The township's ids and name.
    pub fn identity(&self) -> PathBuf {
        self.0.join("identity.json")
    }

    /// The relay's secret signing key.
    pub fn relay_key(&self) -> PathBuf {
        self.0.join("relay.key")
    }

    /// The secret key of the certificate.
    pub fn tls_key(&self) -> PathBuf {
        self.0.join("tls.key")
    }

    /// The certificate that phones pin.
    pub fn tls_certificate(&self) -> PathBuf {
        self.0.join("tls.crt")
    }

    /// The operator's settings of this machine.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// What an operator's program shows to `/api`.
    pub fn api_token(&self) -> PathBuf {
        self.0.join("api.token")
    }

    /// The hash of the first administrator's one-time link; there until the relay first starts.
    pub fn first_link(&self) -> PathBuf {
        self.0.join("first.link")
    }

    /// Where the running relay listens; there while it runs.
    pub fn serving(&self) -> PathBuf {
        self.0.join("serving.json")
    }
}

/// Reads a text file of the folder.
pub fn read_text(path: &Path) -> Result<String, SetupError> {
    fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SetupError::NotSetUp { file: path.to_owned() },
        _ => SetupError::file("read", path, &error),
    })
}

/// Writes a new file that only its owner reads; refuses to replace one.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), SetupError> {
    write_synced(path, bytes).map_err(|error| SetupError::file("create", path, &error))
}

/// Replaces a file that only its owner reads, at once.
pub fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), SetupError> {
    let fresh = path.with_extension("new");
    let replaced = match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => write_synced(&fresh, bytes).and_then(|()| fs::rename(&fresh, path)),
    };
    replaced.map_err(|error| SetupError::file("replace", path, &error))
}

/// Makes the names of new files last through a power cut.
pub fn sync_folder(path: &Path) -> Result<(), SetupError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| SetupError::file("sync", path, &error))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_folder_are_for_their_owner_only_and_not_replaced_by_chance() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path().join("town"));
        folder.create().unwrap();
        create_private(&folder.relay_key(), b"1").unwrap();
        assert!(create_private(&folder.relay_key(), b"2").is_err());
        replace_private(&folder.serving(), b"3").unwrap();
        replace_private(&folder.serving(), b"4").unwrap();
        assert_eq!(read_text(&folder.serving()).unwrap(), "4");
        assert!(matches!(folder.create(), Err(SetupError::NotEmpty { .. })));
        #[cfg(unix)]
        for (path, mode) in
            [(folder.path().to_owned(), 0o700), (folder.relay_key(), 0o600), (folder.serving(), 0o600)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
    }
}
