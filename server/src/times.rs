//! Beijing time, the legal time of the whole country, for the operator's eyes.

use std::time::Duration;

use suishou_core::time::Timestamp;

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

const OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// `2026-01-31 08:30:59` in Beijing time.
pub fn beijing_to_the_second(time: Timestamp) -> String {
    let text = Timestamp::from_millis(time.millis().saturating_add(OFFSET_MS)).to_rfc3339();
    text.chars().take("2026-01-31T08:30:59".len()).collect::<String>().replace('T', " ")
}

/// The day in Beijing, counted from 1970-01-01.
pub fn day(time: Timestamp) -> i64 {
    time.millis().saturating_add(OFFSET_MS).div_euclid(DAY_MS)
}

/// When a day begins in Beijing.
pub fn beginning_of(day: i64) -> Timestamp {
    Timestamp::from_millis(day.saturating_mul(DAY_MS).saturating_sub(OFFSET_MS))
}

/// `2026-01-31`.
pub fn date(day: i64) -> String {
    beijing(beginning_of(day)).chars().take("2026-01-31".len()).collect()
}

/// The Monday of a day's week.
pub fn monday(day: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    day - (day + 3).rem_euclid(7)
}

/// The time that `text` says: a moment, or a day in Beijing. Where a day stands for an end it is over then.
pub fn moment(text: &str, is_end: bool) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    if text.len() == "2026-01-31".len() {
        let first: Timestamp = format!("{text}T00:00+08:00").parse().ok()?;
        return Some(if is_end { first.after(Duration::from_hours(24)) } else { first });
    }
    format!("{text}+08:00").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_ends_are_those_of_beijing() {
        let late: Timestamp = "2026-01-31T16:00:00Z".parse().unwrap();
        assert_eq!(date(day(late)), "2026-02-01");
        assert_eq!(date(monday(day(late))), "2026-01-26");
        assert_eq!(beginning_of(day(late)), late);
        assert_eq!(beijing_to_the_second("2026-01-31T20:30:59Z".parse().unwrap()), "2026-02-01 04:30:59");
        assert_eq!(moment("2026-01-31", true), Some(late));
        assert_eq!(moment("2026-02-01", false), Some(late));
        assert_eq!(moment("2026-02-01T00:00", false), Some(late));
        assert_eq!(moment("2026-02-30", false), None);
        assert_eq!(moment("soon", false), None);
    }

    #[test]
    fn operators_read_beijing_time() {
        assert_eq!(beijing("2026-01-31T20:30:59Z".parse().unwrap()), "2026-02-01 04:30");
    }
}
