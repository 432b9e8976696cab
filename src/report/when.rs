//! Formats times.

use jiff::Timestamp;

/// Formats a time in epoch milliseconds: `2026-11-24 16:30 UTC`; empty for an invalid one.
pub fn minute(moment: i64) -> String {
    written(moment, "%F %H:%M UTC")
}

/// Formats the day of a time in epoch milliseconds, in UTC: `2026-11-24`. Such texts sort as days do.
pub fn day(moment: i64) -> String {
    written(moment, "%F")
}

/// Formats the time of day of a time in epoch milliseconds, in UTC: `16:30`.
pub fn time_of_day(moment: i64) -> String {
    written(moment, "%H:%M")
}

fn written(moment: i64, form: &str) -> String {
    Timestamp::from_millisecond(moment)
        .map(|moment| moment.strftime(form).to_string())
        .unwrap_or_default()
}
