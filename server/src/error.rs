//! What can keep a relay from being set up or started, named for the fact; the words for it are in
//! the `words` files under `setup.*`.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::words::Words;

/// Why a relay is not set up or does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The folder for a new township has something in it.
    #[error("{folder} is not empty", folder = folder.display())]
    NotEmpty {
        /// Which.
        folder: PathBuf,
    },
    /// There is no township in the folder.
    #[error("{file} is missing", file = file.display())]
    NotSetUp {
        /// The first file that was looked for.
        file: PathBuf,
    },
    /// A file operation failed.
    #[error("{action} {path}: {kind}", path = path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The operating system's word for it.
        kind: io::ErrorKind,
    },
    /// A file of the folder is not what it should be.
    #[error("{path} is not readable: {reason}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// Keys of config.toml or of the environment are not what they should be.
    #[error("{count} problems in {path}", count = problems.len(), path = path.display())]
    Config {
        /// Which file.
        path: PathBuf,
        /// All of them.
        problems: Vec<ConfigProblem>,
    },
    /// A township needs a name of at most 100 bytes.
    #[error("the township's name is empty or too long")]
    BadName,
    /// Not an address that a phone can reach.
    #[error("{address} is not an address of the form https://HOST:PORT")]
    BadAddress {
        /// What was given.
        address: String,
    },
    /// Without TLS the relay serves this machine only, and `/api` always does.
    #[error("{address} is not an address of this machine alone")]
    NotLoopback {
        /// What was given.
        address: SocketAddr,
    },
    /// The address can't be listened on.
    #[error("listening on {address} failed: {kind}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The operating system's word for it.
        kind: io::ErrorKind,
    },
    /// The certificate can't be made or used.
    #[error("the certificate failed: {0}")]
    Certificate(String),
    /// The disk did not take what it was given, and the relay stopped.
    #[error("the disk failed")]
    DiskFailed,
    /// The relay's own store did not open.
    #[error("the relay's store did not open: {0}")]
    Relay(String),
}

/// What is wrong with a key of config.toml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Which, as in the file or in the environment.
    pub name: String,
    /// The words' key after `config.`.
    pub what: &'static str,
    /// What stands in its hole.
    pub detail: String,
}

impl ConfigProblem {
    /// A problem of a key.
    pub fn new(name: impl Into<String>, what: &'static str, detail: impl Into<String>) -> Self {
        Self { name: name.into(), what, detail: detail.into() }
    }

    fn say(&self, words: &Words) -> String {
        words.say(&format!("config.{}", self.what), &[("name", &self.name), ("detail", &self.detail)])
    }
}

impl SetupError {
    /// A failed file operation.
    pub fn file(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::File { action, path: path.to_owned(), kind: error.kind() }
    }

    /// For the person who sets up, with what to do.
    pub fn say(&self, words: &Words) -> String {
        match self {
            Self::NotEmpty { folder } => words.say("setup.not_empty", &[("folder", &folder.display())]),
            Self::NotSetUp { file } => words.say("setup.not_set_up", &[("file", &file.display())]),
            Self::File { action, path, kind } => {
                words.say("setup.file", &[("action", action), ("path", &path.display()), ("kind", kind)])
            }
            Self::Unreadable { path, reason } => {
                words.say("setup.unreadable", &[("path", &path.display()), ("reason", reason)])
            }
            Self::Config { path, problems } => {
                let mut text = words.say("setup.config", &[("path", &path.display())]);
                for problem in problems {
                    text.push_str("\n  ");
                    text.push_str(&problem.say(words));
                }
                text
            }
            Self::BadName => words.say("setup.bad_name", &[]),
            Self::BadAddress { address } => words.say("setup.bad_address", &[("address", address)]),
            Self::NotLoopback { address } => words.say("setup.not_loopback", &[("address", address)]),
            Self::Listen { address, kind } => {
                words.say("setup.listen", &[("address", address), ("kind", kind)])
            }
            Self::DiskFailed => words.say("setup.disk_failed", &[]),
            Self::Certificate(reason) => words.say("setup.certificate", &[("reason", reason)]),
            Self::Relay(reason) => words.say("setup.relay", &[("reason", reason)]),
        }
    }
}
