//! One error, one variant for each thing that a person can do next. `reason` is a code that the app has words for:
//! it names facts, never people.

use suishou_core::error::{Action, Error, Problem, Unreachable};

/// What keeps something from happening, by what the person can do.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum FieldError {
    /// Try again later; nothing is lost meanwhile.
    #[error("{reason}")]
    Retry { reason: String },
    /// Change the input.
    #[error("{reason}")]
    FixInput { reason: String },
    /// Get a new enrolment code from the operator.
    #[error("{reason}")]
    EnrolAgain { reason: String },
    /// Make room on the phone.
    #[error("{reason}")]
    FreeSpace { reason: String },
    /// Tell the makers: this should not happen.
    #[error("{reason}")]
    Report { reason: String },
}

impl FieldError {
    pub(crate) fn report(reason: &str) -> Self {
        Self::Report { reason: reason.to_owned() }
    }
}

impl From<Error> for FieldError {
    fn from(error: Error) -> Self {
        let reason = reason(&error);
        tracing::info!(reason, %error, "refused");
        match error.action() {
            Action::Retry => Self::Retry { reason },
            Action::FixInput => Self::FixInput { reason },
            Action::EnrolAgain => Self::EnrolAgain { reason },
            Action::FreeSpace => Self::FreeSpace { reason },
            Action::Report => Self::Report { reason },
        }
    }
}

fn reason(error: &Error) -> String {
    let word = match error {
        Error::Invalid { problems } => problems.first().map_or("invalid", problem),
        Error::Refused { code } => return format!("held_{code}"),
        Error::RelayRefused { code } => return format!("relay_{code}"),
        Error::NotEnrolled => "not_enrolled",
        Error::Revoked => "revoked",
        Error::BadEnrolCode => "bad_enrol_code",
        Error::EnrolCodeUsed => "enrol_code_used",
        Error::EnrolCodeExpired => "enrol_code_expired",
        Error::Offline(Unreachable::NotTheRelay) => "captive_portal",
        Error::Offline(Unreachable::BadSignature) => "not_signed",
        Error::Offline(Unreachable::Overloaded) => "overloaded",
        Error::Offline(_) => "offline",
        Error::Busy => "busy",
        Error::StorageFull => "storage_full",
        Error::NotFound { .. } | Error::DraftNotFound { .. } => "not_found",
        Error::BlobMissing => "blob_missing",
        Error::TooNew { .. } => "too_new",
        Error::Corrupt(_) => "corrupt",
        _ => "failed",
    };
    word.to_owned()
}

fn problem(problem: &Problem) -> &'static str {
    match problem {
        Problem::Missing(what) => match *what {
            "the category" => "missing_category",
            "the consent" => "missing_consent",
            "the reason" => "missing_reason",
            "the shelter" => "missing_shelter",
            "the title" => "missing_title",
            "a photo of the result" => "missing_proof",
            "a text, a photo or a voice recording" => "missing_content",
            "the file of a photo or voice recording" => "blob_missing",
            "the name of the person or household" => "missing_name",
            _ => "missing",
        },
        Problem::Mistyped | Problem::NotHex | Problem::BadCode | Problem::WrongLength { .. } => "mistyped",
        Problem::BadAddress => "bad_address",
        Problem::Malformed(_) => "not_readable",
        Problem::UnknownVersion { .. } => "too_new",
        Problem::TooLarge { .. } => "too_large",
        Problem::Unanswered { .. } => "unanswered",
        Problem::NotAPhoto => "not_a_photo",
        Problem::NotAVoice => "not_a_voice",
        Problem::BadBlur => "bad_blur",
        Problem::FormerWork { .. } => "former_work",
        _ => "invalid",
    }
}
