//! Why the keeper's lock does not open.

use axum::http::StatusCode;

/// Why an identity can't be sealed or shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeeperError {
    /// `identity init` was never done.
    #[error("there is no keeper's key yet")]
    NoKey,
    /// It was done already.
    #[error("there is a keeper's key already")]
    KeyExists,
    /// Fewer than twelve characters.
    #[error("the passphrase needs {0} characters or more")]
    TooShort(usize),
    /// Not the passphrase.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Wrong passphrases were given; wait so many seconds.
    #[error("too many wrong passphrases; try again in {0} s")]
    TryLater(u64),
    /// Whoever asks can't be who opens.
    #[error("another person must open what this one asked")]
    SamePerson,
    /// Opened, refused or out of date.
    #[error("this reveal is settled or out of date")]
    Settled,
    /// Not an informant, or nobody's report.
    #[error("nobody's identity is sealed there")]
    NotSealed,
    /// An informant's drafts, asked for by somebody else.
    #[error("only the identity keeper may open what an informant had begun to write")]
    KeeperOnly,
}

impl KeeperError {
    /// The code in an answer.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoKey => "no_keeper_key",
            Self::KeyExists => "keeper_key_exists",
            Self::TooShort(_) => "passphrase_too_short",
            Self::WrongPassphrase => "wrong_passphrase",
            Self::TryLater(_) => "try_later",
            Self::SamePerson => "same_person",
            Self::Settled => "reveal_settled",
            Self::NotSealed => "not_sealed",
            Self::KeeperOnly => "keeper_only",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::TooShort(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::WrongPassphrase | Self::SamePerson | Self::KeeperOnly => StatusCode::FORBIDDEN,
            Self::TryLater(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoKey | Self::KeyExists | Self::Settled | Self::NotSealed => StatusCode::CONFLICT,
        }
    }

    /// The number that belongs into the words.
    pub fn detail(self) -> String {
        match self {
            Self::TooShort(count) => count.to_string(),
            Self::TryLater(seconds) => seconds.to_string(),
            _ => String::new(),
        }
    }
}
