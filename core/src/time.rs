//! Time and chance, both passed in: core reads no clock and no entropy of its own accord.
//!
//! Wall times are claims. Nothing is ordered by them; they are shown, with their skew.

use std::{fmt, ops::RangeInclusive, str::FromStr, sync::Arc, time::Duration};

use minicbor::{Decode, Encode};
use rand::{Rng, SeedableRng, rngs::ChaCha20Rng};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::Error;

/// Milliseconds since 1970-01-01 UTC, as somebody's clock claimed.
///
/// In JSON it is RFC 3339 in UTC; a claim beyond the years that this can write stays a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] i64);

impl Timestamp {
    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// In milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Later by `duration`, at most the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if a clock went backwards.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// As RFC 3339 in UTC with milliseconds, for logs and JSON beside the number.
    pub fn to_rfc3339(self) -> String {
        let (date, time) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(date);
        let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1_000 % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time % 1_000)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// 1970 to 9999.
const WRITABLE: RangeInclusive<i64> = 0..=253_402_300_799_999;

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if WRITABLE.contains(&self.0) {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Millis(i64),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => text.parse().map_err(de::Error::custom),
            Form::Millis(millis) => Ok(Self(millis)),
        }
    }
}

/// Reads `2026-01-31T08:30[:00[.5]]` with `Z` or an offset such as `+08:00` behind it.
impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text.trim()).ok_or_else(|| Error::malformed("a time"))
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (time, offset_s) = split_offset(rest)?;
    let mut date = date.splitn(3, '-');
    let (year, month) = (number(date.next()?, 1970..=9999)?, number(date.next()?, 1..=12)?);
    let day = number(date.next()?, 1..=days_in(year, month))?;
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (number(time.next()?, 0..=23)?, number(time.next()?, 0..=59)?);
    let (second, fraction) =
        time.next().map_or(("0", "0"), |second| second.split_once('.').unwrap_or((second, "0")));
    let millis = number(&format!("{fraction:0<3}").chars().take(3).collect::<String>(), 0..=999)?;
    let seconds = hour * 3_600 + minute * 60 + number(second, 0..=59)? - offset_s;
    Some(Timestamp::from_millis((days(year, month, day) * 86_400 + seconds) * 1_000 + millis))
}

fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let (time, offset) = time.split_at_checked(time.rfind(['+', '-'])?)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let seconds = number(hours, 0..=23)? * 3_600 + number(minutes, 0..=59)? * 60;
    Some((time, if offset.starts_with('-') { -seconds } else { seconds }))
}

fn number(digits: &str, range: RangeInclusive<i64>) -> Option<i64> {
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_plain && range.contains(number))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let leap_days = |year: i64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    years + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1
}

/// What tells the time: the phone's clock, the relay's, or a test's.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The wall time now, a claim.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine this runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::default().after(since_1970.unwrap_or_default())
    }
}

/// A clock that many parts share.
pub type SharedClock = Arc<dyn Clock>;

/// Chance: seeded by the operating system on a device, by a number in a test.
pub struct Random(ChaCha20Rng);

impl Random {
    /// From the operating system's entropy.
    ///
    /// # Panics
    ///
    /// If the operating system gives none.
    #[expect(clippy::expect_used, reason = "without entropy no key may be made")]
    pub fn system() -> Self {
        let mut seed = [0; 32];
        rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
            .expect("the operating system gives entropy");
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// The same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// For code that wants a generator of its own.
    pub(crate) fn generator(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }

    /// A number below `bound`, or 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

/// Days since 1970 to a civil date (Howard Hinnant's `civil_from_days`, proleptic Gregorian).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc3339() {
        assert_eq!(Timestamp::from_millis(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(1_709_164_800_123).to_rfc3339(), "2024-02-29T00:00:00.123Z");
        assert_eq!(Timestamp::from_millis(-1).to_rfc3339(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn times_read_back_as_they_were_written() {
        for millis in [0, 951_826_154_321, 1_709_164_800_123, 4_102_444_799_999, -5, i64::MAX, i64::MIN] {
            let time = Timestamp::from_millis(millis);
            let json = serde_json::to_string(&time).unwrap();
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time, "{json}");
        }
        let same = ["2026-01-31T08:30+08:00", "2026-01-31T00:30:00Z", "2026-01-30 19:00:00.0-05:30"];
        let read_all: Vec<Timestamp> = same.iter().map(|text| text.parse().unwrap()).collect();
        assert!(read_all.iter().all(|time| *time == read_all[0]), "{read_all:?}");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2026",
            "2026-02-29T00:00Z",
            "2026-01-01T24:00Z",
            "2026-01-01T00:00",
            "2026-01-01T00:00:00.xZ",
            "2026-1-1T+1:00Z",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_clock_that_jumps_back_never_gives_a_negative_duration() {
        let (early, late) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.since(early), Duration::from_millis(4));
        assert_eq!(Timestamp::from_millis(i64::MAX).after(Duration::from_secs(1)).millis(), i64::MAX);
    }
}
