//! What all parts of the relay share: who it is, the time, the current settings, and how far the feed is.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize},
    },
};

use suishou_core::{
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
    /// Most places of the feed looked at for one answer; simulations set it low to see more pages.
    pub max_places: AtomicUsize,
    /// Who came with wrong codes.
    pub guesses: Guesses,
    terms: RwLock<Terms>,
    /// Wakes who sends webhooks.
    pub events: Notify,
    current: RwLock<Current>,
    news: RwLock<BTreeMap<i64, i64>>,
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

    /// Tells those who wait how far the feed is, and which keys have something new.
    pub fn publish(&self, feed_seq: i64, touched: impl IntoIterator<Item = (i64, i64)>) {
        let mut news = self.news.write().unwrap_or_else(PoisonError::into_inner);
        news.extend(touched);
        drop(news);
        self.feed.send_replace(feed_seq);
    }

    /// Whether one of these keys got something after `seq` since the relay started.
    pub fn has_touched(&self, keys: &[i64], seq: i64) -> bool {
        let news = self.news.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|key| news.get(key).is_some_and(|last| *last > seq))
    }

    /// Wakes whoever waits for the feed.
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.feed.subscribe()
    }
}
