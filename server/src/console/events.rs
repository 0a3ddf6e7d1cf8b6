//! `GET /api/events`: what changes, as it changes, as server-sent events.
//!
//! An event says which document changed and never what: the listener asks for it, and is judged then. Between
//! changes a listener holds nothing but its place in the feed. It is sent away after some minutes and comes
//! back with `Last-Event-ID`, so that a login that ended does not go on listening.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, Method},
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use serde::Serialize;
use suishou_core::{
    id::{DepartmentId, DocumentId, Epoch},
    model::DocumentKind,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};
use tracing::{Instrument as _, Span};

use super::{
    Desk,
    error::ApiError,
    input::Answer,
    matrix::{self, Caller},
    works,
};
use crate::relay::{Change, Relay};

/// Listeners in all: fewer than connections, so that ordinary requests always get through.
const LISTENERS: usize = 40;
/// Listeners of one operator, or of the programs that show the folder's token.
const LISTENERS_EACH: usize = 12;
/// A listener that was away for more changes than this reads everything anew.
const MAX_BEHIND: i64 = 5_000;
/// How long one stays.
const STAY: Duration = Duration::from_mins(10);
/// Something is sent at least so often.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Something changed. Its number, beside it as the event's id, is for `Last-Event-ID`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum LiveEvent {
    /// Of a document.
    Changed {
        /// What it is.
        kind: DocumentKind,
        /// Which.
        document: DocumentId,
        /// The place of the feed.
        seq: i64,
    },
    /// An entry of it was held, or released.
    Held {
        /// What it is.
        kind: DocumentKind,
        /// Which.
        document: DocumentId,
        /// The place of the feed.
        seq: i64,
    },
    /// The settings have a new version.
    Settings {
        /// Which.
        version: u64,
    },
    /// A phone joined.
    Devices {
        /// The place of the feed.
        seq: i64,
    },
    /// Too much has changed: read everything anew.
    Reset {
        /// The place of the feed.
        seq: i64,
    },
}

impl LiveEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Held { .. } => "held",
            Self::Settings { .. } => "settings",
            Self::Devices { .. } => "devices",
            Self::Reset { .. } => "reset",
        }
    }
}

/// Who listens, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats(Arc<Mutex<BTreeMap<Option<i64>, usize>>>);

/// One listener's place; free again when it is dropped.
struct Seat {
    seats: Seats,
    operator: Option<i64>,
}

impl Seats {
    fn take(&self, operator: Option<i64>) -> Option<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = taken.values().sum::<usize>() >= LISTENERS;
        let own = taken.entry(operator).or_default();
        if is_full || *own >= LISTENERS_EACH {
            return None;
        }
        *own += 1;
        Some(Seat { seats: self.clone(), operator })
    }
}

impl Seats {
    /// How many are taken.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.operator) {
            *own = own.saturating_sub(1);
        }
        taken.retain(|_, count| *count > 0);
    }
}

/// Where a listener is: the relay's life, the place in its feed, the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    epoch: Epoch,
    seq: i64,
    version: u64,
}

impl Place {
    fn id(&self) -> String {
        format!("{}.{}.{}", self.epoch, self.seq, self.version)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let epoch = parts.next()?.parse().ok()?;
        Some(Self { epoch, seq: parts.next()?.parse().ok()?, version: parts.next()?.parse().ok()? })
    }
}

/// What of the changes a caller may know.
struct Sight {
    caller: Caller,
    department: Option<DepartmentId>,
}

impl Sight {
    fn has(&self, change: &Change) -> bool {
        let name = works::name(change.kind);
        let path = if change.is_held { "/api/held".to_owned() } else { format!("/api/{name}/{{id}}") };
        self.may_get(&path)
    }

    fn has_devices(&self) -> bool {
        self.may_get("/api/devices")
    }

    fn may_get(&self, path: &str) -> bool {
        matrix::find(&Method::GET, path).is_some_and(|rule| self.caller.is_one_of(rule.roles))
    }
}

struct Listener {
    relay: Relay,
    sight: Sight,
    feed: watch::Receiver<i64>,
    end: watch::Receiver<bool>,
    place: Place,
    /// How often phones had joined when it last looked.
    devices: u64,
    until: Instant,
    ready: VecDeque<Event>,
    _seat: Seat,
}

/// `GET /api/events`
pub(super) async fn listen(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let seat = desk.seats.take(caller.operator).ok_or_else(ApiError::busy)?;
    let relay = desk.relay.clone();
    let (mut feed, end) = (relay.watch_feed(), relay.watch_end());
    let here = Place {
        epoch: relay.epoch().await?,
        seq: *feed.borrow_and_update(),
        version: relay.current_version(),
    };
    let shown = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(Place::read));
    let mut ready = VecDeque::new();
    let place = match shown {
        None => here,
        Some(Some(place)) if is_near(place, here) => place,
        Some(_) => {
            ready.extend(event(&LiveEvent::Reset { seq: here.seq }, here));
            here
        }
    };
    let (department, relay_devices) = (caller.bound_to().cloned(), relay.devices_touched());
    let listener = Listener {
        relay,
        sight: Sight { caller, department },
        feed,
        end,
        devices: relay_devices,
        place,
        until: Instant::now() + STAY,
        ready,
        _seat: seat,
    };
    // What goes wrong while somebody listens is still of that request.
    let span = Span::current();
    let events = stream::unfold(Some(listener), move |listener| next(listener).instrument(span.clone()));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn is_near(place: Place, here: Place) -> bool {
    place.epoch == here.epoch && place.seq <= here.seq && here.seq - place.seq <= MAX_BEHIND
}

fn event(told: &LiveEvent, place: Place) -> Option<Event> {
    Event::default().event(told.name()).id(place.id()).json_data(told).ok()
}

/// The next event; none at the end.
async fn next(listener: Option<Listener>) -> Option<(Result<Event, Infallible>, Option<Listener>)> {
    let mut listener = listener?;
    loop {
        if let Some(event) = listener.ready.pop_front() {
            return Some((Ok(event), Some(listener)));
        }
        if !listener.look().await {
            return None;
        }
        if listener.ready.is_empty() && !listener.wait().await {
            return None;
        }
    }
}

impl Listener {
    /// Reads what is new; false if that can't be read.
    async fn look(&mut self) -> bool {
        let upto = *self.feed.borrow_and_update();
        if upto > self.place.seq {
            let department = self.sight.department.clone();
            let news = match self.relay.news(self.place.seq, upto, department).await {
                Ok(news) => news,
                Err(error) => {
                    tracing::warn!(%error, "changes could not be read for a listener");
                    return false;
                }
            };
            for change in news.changes.into_iter().filter(|change| self.sight.has(change)) {
                let Change { seq, document, kind, is_held } = change;
                self.place.seq = seq;
                let told = if is_held {
                    LiveEvent::Held { kind, document, seq }
                } else {
                    LiveEvent::Changed { kind, document, seq }
                };
                self.ready.extend(event(&told, self.place));
            }
            self.place.seq = news.upto;
        } else if upto < self.place.seq {
            // A new life of the relay.
            self.place.seq = upto;
            self.ready.extend(event(&LiveEvent::Reset { seq: upto }, self.place));
        }
        let version = self.relay.current_version();
        if version != self.place.version {
            self.place.version = version;
            self.ready.extend(event(&LiveEvent::Settings { version }, self.place));
        }
        let devices = self.relay.devices_touched();
        if devices != self.devices {
            self.devices = devices;
            if self.sight.has_devices() {
                self.ready.extend(event(&LiveEvent::Devices { seq: self.place.seq }, self.place));
            }
        }
        true
    }

    /// Until there may be something new; false if it is time to go.
    async fn wait(&mut self) -> bool {
        let is_settled = self.feed.borrow().eq(&self.place.seq)
            && self.relay.current_version() == self.place.version
            && self.relay.devices_touched() == self.devices;
        if !is_settled {
            return Instant::now() < self.until;
        }
        tokio::select! {
            changed = timeout_at(self.until, self.feed.changed()) => matches!(changed, Ok(Ok(()))),
            ended = self.end.wait_for(|is_ending| *is_ending) => {
                drop(ended);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_nothing_else_is() {
        let place = Place { epoch: Epoch::new([7; 16]), seq: 12, version: 3 };
        assert_eq!(Place::read(&place.id()), Some(place));
        for bad in ["", "1", "x.1.2", &format!("{}.1", place.epoch), &format!("{}.a.2", place.epoch)] {
            assert_eq!(Place::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn who_was_away_too_long_or_knows_another_relay_starts_anew() {
        let here = Place { epoch: Epoch::new([7; 16]), seq: 9_000, version: 3 };
        assert!(is_near(Place { seq: 8_000, version: 1, ..here }, here));
        for far in
            [Place { seq: 1, ..here }, Place { seq: 9_001, ..here }, Place { epoch: Epoch::ZERO, ..here }]
        {
            assert!(!is_near(far, here));
        }
    }

    #[test]
    fn places_are_limited_for_each_and_in_all_and_come_free() {
        let seats = Seats::default();
        let mut own: Vec<_> = (0..LISTENERS_EACH).filter_map(|_| seats.take(Some(1))).collect();
        assert_eq!(own.len(), LISTENERS_EACH);
        assert!(seats.take(Some(1)).is_none());
        assert!(seats.take(None).is_some());
        own.pop();
        assert!(seats.take(Some(1)).is_some());
        let all: Vec<_> = (2..100).filter_map(|operator| seats.take(Some(operator))).collect();
        assert_eq!(all.len() + own.len(), LISTENERS);
    }
}
