//! Why a backup, a restore or a check was not done; the words stand under `keeping.error.*`.

use std::{io, path::Path};

use suishou_core::error::Error;

use crate::words::Words;

/// Why not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepingError {
    /// Another backup or check is under way.
    #[error("another backup or check is under way")]
    Running,
    /// The relay is stopping.
    #[error("the relay is stopping")]
    Cancelled,
    /// No folder for backups was named, here or in config.toml.
    #[error("no folder for backups was named")]
    NoFolder,
    /// What lies there is no backup folder, or there is nothing.
    #[error("{0} is no backup folder")]
    NoBackup(String),
    /// The folder held backups before and is not there now: a disk is not plugged in.
    #[error("{0} is gone")]
    Gone(String),
    /// The folder is that of another township.
    #[error("the folder holds another township's backups")]
    OtherTownship,
    /// A backup folder within the data folder would be lost with it.
    #[error("the backup folder lies within the data folder")]
    Inside,
    /// The folder is for another key, or for none.
    #[error("the folder was begun with another key")]
    OtherKey,
    /// Not a key of age.
    #[error("not a key of age")]
    BadKey,
    /// The backup is encrypted and no key was given.
    #[error("the backup is encrypted and no key was given")]
    NoKey,
    /// The key does not open it.
    #[error("the key does not open the backup")]
    WrongKey,
    /// Files of the backup are missing or not what they were.
    #[error("{count} files of the backup are damaged, the first {first}")]
    Damaged {
        /// How many.
        count: u64,
        /// One of them.
        first: String,
    },
    /// A newer version of the program made it.
    #[error("the backup has format {0}")]
    TooNew(u8),
    /// The folder to restore into has something in it.
    #[error("{0} is not empty")]
    NotEmpty(String),
    /// A file operation failed.
    #[error("{action} {path}: {kind}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: String,
        /// The operating system's word for it.
        kind: io::ErrorKind,
    },
    /// The relay's own store.
    #[error("{0}")]
    Core(#[from] Error),
    /// The township's folder.
    #[error("{0}")]
    Setup(String),
}

/// What keeping comes to.
pub type Result<T> = std::result::Result<T, KeepingError>;

impl KeepingError {
    /// A failed file operation.
    pub fn file<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Self + 'a {
        move |error| Self::File { action, path: path.display().to_string(), kind: error.kind() }
    }

    /// The key of its words, after `keeping.error.`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Cancelled => "cancelled",
            Self::NoFolder => "no_folder",
            Self::NoBackup(_) => "no_backup",
            Self::Gone(_) => "gone",
            Self::OtherTownship => "other_township",
            Self::Inside => "inside",
            Self::OtherKey => "other_key",
            Self::BadKey => "bad_key",
            Self::NoKey => "no_key",
            Self::WrongKey => "wrong_key",
            Self::Damaged { .. } => "damaged",
            Self::TooNew(_) => "too_new",
            Self::NotEmpty(_) => "not_empty",
            Self::File { kind: io::ErrorKind::StorageFull, .. } | Self::Core(Error::StorageFull) => "full",
            Self::File { .. } => "file",
            Self::Core(_) | Self::Setup(_) => "core",
        }
    }

    /// What stands in the words' one hole.
    pub fn detail(&self) -> String {
        match self {
            Self::NoBackup(what) | Self::Gone(what) | Self::NotEmpty(what) | Self::Setup(what) => {
                what.clone()
            }
            Self::Damaged { count, first } => format!("{count} ({first})"),
            Self::File { action, path, kind } => format!("{action} {path}: {kind}"),
            Self::Core(error) => error.to_string(),
            Self::TooNew(format) => format.to_string(),
            _ => String::new(),
        }
    }

    /// For the person at the terminal.
    pub fn say(&self, words: &Words) -> String {
        say(words, self.code(), &self.detail())
    }
}

/// The words for a code that came over `/api`.
pub fn say(words: &Words, code: &str, detail: &str) -> String {
    words.say(&format!("keeping.error.{code}"), &[("detail", &detail)])
}
