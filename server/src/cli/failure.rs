//! Why a command did not do what was asked, in the operator's language, and its exit code.

use std::{io, path::PathBuf};

use crate::{error::SetupError, relay::backup::KeepingError, words::Words};

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// No data folder was named and the current one is none.
    NoFolder,
    /// Nothing answers for this folder.
    NotRunning { folder: PathBuf },
    /// The relay refused.
    Refused { reason: String, problems: Vec<String> },
    /// Something else than the relay answered, or it stopped in the middle.
    BadAnswer(String),
    /// The township can't be set up or served.
    Setup(SetupError),
    /// A file can't be read or written.
    File { path: PathBuf, kind: io::ErrorKind },
    /// A short id that is none, or that of nothing, or that of several.
    Id { key: &'static str, given: String },
    /// A text that does not fit into a QR.
    Qr,
    /// A backup, restore or check was not done: its code, and more about it.
    Keeping { code: String, detail: String },
    /// Something is damaged or wrong; it has been said.
    Said,
    /// The audit log was changed.
    AuditBroken { entries: u64, broken_at: String },
    /// Standard output can't be written.
    Output(io::ErrorKind),
}

impl Failure {
    /// 1, or 2 if the command line itself is at fault.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::NoFolder => 2,
            _ => 1,
        }
    }

    /// For the person at the terminal, with what to do.
    pub(super) fn say(&self, words: &Words) -> String {
        match self {
            Self::NoFolder => words.word("fail.no_folder").to_owned(),
            Self::NotRunning { folder } => words.say("fail.not_running", &[("folder", &folder.display())]),
            Self::Refused { reason, problems } => {
                let mut text = words.say("fail.refused", &[("reason", reason)]);
                for problem in problems.iter().filter(|problem| *problem != reason) {
                    text.push_str("\n  ");
                    text.push_str(problem);
                }
                text
            }
            Self::BadAnswer(reason) => words.say("fail.bad_answer", &[("reason", reason)]),
            Self::Setup(error) => error.say(words),
            Self::File { path, kind } => words.say("fail.file", &[("path", &path.display()), ("kind", kind)]),
            Self::Id { key, given } => words.say(key, &[("given", given)]),
            Self::Qr => words.word("fail.qr").to_owned(),
            Self::Keeping { code, detail } => crate::relay::backup::error::say(words, code, detail),
            Self::Said => String::new(),
            Self::AuditBroken { entries, broken_at } => {
                words.say("audit.broken", &[("entries", entries), ("number", broken_at)])
            }
            Self::Output(kind) => words.say("fail.output", &[("kind", kind)]),
        }
    }
}

impl From<KeepingError> for Failure {
    fn from(error: KeepingError) -> Self {
        Self::Keeping { code: error.code().to_owned(), detail: error.detail() }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}
