//! What the phone's system gives: its clock, a secret that its key store guards, and an ear for changes.

use std::{fmt, sync::Arc};

use suishou_core::time::{Clock, Timestamp};

/// Told after everything that may have changed what screens show; they read again.
#[uniffi::export(with_foreign)]
pub trait Watcher: Send + Sync {
    fn changed(&self);
}

/// Guards what guards the phone's key: the same 32 random bytes each time, which the system's key store keeps.
#[uniffi::export(with_foreign)]
pub trait KeyProvider: Send + Sync {
    fn secret(&self) -> Vec<u8>;
}

/// The phone's clock, a claim like any other.
#[uniffi::export(with_foreign)]
pub trait PhoneClock: Send + Sync {
    fn now(&self) -> i64;
}

/// The phone's clock as core wants it.
pub(crate) struct Told(pub(crate) Arc<dyn PhoneClock>);

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

impl Clock for Told {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now())
    }
}
