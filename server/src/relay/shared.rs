//! What all parts of the relay share: who it is, the time, the current settings, and how far the feed is.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use suishou_core::{
    id::DeviceId,
    model::{encode, settings::Settings},
    sync::wire::{SettingsDigest, SignedSettings},
    time::{SharedClock, Timestamp},
};
use tokio::sync::{Notify, watch};

use super::{
    feed::MAX_PLACES,
    quota::{Guesses, Terms},
    token::TokenKey,
};
use crate::identity::Identity;

/// What all parts share.
#[derive(Debug)]
pub struct Shared {
    /// Who the relay is.
    pub identity: Identity,
    /// What tells the time.
    pub clock: SharedClock,
    /// What tokens are made with.
    pub tokens: TokenKey,
    /// When it started.
    pub started_at: Timestamp,
    /// Requests answered.
    pub requests: AtomicU64,
    /// How often a phone joined since the start.
    devices: AtomicU64,
    /// Most places of the feed looked at for one answer; simulations set it low to see more pages.
    pub max_places: AtomicUsize,
    /// Who came with wrong codes.
    pub guesses: Guesses,
    terms: RwLock<Terms>,
    /// Wakes who sends webhooks.
    pub events: Notify,
    current: RwLock<Current>,
    news: RwLock<BTreeMap<i64, Touched>>,
    feed: watch::Sender<i64>,
    /// The relay stops: whoever only waits should go.
    pub ending: watch::Sender<bool>,
}

#[derive(Debug)]
struct Current {
    settings: Arc<Settings>,
    signed: Arc<Vec<u8>>,
}

impl Current {
    fn new(identity: &Identity, settings: Settings, bundle: Vec<u8>) -> Self {
        let signature = identity.key.sign(&SettingsDigest(*blake3::hash(&bundle).as_bytes()));
        let signed = Arc::new(encode(&SignedSettings { bundle, signature }));
        Self { settings: Arc::new(settings), signed }
    }
}

/// What came last under a key of the feed, and what came last of others than whoever brought that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    last: i64,
    by: Option<DeviceId>,
    before: i64,
}

impl Touched {
    /// A place of the feed, and the phone that brought what stands there, if it is told to all but that one.
    pub fn at(last: i64, by: Option<DeviceId>) -> Self {
        Self { last, by, before: 0 }
    }

    /// With what came after it.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let before = if self.by == next.by { self.before } else { self.last };
        Self { before: before.max(next.before), ..next }
    }

    /// The last place that is news to a phone.
    fn for_device(&self, device: DeviceId) -> i64 {
        if self.by == Some(device) { self.before } else { self.last }
    }
}

impl Shared {
    /// At the start; the bundle is the settings as they travel.
    pub fn new(
        identity: Identity,
        clock: SharedClock,
        tokens: TokenKey,
        settings: Settings,
        bundle: Vec<u8>,
        feed_seq: i64,
    ) -> Self {
        let current = RwLock::new(Current::new(&identity, settings, bundle));
        Self {
            started_at: clock.now(),
            identity,
            clock,
            tokens,
            requests: AtomicU64::new(0),
            devices: AtomicU64::new(0),
            max_places: AtomicUsize::new(MAX_PLACES),
            guesses: Guesses::default(),
            terms: RwLock::default(),
            events: Notify::new(),
            current,
            news: RwLock::new(BTreeMap::new()),
            feed: watch::Sender::new(feed_seq),
            ending: watch::Sender::new(false),
        }
    }

    /// On what terms phones are served.
    pub fn terms(&self) -> Terms {
        *self.terms.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves phones on other terms.
    pub fn set_terms(&self, terms: Terms) {
        *self.terms.write().unwrap_or_else(PoisonError::into_inner) = terms;
    }

    /// The township's settings.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).settings)
    }

    /// The settings as they travel, signed.
    pub fn signed_settings(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).signed)
    }

    /// Takes newer settings, once they are committed.
    pub fn set_settings(&self, settings: Settings, bundle: Vec<u8>) {
        let current = Current::new(&self.identity, settings, bundle);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        // Who watches the feed sees the settings too.
        self.feed.send_modify(|_| {});
    }

    /// A phone joined, or what is known of one changed.
    pub fn touch_devices(&self) {
        self.devices.fetch_add(1, Ordering::Relaxed);
        self.feed.send_modify(|_| {});
    }

    /// How often that happened since the start.
    pub fn devices_touched(&self) -> u64 {
        self.devices.load(Ordering::Relaxed)
    }

    /// Tells those who wait how far the feed is, and which keys have something new.
    pub fn publish(&self, feed_seq: i64, touched: BTreeMap<i64, Touched>) {
        let mut news = self.news.write().unwrap_or_else(PoisonError::into_inner);
        for (key, next) in touched {
            news.entry(key).and_modify(|last| *last = last.then(next)).or_insert(next);
        }
        drop(news);
        self.feed.send_replace(feed_seq);
    }

    /// Whether one of these keys got something after `seq` since the relay started that this device did not bring.
    pub fn has_touched(&self, keys: &[i64], seq: i64, device: DeviceId) -> bool {
        let news = self.news.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|key| news.get(key).is_some_and(|touched| touched.for_device(device) > seq))
    }

    /// Wakes whoever waits for the feed.
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.feed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_phone_brought_is_news_to_every_other() {
        let [ann, lea] = [1, 2].map(|byte| DeviceId::new([byte; 16]));
        let all = |places: &[(i64, Option<DeviceId>)]| {
            places.iter().map(|(last, by)| Touched::at(*last, *by)).reduce(Touched::then).unwrap()
        };
        let own = all(&[(5, Some(ann)), (7, Some(ann))]);
        assert_eq!((own.for_device(ann), own.for_device(lea)), (0, 7));
        let mixed = all(&[(5, None), (6, Some(ann)), (7, Some(ann))]);
        assert_eq!((mixed.for_device(ann), mixed.for_device(lea)), (5, 7));
        let turns = all(&[(5, Some(ann)), (6, Some(lea)), (7, Some(ann))]);
        assert_eq!((turns.for_device(ann), turns.for_device(lea)), (6, 7));
        // In two commits as in one.
        let later = all(&[(5, None), (6, Some(ann))]).then(all(&[(7, Some(lea)), (8, Some(ann))]));
        assert_eq!((later.for_device(ann), later.for_device(lea)), (7, 8));
        assert_eq!(all(&[(5, Some(ann)), (6, None)]).for_device(ann), 6);
    }
}
