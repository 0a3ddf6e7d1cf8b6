//! Guessing is made slow: after some wrong passwords for a name, or from an address, nobody may try for a
//! while that doubles. Whether the name exists makes no difference, so the answer tells nothing.
//!
//! An attempt is counted before the password is looked at, so a hundred at once are a hundred; success
//! clears. Kept in memory: whoever can restart the relay need not guess.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use suishou_core::time::Timestamp;

use super::LoginError;

/// Wrong passwords for one name before the first delay.
pub(super) const TRIES_OF_NAME: u32 = 5;
/// From one address: behind a tunnel everybody has the same.
pub(super) const TRIES_OF_ADDRESS: u32 = 20;
/// The first delay.
const FIRST_DELAY: Duration = Duration::from_secs(30);
/// The longest.
const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// Wrong passwords are forgotten so long after the last.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
/// Most names and addresses remembered.
const MAX_REMEMBERED: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// The hash of a name: what was typed may have been the password.
    Name([u8; 32]),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    count: u32,
    last_at: Timestamp,
    free_at: Timestamp,
}

/// Wrong passwords by name and by address.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<BTreeMap<Whose, Tries>>);

impl Throttle {
    /// Counts an attempt, or says how long to wait.
    pub(super) fn begin(&self, name: &str, from: Option<IpAddr>, now: Timestamp) -> Result<(), LoginError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(name, from);
        let free_at = keys.iter().filter_map(|(key, _)| known.get(key)).map(|tries| tries.free_at).max();
        if let Some(free_at) = free_at.filter(|free_at| *free_at > now) {
            let seconds = free_at.since(now).as_secs().saturating_add(1);
            return Err(LoginError::TryLater { seconds });
        }
        if known.len() >= MAX_REMEMBERED {
            make_room(&mut known, now);
        }
        for (key, limit) in keys {
            let tries = known.entry(key).or_insert(Tries { count: 0, last_at: now, free_at: now });
            if now.since(tries.last_at) > FORGOTTEN_AFTER {
                tries.count = 0;
            }
            tries.count = tries.count.saturating_add(1);
            tries.last_at = now;
            if let Some(beyond) = tries.count.checked_sub(limit) {
                let delay = FIRST_DELAY.saturating_mul(1 << beyond.min(10)).min(LONGEST_DELAY);
                tries.free_at = now.after(delay);
            }
        }
        Ok(())
    }

    /// The password was right.
    pub(super) fn succeed(&self, name: &str, from: Option<IpAddr>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in keys(name, from) {
            known.remove(&key);
        }
    }
}

fn keys(name: &str, from: Option<IpAddr>) -> Vec<(Whose, u32)> {
    let name = blake3::derive_key("suishou 2026 login name", name.as_bytes());
    let address = from.map(|address| (Whose::Address(network(address)), TRIES_OF_ADDRESS));
    [(Whose::Name(name), TRIES_OF_NAME)].into_iter().chain(address).collect()
}

/// A line has one IPv4 address, but a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

/// Forgets what is old; if nothing is, whoever is free soonest.
fn make_room(known: &mut BTreeMap<Whose, Tries>, now: Timestamp) {
    known.retain(|_, tries| tries.free_at > now || now.since(tries.last_at) <= FORGOTTEN_AFTER);
    if known.len() >= MAX_REMEMBERED {
        let soonest = known.iter().min_by_key(|(_, tries)| (tries.free_at, tries.last_at));
        if let Some(key) = soonest.map(|(key, _)| key.clone()) {
            known.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7)));

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000).after(Duration::from_secs(seconds))
    }

    fn wait(throttle: &Throttle, name: &str, from: Option<IpAddr>, now: Timestamp) -> Option<u64> {
        match throttle.begin(name, from, now) {
            Err(LoginError::TryLater { seconds }) => Some(seconds),
            _ => None,
        }
    }

    #[test]
    fn the_delay_begins_after_five_doubles_and_ends_at_a_quarter_of_an_hour() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            assert_eq!(wait(&throttle, "wang", None, at(0)), None);
        }
        assert_eq!(wait(&throttle, "wang", None, at(0)), Some(31));
        assert_eq!(wait(&throttle, "other", None, at(0)), None, "another name is free");
        let mut now = 0;
        for expected in [30, 60, 120, 240, 480, 900, 900] {
            assert!(wait(&throttle, "wang", None, at(now + expected - 1)).is_some());
            now += expected;
            assert_eq!(wait(&throttle, "wang", None, at(now)), None, "free after {expected} s");
        }
    }

    #[test]
    fn success_clears_and_old_attempts_are_forgotten() {
        let throttle = Throttle::default();
        for _ in 0..4 {
            assert_eq!(wait(&throttle, "wang", HERE, at(0)), None);
        }
        throttle.succeed("wang", HERE);
        for _ in 0..4 {
            assert_eq!(wait(&throttle, "wang", HERE, at(0)), None);
        }
        for _ in 0..4 {
            assert_eq!(wait(&throttle, "wang", HERE, at(3_601)), None, "the first four are forgotten");
        }
        assert_eq!(wait(&throttle, "wang", HERE, at(3_601)), None);
        assert!(wait(&throttle, "wang", HERE, at(3_601)).is_some());
    }

    #[test]
    fn one_address_with_many_names_is_slowed_down_too() {
        let throttle = Throttle::default();
        for name in 0..TRIES_OF_ADDRESS {
            assert_eq!(wait(&throttle, &name.to_string(), HERE, at(0)), None);
        }
        assert!(wait(&throttle, "wang", HERE, at(0)).is_some());
        assert_eq!(wait(&throttle, "wang", "10.0.0.8".parse().ok(), at(0)), None);
        let six = |last: u16| Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last)));
        for name in 0..TRIES_OF_ADDRESS {
            assert_eq!(wait(&throttle, &format!("six {name}"), six(1), at(0)), None);
        }
        assert!(wait(&throttle, "wang 6", six(2), at(0)).is_some(), "a /64 is one line");
    }

    #[test]
    fn memory_is_bounded_whatever_names_are_tried() {
        let throttle = Throttle::default();
        for name in 0..MAX_REMEMBERED + 50 {
            assert_eq!(wait(&throttle, &name.to_string(), None, at(0)), None);
        }
        assert!(throttle.0.lock().unwrap().len() <= MAX_REMEMBERED);
    }
}
