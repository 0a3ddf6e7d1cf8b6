//! Who may ask: a program on this machine that can read the folder's token.
//!
//! The host is checked too: a web page that makes its own name point at this machine reaches the
//! port, but can't say that it asked for `localhost`.

use std::{fmt, net::IpAddr};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    error::ApiError,
    matrix::{self, Caller},
};

/// The token, as a hash: comparing hashes takes the same time wherever they differ.
#[derive(Clone)]
pub(super) struct Access(blake3::Hash);

impl Access {
    pub(super) fn new(token: &str) -> Self {
        Self(blake3::hash(token.as_bytes()))
    }

    fn allows(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let token = shown.and_then(|value| value.strip_prefix(b"Bearer "));
        token.is_some_and(|token| blake3::hash(token) == self.0)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

/// Lets a request through or says why not.
pub(super) async fn check(State(access): State<Access>, mut request: Request, next: Next) -> Response {
    if !is_for_this_machine(request.headers(), request.uri()) {
        return ApiError::wrong_host().into_response();
    }
    if !access.allows(request.headers()) {
        return ApiError::unauthorized().into_response();
    }
    let caller = Caller::of_this_machine();
    // A path that no route has gets its own answer further down.
    if let Some(path) = request.extensions().get::<MatchedPath>() {
        match matrix::find(request.method(), path.as_str()) {
            Some(rule) if caller.is_one_of(rule.roles) => {}
            Some(_) => return ApiError::forbidden().into_response(),
            None => {
                let mut refused = ApiError::method().into_response();
                if let Ok(methods) = HeaderValue::from_str(&matrix::methods(path.as_str())) {
                    refused.headers_mut().insert(header::ALLOW, methods);
                }
                return refused;
            }
        }
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn is_for_this_machine(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    host.to_str().is_ok_and(is_this_machine)
        && uri.authority().is_none_or(|named| is_this_machine(named.as_str()))
}

fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let number = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || number.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for own in ["localhost", "LOCALHOST:8444", "127.0.0.1", "127.0.0.1:8444", "[::1]:8444", "[::1]"] {
            assert!(is_this_machine(own), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example:8444",
            "127.0.0.1.evil:80",
            "10.0.0.1:8444",
            "[::2]:1",
        ] {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
