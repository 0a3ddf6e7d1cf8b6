//! Times as text: RFC 3339 on `/api`, and Beijing time, the legal time of the whole country, for the
//! operator's eyes.

use std::{ops::RangeInclusive, time::Duration};

use suishou_core::{
    error::{Error, Problem, Result},
    time::Timestamp,
};

/// Reads `2026-01-31T08:30[:00[.5]]` with `Z` or an offset such as `+08:00` behind it.
pub fn read(text: &str) -> Result<Timestamp> {
    parse(text.trim()).ok_or_else(|| Error::invalid(Problem::Malformed("a time")))
}

/// `2026-01-31 08:30` in Beijing time.
pub fn beijing(time: Timestamp) -> String {
    const OFFSET: Duration = Duration::from_hours(8);
    time.after(OFFSET)
        .to_rfc3339()
        .chars()
        .take("2026-01-31T08:30".len())
        .collect::<String>()
        .replace('T', " ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_as_they_were_written() {
        for millis in [0, 951_826_154_321, 1_709_164_800_123, 1_763_800_000_000, 4_102_444_799_999] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(read(&time.to_rfc3339()).unwrap(), time);
        }
        let same = ["2026-01-31T08:30+08:00", "2026-01-31T00:30:00Z", "2026-01-30 19:00:00.0-05:30"];
        let read_all: Vec<_> = same.iter().map(|text| read(text).unwrap()).collect();
        assert!(read_all.iter().all(|time| *time == read_all[0]), "{read_all:?}");
    }

    #[test]
    fn operators_read_beijing_time() {
        assert_eq!(beijing(read("2026-01-31T20:30:59Z").unwrap()), "2026-02-01 04:30");
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
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
