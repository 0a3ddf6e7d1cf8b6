//! Why somebody is not let in, or an operator can't be changed.

use axum::http::StatusCode;

/// Why somebody is not let in, or an operator can't be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No such name, another password, or a login that was taken away: it is not told which.
    #[error("name or password is wrong")]
    BadLogin,
    /// Too many wrong passwords.
    #[error("too many wrong passwords; try again in {seconds} s")]
    TryLater {
        /// Not before.
        seconds: u64,
    },
    /// Somebody who is logged in gave another password than theirs.
    #[error("the password is wrong")]
    WrongPassword,
    /// The one-time link is unknown, used or out of date.
    #[error("the one-time link is unknown, used or out of date")]
    BadLink,
    /// Nobody could keep house any more.
    #[error("this is the last administrator")]
    LastAdministrator,
    /// Somebody has this login name.
    #[error("the login name is taken")]
    NameTaken,
    /// The session ended meanwhile.
    #[error("the session has ended")]
    NoSession,
}

impl LoginError {
    /// The code in the answer.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadLogin => "bad_login",
            Self::TryLater { .. } => "try_later",
            Self::WrongPassword => "wrong_password",
            Self::BadLink => "bad_link",
            Self::LastAdministrator => "last_administrator",
            Self::NameTaken => "name_taken",
            Self::NoSession => "no_session",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadLogin | Self::NoSession => StatusCode::UNAUTHORIZED,
            Self::TryLater { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::WrongPassword | Self::BadLink => StatusCode::FORBIDDEN,
            Self::LastAdministrator | Self::NameTaken => StatusCode::CONFLICT,
        }
    }
}
