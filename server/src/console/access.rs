//! Who may ask: a program on this machine that can read the folder's token, or an operator who logged in.
//!
//! Every request passes here before anything of its body is read: host, who it is, the matrix, the password
//! given again, and the audit log. What is not a look is written into the audit log before it is done and
//! again with its outcome; a look is written before it is shown. If the log can't be written, nothing is done
//! and nothing shown.
//!
//! The host is checked too: a web page that makes its own name point at this machine reaches the
//! port, but can't say that it asked for `localhost`.

use std::{fmt, net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use suishou_core::time::SharedClock;

use super::{
    bound, cookie,
    error::ApiError,
    ledger::{Asked, Ledger},
    matrix::{self, Caller, Guard, Rule},
};
use crate::relay::{
    OperatorRole, Relay,
    operators::{Session, in_name_of},
};

/// What a browser shows with every request that changes something.
const CSRF: &str = "x-csrf-token";
/// What a browser says of where a request comes from.
const FETCH_SITE: &str = "sec-fetch-site";

/// Where requests come in.
#[derive(Clone)]
enum Entrance {
    /// Loopback without TLS: the token, as a hash (comparing hashes takes the same time wherever they differ),
    /// or a session.
    Machine(blake3::Hash),
    /// The network, by TLS: sessions only, asked for under one of these hosts.
    Network(Arc<[String]>),
}

/// Lets in whom the matrix lets in.
#[derive(Clone)]
pub(super) struct Access {
    entrance: Entrance,
    relay: Relay,
    ledger: Ledger,
    /// Where browsers find the console.
    found_at: Arc<str>,
}

impl Access {
    pub(super) fn new(token: &str, relay: Relay, clock: SharedClock) -> Self {
        let entrance = Entrance::Machine(blake3::hash(token.as_bytes()));
        Self { entrance, ledger: Ledger::new(relay.clone(), clock), relay, found_at: Arc::default() }
    }

    /// The same for requests from other machines.
    pub(super) fn for_network(&self, hosts: Vec<String>) -> Self {
        Self { entrance: Entrance::Network(hosts.into()), ..self.clone() }
    }

    /// Says where browsers find the console.
    pub(super) fn found_at(&self, console: &str) -> Self {
        Self { found_at: console.into(), ..self.clone() }
    }

    /// The addresses under which this door is to be asked, and the console's own.
    fn ours(&self) -> String {
        let hosts: Vec<&str> = match &self.entrance {
            Entrance::Machine(_) => vec!["localhost", "127.0.0.1"],
            // Those of this machine are no help on another one.
            Entrance::Network(hosts) => {
                hosts.iter().map(String::as_str).filter(|host| !is_this_machine(host)).collect()
            }
        };
        let console = (!self.found_at.is_empty()).then(|| self.found_at.as_ref());
        hosts.into_iter().chain(console).collect::<Vec<_>>().join(", ")
    }

    fn is_meant(&self, authority: &str) -> bool {
        match &self.entrance {
            Entrance::Machine(_) => is_this_machine(authority),
            Entrance::Network(hosts) => {
                let host = host_of(authority);
                hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
            }
        }
    }

    fn is_for_us(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        host.to_str().is_ok_and(|host| self.is_meant(host))
            && uri.authority().is_none_or(|named| self.is_meant(named.as_str()))
    }

    /// Whether the token is shown; none if nothing of that kind is.
    fn shows_token(&self, headers: &HeaderMap) -> Option<bool> {
        let shown = headers.get(header::AUTHORIZATION)?;
        let token = shown.as_bytes().strip_prefix(b"Bearer ");
        Some(match &self.entrance {
            Entrance::Machine(expected) => token.is_some_and(|token| blake3::hash(token) == *expected),
            Entrance::Network(_) => false,
        })
    }

    /// Who asks; none if nobody who is known.
    async fn who(&self, headers: &HeaderMap) -> Result<Option<(Caller, Option<Session>)>, ApiError> {
        match (self.shows_token(headers), cookie::token(headers)) {
            (Some(true), _) => Ok(Some((Caller::of_this_machine(), None))),
            (Some(false), _) | (None, None) => Ok(None),
            (None, Some(token)) => {
                let session = self.relay.session(&token).await?;
                Ok(session.map(|session| (caller(&session), Some(session))))
            }
        }
    }

    /// Whether a request comes from a page of ours, as far as the browser says.
    fn is_same_origin(&self, headers: &HeaderMap) -> bool {
        let scheme = match &self.entrance {
            Entrance::Machine(_) => "http",
            Entrance::Network(_) => "https",
        };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let own = format!("{scheme}://{host}");
        let is_own =
            |origin: &HeaderValue| origin.to_str().is_ok_and(|origin| origin.eq_ignore_ascii_case(&own));
        headers.get_all(header::ORIGIN).iter().all(is_own)
            && headers.get_all(FETCH_SITE).iter().all(|site| site == "same-origin")
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

/// Lets a request through or says why not.
pub(super) async fn check(State(access): State<Access>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let rule = path.and_then(|path| matrix::find(request.method(), path.as_str()));
    if rule.is_some_and(|rule| rule.guard == Guard::Signed) {
        return next.run(request).await;
    }
    // The body is not looked at here.
    let (head, body) = request.into_parts();
    if !access.is_for_us(&head.headers, &head.uri) {
        return ApiError::wrong_host(access.ours()).into_response();
    }
    let path = head.extensions.get::<MatchedPath>().cloned();
    let rule = path.as_ref().and_then(|path| matrix::find(&head.method, path.as_str()));
    let asked = Asked::of(&head, path.as_ref().map_or("", MatchedPath::as_str));
    match rule {
        Some(rule) if rule.guard == Guard::Open => open(&access, asked, (head, body), next).await,
        rule => known(&access, rule, path.is_some(), asked, (head, body), next).await,
    }
}

/// Nobody is known yet: the handler itself asks for a password or a link.
async fn open(access: &Access, asked: Asked, (head, body): (Parts, Body), next: Next) -> Response {
    if !access.is_same_origin(&head.headers) {
        return access.ledger.refused(&asked, ApiError::csrf()).await;
    }
    let response = next.run(Request::from_parts(head, body)).await;
    access.ledger.ended_open(&asked, response).await
}

async fn known(
    access: &Access,
    rule: Option<&'static Rule>,
    has_path: bool,
    mut asked: Asked,
    (mut head, body): (Parts, Body),
    next: Next,
) -> Response {
    let is_noted = rule.is_some_and(|rule| rule.guard != Guard::Plain);
    let (caller, session) = match access.who(&head.headers).await {
        Ok(Some(known)) => known,
        Ok(None) if is_noted => return access.ledger.refused(&asked, ApiError::unauthorized()).await,
        Ok(None) => return ApiError::unauthorized().into_response(),
        Err(error) => return error.into_response(),
    };
    asked.operator = caller.operator;
    if let Err(error) = permit(access, rule, has_path, &caller, session.as_ref(), &head).await {
        return if is_noted { access.ledger.refused(&asked, error).await } else { error.into_response() };
    }
    let operator = caller.operator;
    head.extensions.insert(caller);
    if let Some(session) = session {
        head.extensions.insert(session);
    }
    let is_look = is_look(&head.method);
    let request = Request::from_parts(head, body);
    if !is_noted {
        return in_name_of(operator, next.run(request)).await;
    }
    if is_look {
        let response = in_name_of(operator, next.run(request)).await;
        return access.ledger.looked(&asked, response).await;
    }
    let began = match access.ledger.begins(&asked).await {
        Ok(began) => began,
        Err(error) => return error.into_response(),
    };
    let response = in_name_of(operator, next.run(request)).await;
    access.ledger.ended(&asked, began, response).await
}

/// Everything but who it is.
async fn permit(
    access: &Access,
    rule: Option<&'static Rule>,
    has_path: bool,
    caller: &Caller,
    session: Option<&Session>,
    head: &Parts,
) -> Result<(), ApiError> {
    if let Some(session) = session.filter(|_| !is_look(&head.method)) {
        let shown = head.headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
        let is_shown = blake3::hash(shown) == blake3::hash(session.csrf.as_bytes());
        if !is_shown || !access.is_same_origin(&head.headers) {
            return Err(ApiError::csrf());
        }
    }
    let Some(rule) = rule else {
        // A path that no route has gets its own answer further down.
        return if has_path { Err(ApiError::method()) } else { Ok(()) };
    };
    if !caller.is_one_of(rule.roles) {
        return Err(ApiError::forbidden());
    }
    bound::check(&access.relay, caller, rule.path, head.uri.path()).await?;
    if rule.guard == Guard::Confirmed && !caller.is_confirmed {
        return Err(ApiError::confirm_needed());
    }
    Ok(())
}

fn is_look(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn caller(session: &Session) -> Caller {
    let operator = &session.operator;
    // A handler of no department would be bound to nothing.
    let is_right = |role: &OperatorRole| *role != OperatorRole::Handler || operator.department.is_some();
    Caller {
        operator: Some(operator.id),
        roles: operator.roles.iter().copied().filter(is_right).collect(),
        department: operator.department.clone(),
        is_confirmed: session.is_confirmed,
    }
}

fn host_of(authority: &str) -> &str {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn is_this_machine(authority: &str) -> bool {
    let host = host_of(authority);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
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
