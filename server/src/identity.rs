//! Who the relay is: the township's and its own id, and its signing key.

use suishou_core::{
    id::{DeviceId, TownshipId},
    log::Key,
};

/// Who the relay is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Which township.
    pub township: TownshipId,
    /// What it is called.
    pub name: String,
    /// The relay as a device: an operator's action is an entry in its log.
    pub device: DeviceId,
    /// Signs receipts, settings and enrolments.
    pub key: Key,
}
