//! What is written into the audit log of a request: that it began, how it ended, and that it was refused.
//!
//! Refusals are written only so many a minute and counted beyond that, so that a flood can't fill the disk;
//! the count stands in the next entry that is written.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::ConnectInfo,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use suishou_core::time::{SharedClock, Timestamp};

use super::error::ApiError;
use crate::relay::{Relay, audit::Happening};

/// Refusals written within a minute.
pub(super) const REFUSALS_A_MINUTE: u32 = 30;
/// Longest id of a path that is written down.
const MAX_TARGET: usize = 160;
/// Longest reason that is written down, in characters.
const MAX_REASON: usize = 200;

/// What a handler knows beyond the path; put into the response's extensions. Ids only.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// Who it turned out to be.
    pub operator: Option<i64>,
    /// The id of what was made.
    pub target: Option<String>,
    /// Why, if that was asked for.
    pub reason: Option<String>,
}

/// A request, as the audit log has it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) operator: Option<i64>,
    address: Option<String>,
    method: String,
    route: String,
    target: Option<String>,
}

impl Asked {
    pub(super) fn of(head: &Parts, route: &str) -> Self {
        let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
        Self {
            operator: None,
            address: peer.map(|ConnectInfo(peer)| peer.ip().to_canonical().to_string()),
            method: head.method.to_string(),
            route: route.to_owned(),
            target: target(route, head.uri.path()),
        }
    }

    fn happening(&self) -> Happening {
        Happening {
            operator: self.operator,
            address: self.address.clone(),
            method: self.method.clone(),
            route: self.route.clone(),
            target: self.target.clone(),
            ..Happening::default()
        }
    }

    fn ended(&self, response: &Response) -> Happening {
        let noted = response.extensions().get::<Noted>().cloned().unwrap_or_default();
        let happening = self.happening();
        Happening {
            operator: happening.operator.or(noted.operator),
            target: happening.target.or(noted.target.as_deref().map(id)),
            reason: noted.reason.map(|reason| reason.chars().take(MAX_REASON).collect()),
            status: Some(response.status().as_u16()),
            ..happening
        }
    }
}

/// The ids in a path, in its order.
fn target(route: &str, path: &str) -> Option<String> {
    let parts = route.split('/').zip(path.split('/'));
    let ids: Vec<String> =
        parts.filter(|(known, _)| known.starts_with('{')).map(|(_, part)| id(part)).collect();
    (!ids.is_empty()).then(|| ids.join("/"))
}

/// What is no id is not repeated: it may be a name that somebody typed.
fn id(text: &str) -> String {
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.len() <= MAX_TARGET && text.chars().all(is_id) { text.to_owned() } else { "?".to_owned() }
}

/// Writes into the audit log.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    relay: Relay,
    clock: SharedClock,
    refusals: Arc<Mutex<Refusals>>,
}

impl Ledger {
    pub(super) fn new(relay: Relay, clock: SharedClock) -> Self {
        Self { relay, clock, refusals: Arc::default() }
    }

    /// Before something is done.
    pub(super) async fn begins(&self, asked: &Asked) -> Result<u64, ApiError> {
        Ok(self.write(asked.happening()).await?)
    }

    /// After it was done. That it began is written: if its end can't be, the log says so by that.
    pub(super) async fn ended(&self, asked: &Asked, began: u64, response: Response) -> Response {
        let happening = Happening { began: Some(began), ..asked.ended(&response) };
        if let Err(error) = self.write(happening).await {
            tracing::error!(%error, began, "the outcome could not be written into the audit log");
        }
        response
    }

    /// Before something is shown: what can't be written is not shown.
    pub(super) async fn looked(&self, asked: &Asked, response: Response) -> Response {
        match self.write(asked.ended(&response)).await {
            Ok(_) => response,
            Err(error) => ApiError::from(error).into_response(),
        }
    }

    /// After a login or what should have been one: the session of an unwritten login is never told.
    pub(super) async fn ended_open(&self, asked: &Asked, response: Response) -> Response {
        if response.status().is_success() {
            return self.looked(asked, response).await;
        }
        let happening = asked.ended(&response);
        self.refusal(happening).await;
        response
    }

    /// Somebody was refused.
    pub(super) async fn refused(&self, asked: &Asked, error: ApiError) -> Response {
        let response = error.into_response();
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            self.refusal(asked.ended(&response)).await;
        }
        response
    }

    async fn refusal(&self, happening: Happening) {
        let now = self.clock.now();
        if !self.refusals.lock().unwrap_or_else(PoisonError::into_inner).is_written(now) {
            return;
        }
        if let Err(error) = self.write(happening).await {
            tracing::warn!(%error, "a refusal could not be written into the audit log");
        }
    }

    async fn write(&self, happening: Happening) -> crate::relay::Result<u64> {
        let unwritten = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).take();
        let written = self.relay.note(Happening { unwritten, ..happening }).await;
        if written.is_err() {
            self.refusals.lock().unwrap_or_else(PoisonError::into_inner).unwritten += unwritten;
        }
        written
    }
}

/// How many refusals were written lately, and how many only counted.
#[derive(Debug, Default)]
struct Refusals {
    minute: Timestamp,
    written: u32,
    unwritten: u64,
}

impl Refusals {
    fn is_written(&mut self, now: Timestamp) -> bool {
        if now < self.minute || now.since(self.minute) >= Duration::from_mins(1) {
            (self.minute, self.written) = (now, 0);
        }
        let is_written = self.written < REFUSALS_A_MINUTE;
        if is_written {
            self.written += 1;
        } else {
            self.unwritten += 1;
        }
        is_written
    }

    fn take(&mut self) -> u64 {
        std::mem::take(&mut self.unwritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_ids_of_the_path_and_no_words() {
        let route = "/api/incidents/{id}/photos/{hash}";
        assert_eq!(target(route, "/api/incidents/ab12/photos/ff"), Some("ab12/ff".to_owned()));
        assert_eq!(target(route, "/api/incidents/%E7%8E%8B/photos/ff"), Some("?/ff".to_owned()));
        assert_eq!(target("/api/status", "/api/status"), None);
    }

    #[test]
    fn a_flood_of_refusals_is_counted() {
        let mut refusals = Refusals::default();
        let now = Timestamp::from_millis(1_800_000_000_000);
        let written = (0..1_000).filter(|_| refusals.is_written(now)).count();
        assert_eq!(written, REFUSALS_A_MINUTE as usize);
        assert!(refusals.is_written(now.after(Duration::from_mins(1))));
        assert_eq!(refusals.take(), 1_000 - u64::from(REFUSALS_A_MINUTE));
        assert_eq!(refusals.take(), 0);
    }
}
