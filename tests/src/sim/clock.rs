//! A phone's own clock, which may be wrong by years.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use suishou_core::time::{Clock, Timestamp};

use crate::harness::TestClock;

/// Everybody's time, and how far this clock is off.
#[derive(Debug)]
pub(super) struct OwnClock {
    time: Arc<TestClock>,
    off_ms: AtomicI64,
}

impl OwnClock {
    /// A clock that is right.
    pub(super) fn new(time: &Arc<TestClock>) -> Self {
        Self { time: Arc::clone(time), off_ms: AtomicI64::new(0) }
    }

    /// Is wrong by so much from now on.
    pub(super) fn set_off(&self, off_ms: i64) {
        self.off_ms.store(off_ms, Ordering::SeqCst);
    }
}

impl Clock for OwnClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.time.now().millis() + self.off_ms.load(Ordering::SeqCst))
    }
}
