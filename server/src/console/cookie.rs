//! The session's cookie: `__Host-`, so that no other host and no unencrypted page can set it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Its name.
const NAME: &str = "__Host-suishou";
/// As long as a session can last.
const MAX_AGE_S: u32 = 7 * 24 * 3_600;

/// The token that a browser shows.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == NAME)?;
    Some(token.to_owned())
}

/// Gives a browser its token.
pub(super) fn set(token: &str) -> [(HeaderName, HeaderValue); 1] {
    header_of(token, MAX_AGE_S)
}

/// Takes it away.
pub(super) fn clear() -> [(HeaderName, HeaderValue); 1] {
    header_of("", 0)
}

fn header_of(token: &str, max_age_s: u32) -> [(HeaderName, HeaderValue); 1] {
    let text = format!("{NAME}={token}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Strict");
    let value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    [(header::SET_COOKIE, value)]
}
