//! What the relay answers when it can't do what was asked: a code, a status and words.
//!
//! Faults of the relay are told to the log only; the answer says no more than that there was one.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    ops::RangeInclusive,
};

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use suishou_core::{
    error::{Error, HeldCode, Problem},
    sync::wire::{ErrorBody, ErrorDetail, code},
};

use super::operators::LoginError;

/// Result of what the relay does.
pub type Result<T, E = RelayError> = std::result::Result<T, E>;

/// tus: the bytes are not those that were promised.
const CHECKSUM_MISMATCH: u16 = 460;
/// Somebody did something to it since.
const CHANGED: &str = "changed";
/// What was to begin is under way.
const RUNNING: &str = "running";
/// After how many seconds to come again if the disk is full.
const WHEN_FULL: RangeInclusive<u64> = 30..=60;
/// After how many seconds to come again if there is too much to do.
const WHEN_BUSY: RangeInclusive<u64> = 1..=4;

/// Why the relay could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// Core's facts: unreadable input, a full disk, a damaged database.
    #[error(transparent)]
    Core(#[from] Error),
    /// The body is larger than allowed.
    #[error("the request is larger than {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: u64,
    },
    /// The device is unknown, or did not sign this.
    #[error("the device is not known here, or did not sign this request")]
    UnknownDevice,
    /// Another township's request.
    #[error("this is another township's relay")]
    WrongTownship,
    /// The entries do not lead to the signed head.
    #[error("the entries do not lead to the signed head")]
    BrokenChain,
    /// The token is missing, wrong or expired.
    #[error("the token is missing, wrong or expired; sync to get a new one")]
    BadToken,
    /// The device is revoked.
    #[error("the township revoked this device")]
    Revoked,
    /// There is no such enrolment code.
    #[error(
        "there is no such enrolment code; compare it letter by letter, or ask the operator for a new one"
    )]
    BadEnrolCode,
    /// Another phone used the enrolment code.
    #[error("another phone used this enrolment code; tell the operator, who has a new one")]
    EnrolCodeUsed,
    /// The enrolment code is out of date or was withdrawn.
    #[error("the enrolment code is no longer good; ask the operator for a new one")]
    EnrolCodeExpired,
    /// As much as may be for now.
    #[error("as much as may be sent for now; nothing is lost, try again in {retry_after_s} seconds")]
    Quota {
        /// When it is worth trying again.
        retry_after_s: u64,
    },
    /// Not here, or not for this reader.
    #[error("not found")]
    NotFound,
    /// The upload stands elsewhere.
    #[error("the upload is at {offset}")]
    OffsetConflict {
        /// Where it stands.
        offset: u64,
    },
    /// The finished bytes are not those of the hash.
    #[error("the bytes are not those of the hash; the upload begins again at 0")]
    WrongHash,
    /// The step is not possible now.
    #[error("this step is not possible now: {code}")]
    Refused {
        /// Why.
        code: HeldCode,
    },
    /// The keeper's lock.
    #[error(transparent)]
    Keeper(#[from] super::identity::KeeperError),
    /// Somebody is not let in, or an operator can't be changed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// Too much at once.
    #[error("the relay has too much to do; try later")]
    Overloaded,
    /// Somebody did something to it since it was looked at.
    #[error("it has changed since: look at it again")]
    Changed,
    /// What was to begin is under way.
    #[error("this is under way: wait for its end")]
    Running,
    /// The relay is stopping or a part of it has failed.
    #[error("the relay is stopping")]
    Stopped,
}

impl RelayError {
    /// One broken rule of the input.
    pub fn invalid(problem: Problem) -> Self {
        Self::Core(Error::invalid(problem))
    }

    /// Bytes that are not what they should be.
    pub fn malformed(what: &'static str) -> Self {
        Self::Core(Error::malformed(what))
    }

    /// One of the wire module's codes, or the code of a refused step.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => core_code(error),
            Self::TooLarge { .. } => code::TOO_LARGE,
            Self::UnknownDevice => code::UNKNOWN_DEVICE,
            Self::WrongTownship => code::WRONG_TOWNSHIP,
            Self::BrokenChain => code::BROKEN_CHAIN,
            Self::BadToken => code::BAD_TOKEN,
            Self::Revoked => code::REVOKED,
            Self::BadEnrolCode => code::BAD_ENROL_CODE,
            Self::EnrolCodeUsed => code::ENROL_CODE_USED,
            Self::EnrolCodeExpired => code::ENROL_CODE_EXPIRED,
            Self::Quota { .. } => code::QUOTA,
            Self::NotFound => code::NOT_FOUND,
            Self::OffsetConflict { .. } => code::OFFSET,
            Self::WrongHash => code::WRONG_HASH,
            Self::Refused { code } => code.as_str(),
            Self::Keeper(error) => error.code(),
            Self::Login(error) => error.code(),
            Self::Changed => CHANGED,
            Self::Running => RUNNING,
            Self::Overloaded | Self::Stopped => code::OVERLOADED,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        if let Self::Keeper(error) = self {
            return error.status();
        }
        if let Self::Login(error) = self {
            return error.status();
        }
        match self.code() {
            code::TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
            code::UNKNOWN_DEVICE | code::BAD_TOKEN => StatusCode::UNAUTHORIZED,
            code::WRONG_TOWNSHIP
            | code::REVOKED
            | code::BAD_ENROL_CODE
            | code::ENROL_CODE_USED
            | code::ENROL_CODE_EXPIRED => StatusCode::FORBIDDEN,
            code::QUOTA => StatusCode::TOO_MANY_REQUESTS,
            code::NOT_FOUND => StatusCode::NOT_FOUND,
            code::OFFSET | CHANGED | RUNNING => StatusCode::CONFLICT,
            code::WRONG_HASH => {
                StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
            }
            code::BROKEN_CHAIN => StatusCode::UNPROCESSABLE_ENTITY,
            code::STORAGE_FULL => StatusCode::INSUFFICIENT_STORAGE,
            code::OVERLOADED => StatusCode::SERVICE_UNAVAILABLE,
            code::INTERNAL => StatusCode::INTERNAL_SERVER_ERROR,
            _ if matches!(self, Self::Refused { .. } | Self::Core(Error::Refused { .. })) => {
                StatusCode::CONFLICT
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

fn core_code(error: &Error) -> &'static str {
    match error {
        Error::Invalid { problems } => match problems.first() {
            Some(Problem::UnknownVersion { .. }) => code::UNKNOWN_VERSION,
            Some(Problem::TooLarge { .. }) => code::TOO_LARGE,
            _ => code::MALFORMED,
        },
        Error::Refused { code } => code.as_str(),
        Error::NotFound { .. } | Error::BlobMissing => code::NOT_FOUND,
        Error::Revoked => code::REVOKED,
        Error::BadEnrolCode => code::BAD_ENROL_CODE,
        Error::EnrolCodeUsed => code::ENROL_CODE_USED,
        Error::EnrolCodeExpired => code::ENROL_CODE_EXPIRED,
        Error::Busy => code::OVERLOADED,
        Error::StorageFull => code::STORAGE_FULL,
        _ => code::INTERNAL,
    }
}

impl IntoResponse for RelayError {
    fn into_response(self) -> Response {
        let (status, code) = (self.status(), self.code());
        let reason = if code == code::INTERNAL {
            tracing::error!(error = %self, "the relay failed");
            "a fault of the relay; its log has more".to_owned()
        } else {
            self.to_string()
        };
        let body = ErrorBody { error: ErrorDetail { code: code.to_owned(), reason } };
        let mut response = (status, Json(body)).into_response();
        match code {
            code::STORAGE_FULL => come_again(&mut response, &WHEN_FULL),
            code::OVERLOADED => come_again(&mut response, &WHEN_BUSY),
            _ => {}
        }
        if let Self::Quota { retry_after_s } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
        }
        if let Self::OffsetConflict { offset } = self {
            response
                .headers_mut()
                .insert(HeaderName::from_static("upload-offset"), HeaderValue::from(offset));
        }
        response
    }
}

/// Says when, to each at another time: those who were refused together don't come back together.
pub fn come_again(response: &mut Response, seconds: &RangeInclusive<u64>) {
    // Chance enough for this, from the standard library's hasher.
    let chance = RandomState::new().build_hasher().finish();
    let after = seconds.start() + chance % (seconds.end() - seconds.start() + 1);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after));
}
