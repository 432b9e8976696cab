//! Formats times relative to now, which is an argument.

use crate::report::{duration, minute};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Formats how long ago a time was; beyond two days the time itself.
pub(in crate::commands) fn ago(at: i64, now: i64) -> String {
    match now.saturating_sub(at) {
        past if past < MINUTE => "just now".to_owned(),
        past if past < 48 * HOUR => format!("{} ago", duration(past)),
        _ => minute(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::day;

    #[test]
    fn what_is_long_ago_is_told_by_its_minute() {
        let now = 1_795_504_620_000;
        for (past, expected) in [
            (-5, "just now"),
            (59_999, "just now"),
            (MINUTE, "1 minute ago"),
            (59 * MINUTE, "59 minutes ago"),
            (HOUR, "1 hour ago"),
            (47 * HOUR, "47 hours ago"),
            (48 * HOUR, "2026-11-22 07:17 UTC"),
        ] {
            assert_eq!(ago(now - past, now), expected);
        }
        assert_eq!(day(now), "2026-11-24");
        assert_eq!(minute(i64::MAX), "", "no moment at all");
    }
}
