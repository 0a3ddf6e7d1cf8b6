//! How much one device may send, and how often one address may guess at codes: one phone that runs wild must not keep
//! the others waiting.
//!
//! A phone that is over its limit keeps everything and comes back: nothing of it is lost. One page of entries is always
//! taken before a device is over: a low limit slows a phone down and never locks it out.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use suishou_core::{
    id::{DeviceId, Pin},
    time::Timestamp,
};

use super::{
    Relay,
    engine::Work,
    error::{RelayError, Result},
    push::Checked,
    shared::Shared,
};
pub use crate::config::Quotas;
use crate::db::{self, Connection, device::Device, quota::Used};

const HOUR_MS: i64 = 3_600_000;
/// Wrong codes that one address may come with in [`GUESSING_MS`].
const MAX_GUESSES: u32 = 20;
const GUESSING_MS: i64 = 10 * 60 * 1_000;
/// Most addresses that are remembered; codes have so many bits that forgetting the others does no harm.
const MAX_ADDRESSES: usize = 4_096;

/// On what terms phones are served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// How much one device may send.
    pub quotas: Quotas,
    /// Of the certificate that phones see; none for plain HTTP on loopback.
    pub pin: Option<Pin>,
}

/// Limits, and who is at them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QuotaShown {
    /// What one device may send.
    #[serde(flatten)]
    pub quotas: Quotas,
    /// Requests that were put off since the start.
    pub refused: u64,
    /// Devices that have to wait now; none for who does not keep house.
    pub waiting: Option<Vec<DeviceId>>,
}

/// How much a device sent of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct UsedShown {
    /// Entries in this hour.
    pub entries_hour: u64,
    /// Entries in the last 24 hours.
    pub entries_day: u64,
    /// Bytes of attachments in the last 24 hours.
    pub attachment_bytes_day: u64,
}

impl From<Used> for UsedShown {
    fn from(used: Used) -> Self {
        Self {
            entries_hour: used.entries_hour,
            entries_day: used.entries_day,
            attachment_bytes_day: used.blob_bytes_day,
        }
    }
}

fn has_room_for_entries(quotas: Quotas, used: Used) -> bool {
    used.entries_hour < quotas.entries_per_hour && used.entries_day < quotas.entries_per_day
}

fn has_room_for_blobs(quotas: Quotas, used: Used) -> bool {
    used.blob_bytes_day < quotas.attachment_bytes_per_day
}

pub(super) fn hour(at: Timestamp) -> i64 {
    at.millis().div_euclid(HOUR_MS)
}

/// Until the next hour of the count begins, in seconds.
fn until_next_hour(at: Timestamp) -> u64 {
    let left_ms = HOUR_MS - at.millis().rem_euclid(HOUR_MS);
    u64::try_from(left_ms / 1_000 + 1).unwrap_or(1)
}

/// Whether a device may push now.
pub(super) fn admit_push(connection: &Connection, shared: &Shared, checked: &Checked) -> Result<()> {
    if checked.is_pull() {
        return Ok(());
    }
    let now = shared.clock.now();
    let used = db::quota::of(connection, checked.device().row, hour(now))?;
    if has_room_for_entries(shared.terms().quotas, used) {
        Ok(())
    } else {
        Err(put_off(shared, checked.device(), now))
    }
}

/// Whether a device may send bytes of an attachment now.
pub(super) fn admit_blob(connection: &Connection, shared: &Shared, device: &Device) -> Result<()> {
    let now = shared.clock.now();
    let used = db::quota::of(connection, device.row, hour(now))?;
    if has_room_for_blobs(shared.terms().quotas, used) { Ok(()) } else { Err(put_off(shared, device, now)) }
}

/// A device has to come back later.
pub(super) fn put_off(shared: &Shared, device: &Device, now: Timestamp) -> RelayError {
    shared.guesses.refused();
    tracing::warn!(device = %device.device, "a device has sent as much as it may for now");
    RelayError::Quota { retry_after_s: until_next_hour(now) }
}

impl Work<'_> {
    /// Counts what a device sent.
    pub(super) fn count_use(&mut self, device: i64, entries: usize, blob_bytes: u64) -> Result<()> {
        let (hour, entries) = (hour(self.now), entries as u64);
        Ok(db::quota::add(self.transaction, device, hour, entries, blob_bytes)?)
    }
}

impl Relay {
    /// From now on phones are served on these terms.
    pub fn set_terms(&self, terms: Terms) {
        self.inner.shared.set_terms(terms);
    }
}

/// Limits, and who is at them.
pub(super) fn shown(connection: &Connection, shared: &Shared) -> Result<QuotaShown> {
    let quotas = shared.terms().quotas;
    let all = db::quota::all(connection, hour(shared.clock.now()))?;
    let is_waiting = |used: Used| !has_room_for_entries(quotas, used) || !has_room_for_blobs(quotas, used);
    let waiting = all.into_iter().filter(|(_, used)| is_waiting(*used)).map(|(device, _)| device);
    Ok(QuotaShown { quotas, refused: shared.guesses.count(), waiting: Some(waiting.collect()) })
}

/// Who came with wrong codes of late, and how often somebody was put off.
#[derive(Debug, Default)]
pub struct Guesses {
    wrong: Mutex<BTreeMap<Option<IpAddr>, (Timestamp, u32)>>,
    refused: std::sync::atomic::AtomicU64,
}

impl Guesses {
    fn refused(&self) {
        self.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.refused.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Refuses an address that came with too many wrong codes, right ones too: else guessing would only be slower.
    pub fn admit(&self, address: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((since, count)) = wrong.get(&address.map(network)) else { return Ok(()) };
        let left_ms = since.millis().saturating_add(GUESSING_MS).saturating_sub(now.millis());
        if *count < MAX_GUESSES || left_ms <= 0 || left_ms > GUESSING_MS {
            return Ok(());
        }
        drop(wrong);
        self.refused();
        Err(RelayError::Quota { retry_after_s: u64::try_from(left_ms / 1_000 + 1).unwrap_or(1) })
    }

    /// Counts what became of a code.
    pub fn note<T>(&self, address: Option<IpAddr>, now: Timestamp, tried: &Result<T>) {
        if !matches!(tried, Err(RelayError::BadEnrolCode)) {
            return;
        }
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |since: &Timestamp| now.millis().saturating_sub(since.millis()) >= GUESSING_MS;
        if wrong.len() >= MAX_ADDRESSES {
            wrong.retain(|_, (since, _)| !is_old(since));
        }
        if wrong.len() >= MAX_ADDRESSES {
            wrong.clear();
        }
        let entry = wrong.entry(address.map(network)).or_insert((now, 0));
        if is_old(&entry.0) {
            *entry = (now, 0);
        }
        entry.1 += 1;
    }
}

/// A line has one IPv4 address, but a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(std::net::Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn an_address_that_guesses_waits_and_others_do_not() {
        let guesses = Guesses::default();
        let one: IpAddr = "10.0.0.1".parse().unwrap();
        let wrong: Result<()> = Err(RelayError::BadEnrolCode);
        for number in 0..MAX_GUESSES {
            guesses.admit(Some(one), at(i64::from(number))).unwrap();
            guesses.note(Some(one), at(i64::from(number)), &wrong);
            // A code that is right, used or out of date is no guess.
            guesses.note(Some(one), at(0), &Ok(()));
            guesses.note::<()>(Some(one), at(0), &Err(RelayError::EnrolCodeUsed));
        }
        let refused = guesses.admit(Some(one), at(30)).unwrap_err();
        assert!(matches!(refused, RelayError::Quota { retry_after_s: 571 }), "{refused:?}");
        guesses.admit(Some("10.0.0.2".parse().unwrap()), at(30)).unwrap();
        guesses.admit(None, at(30)).unwrap();
        guesses.admit(Some(one), at(600)).unwrap();
        guesses.note(Some(one), at(600), &wrong);
        guesses.admit(Some(one), at(601)).unwrap();
        assert_eq!(guesses.count(), 1);
    }

    #[test]
    fn one_line_of_many_addresses_counts_as_one_and_memory_is_bounded() {
        let guesses = Guesses::default();
        let wrong: Result<()> = Err(RelayError::BadEnrolCode);
        for number in 0..MAX_GUESSES {
            guesses.note(Some(format!("fd00::{number:x}").parse().unwrap()), at(0), &wrong);
        }
        assert!(guesses.admit(Some("fd00::ffff".parse().unwrap()), at(1)).is_err());
        for number in 0..10_000_u32 {
            guesses.note(Some(std::net::Ipv4Addr::from(number).into()), at(2), &wrong);
        }
        assert!(guesses.wrong.lock().unwrap().len() <= MAX_ADDRESSES);
    }

    #[test]
    fn who_waits_is_told_until_the_next_hour() {
        assert_eq!(until_next_hour(at(0)), 3_601);
        assert_eq!(until_next_hour(at(3_599)), 2);
    }
}
