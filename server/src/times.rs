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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_read_beijing_time() {
        assert_eq!(beijing("2026-01-31T20:30:59Z".parse().unwrap()), "2026-02-01 04:30");
    }
}
