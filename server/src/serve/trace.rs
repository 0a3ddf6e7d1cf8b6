//! A number for each request: every log line of it carries the number, and so does the answer, as `x-request-id` and
//! in the body of a refusal. Whoever was refused reads it out, and the administrator finds the lines.
//!
//! The number is made here and is chance: what a request says of itself goes into no log.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;

use crate::console::RequestId;

/// Where an answer has it.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its number.
pub(super) async fn number(mut request: Request, next: Next) -> Response {
    // Chance enough for this, from the standard library's hasher.
    let id = RequestId::new(RandomState::new().build_hasher().finish());
    request.extensions_mut().insert(id);
    // At the level of errors, so that a filter that lets a line through lets its number through too.
    let span = tracing::error_span!("request", request.id = %id);
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
