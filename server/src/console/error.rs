//! Refusals of `/api`: `{ "error": { "code", "reason", "problems" } }`, in the language that the
//! asking program wants.

use std::ops::RangeInclusive;

use axum::{
    Json,
    extract::{
        Request,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use suishou_core::{
    error::{Error, Problem},
    sync::wire::code,
};

use crate::{
    relay::{RelayError, error::come_again},
    words::{Lang, Words},
};

/// Most problems that one answer lists.
const MAX_PROBLEMS: usize = 500;

/// In seconds, to who asks too much.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");
/// In seconds, to who comes while there is too much to do.
const WHEN_BUSY: RangeInclusive<u64> = 3..=8;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: String,
    problems: Vec<Problem>,
    detail: String,
    retry_after_s: Option<u64>,
}

/// Beginning of the codes of the housekeeping.
const KEEPING: &str = "keeping.";

/// Codes beyond those of the wire.
mod api_code {
    pub(super) const INVALID: &str = "invalid";
    pub(super) const UNAUTHORIZED: &str = "unauthorized";
    pub(super) const FORBIDDEN: &str = "forbidden";
    pub(super) const WRONG_HOST: &str = "wrong_host";
    pub(super) const BAD_SIGNATURE: &str = "bad_signature";
    pub(super) const STALE_SIGNATURE: &str = "stale_signature";
    pub(super) const TOO_MANY: &str = "too_many";
    pub(super) const CSRF: &str = "csrf";
    pub(super) const CONFIRM_NEEDED: &str = "confirm_needed";
    pub(super) const METHOD: &str = "method_not_allowed";
}

/// Every code of a refusal; each has its words.
pub(super) const CODES: &[&str] = &[
    api_code::INVALID,
    api_code::UNAUTHORIZED,
    api_code::FORBIDDEN,
    api_code::WRONG_HOST,
    api_code::METHOD,
    code::MALFORMED,
    code::NOT_FOUND,
    code::TOO_LARGE,
    code::OVERLOADED,
    code::STORAGE_FULL,
    code::INTERNAL,
    "not_allowed",
    "wrong_state",
    "no_record",
    "wrong_kind",
    "quota",
    "wrong_township",
    "unknown_device",
    "broken_chain",
    api_code::BAD_SIGNATURE,
    api_code::STALE_SIGNATURE,
    api_code::TOO_MANY,
    api_code::CSRF,
    api_code::CONFIRM_NEEDED,
    "bad_login",
    "try_later",
    "wrong_password",
    "bad_link",
    "last_administrator",
    "name_taken",
    "no_session",
    "no_keeper_key",
    "keeper_key_exists",
    "passphrase_too_short",
    "wrong_passphrase",
    "same_person",
    "reveal_settled",
    "changed",
    "running",
    "not_sealed",
    "keeper_only",
];

/// The number of a request, for its log lines and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(u64);

impl RequestId {
    /// Whatever number it is given.
    pub fn new(number: u64) -> Self {
        Self(number)
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A refusal.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Refusal<'a> {
    error: RefusalDetail<'a>,
}

/// Why.
#[derive(Serialize, utoipa::ToSchema)]
struct RefusalDetail<'a> {
    /// Why, for a program.
    code: &'a str,
    /// Why, in the language that was asked for.
    reason: String,
    /// Everything that is wrong, if there is more than one thing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// The number of the request, as in the log and in `x-request-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, pattern = "^[0-9a-f]{16}$", required = false)]
    request_id: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            problems: Vec::new(),
            detail: String::new(),
            retry_after_s: None,
        }
    }

    pub(super) fn invalid(problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, api_code::INVALID) }
    }

    /// Not readable; `detail` says where.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..Self::new(StatusCode::BAD_REQUEST, code::MALFORMED) }
    }

    /// A backup or check that is not begun; the words are those of the housekeeping.
    pub(super) fn keeping(code: &str, detail: String) -> Self {
        Self { detail, ..Self::new(StatusCode::CONFLICT, &format!("{KEEPING}{code}")) }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self { detail: what.to_owned(), ..Self::new(StatusCode::NOT_FOUND, code::NOT_FOUND) }
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, api_code::METHOD)
    }

    pub(super) fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code::OVERLOADED)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, api_code::UNAUTHORIZED)
    }

    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, api_code::FORBIDDEN)
    }

    /// It does not come from a page of ours.
    pub(super) fn csrf() -> Self {
        Self::new(StatusCode::FORBIDDEN, api_code::CSRF)
    }

    /// The password must be given again.
    pub(super) fn confirm_needed() -> Self {
        Self::new(StatusCode::FORBIDDEN, api_code::CONFIRM_NEEDED)
    }

    /// Asked for under a name that is not ours; `ours` are those that are.
    pub(super) fn wrong_host(ours: String) -> Self {
        Self { detail: ours, ..Self::new(StatusCode::MISDIRECTED_REQUEST, api_code::WRONG_HOST) }
    }

    /// No such source, or not signed with its secret.
    pub(super) fn bad_signature() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, api_code::BAD_SIGNATURE)
    }

    /// Signed too long ago, or the clock there is wrong.
    pub(super) fn stale_signature() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, api_code::STALE_SIGNATURE)
    }

    pub(super) fn too_many() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, api_code::TOO_MANY)
    }

    fn body(&self, words: &Words, id: Option<RequestId>) -> Response {
        let problems: Vec<String> =
            self.problems.iter().take(MAX_PROBLEMS).map(|problem| words.problem(problem)).collect();
        let key = match self.code.strip_prefix(KEEPING) {
            Some(code) => format!("keeping.error.{code}"),
            None => format!("api.{}", self.code),
        };
        let mut reason = words.say(&key, &[("count", &self.problems.len()), ("detail", &self.detail)]);
        if reason == key {
            reason.clone_from(&self.detail);
        }
        if let ([only], 1) = (problems.as_slice(), self.problems.len()) {
            reason.clone_from(only);
        }
        let request_id = id.map(|id| id.to_string());
        let body = Refusal { error: RefusalDetail { code: &self.code, reason, problems, request_id } };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        } else if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        } else if self.status == StatusCode::SERVICE_UNAVAILABLE {
            come_again(&mut response, &WHEN_BUSY);
        }
        response
    }
}

/// The answer proper is written by [`in_words`], which knows the language.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes refusals out, and gives those of the layers below the form of all others.
pub(super) async fn in_words(request: Request, next: Next) -> Response {
    let words = Words::of(language(request.headers()));
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let mut answer = error.body(words, id);
        // What stands beside a refusal stays: which methods there are, when to come again.
        for name in [header::ALLOW, header::RETRY_AFTER, header::SET_COOKIE] {
            if let Some(value) = response.headers_mut().remove(&name) {
                answer.headers_mut().insert(name, value);
            }
        }
        return answer;
    }
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(response.status(), code::TOO_LARGE).body(words, id),
        StatusCode::SERVICE_UNAVAILABLE => ApiError::new(response.status(), code::OVERLOADED).body(words, id),
        _ => response,
    }
}

pub(super) fn language(headers: &HeaderMap) -> Lang {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Lang::from_tag(wanted.unwrap_or_default())
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { problems } => Self::invalid(problems),
            Error::NotFound { document } => Self::not_found(&document.to_string()),
            Error::BlobMissing => Self::not_found("attachment"),
            Error::Refused { code } => Self::new(StatusCode::CONFLICT, code.as_str()),
            Error::StorageFull => Self::new(StatusCode::INSUFFICIENT_STORAGE, code::STORAGE_FULL),
            other => {
                tracing::error!(error = %other, "a request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL)
            }
        }
    }
}

impl From<RelayError> for ApiError {
    fn from(error: RelayError) -> Self {
        let (status, code) = (error.status(), error.code());
        match error {
            RelayError::Core(error) => error.into(),
            RelayError::Refused { code } => Error::Refused { code }.into(),
            RelayError::Keeper(error) => Self { detail: error.detail(), ..Self::new(status, code) },
            RelayError::Login(error) => {
                let retry_after_s = super::session::seconds(error);
                let detail = retry_after_s.map(|seconds| seconds.to_string()).unwrap_or_default();
                Self { detail, retry_after_s, ..Self::new(status, code) }
            }
            error => {
                if code == code::INTERNAL {
                    tracing::error!(error = %error, "a request failed");
                } else if status.is_server_error() {
                    // Too much to do, or no room: no fault of the program.
                    tracing::info!(code, "a request was put off");
                }
                Self::new(status, code)
            }
        }
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::malformed(rejection.body_text())
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE),
            _ => Self::malformed(rejection.body_text()),
        }
    }
}
