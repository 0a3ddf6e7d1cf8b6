//! How much other systems may send: so many tickets at once, and so many in a second for long.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use suishou_core::{id::SourceId, time::Timestamp};

/// Tickets that a source may send at once.
const BURST: f64 = 120.0;
/// Tickets that it may send in a second, for long.
const PER_SECOND: f64 = 2.0;

/// How much each source may still send.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets(Arc<Mutex<BTreeMap<SourceId, (f64, Timestamp)>>>);

impl Buckets {
    /// Takes one; false if there is none left.
    pub(super) fn take(&self, source: &SourceId, now: Timestamp) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, at) = buckets.entry(source.clone()).or_insert((BURST, now));
        *left = (*left + now.since(*at).as_secs_f64() * PER_SECOND).min(BURST);
        *at = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}
