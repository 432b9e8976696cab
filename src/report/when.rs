//! Moments as people read them.

use jiff::Timestamp;

/// A moment in epoch milliseconds: `2026-11-24 16:30 UTC`; empty where it is none.
pub fn minute(moment: i64) -> String {
    written(moment, "%F %H:%M UTC")
}

/// The day of a moment in epoch milliseconds, in UTC: `2026-11-24`. Such texts sort as days do.
pub fn day(moment: i64) -> String {
    written(moment, "%F")
}

fn written(moment: i64, form: &str) -> String {
    Timestamp::from_millisecond(moment)
        .map(|moment| moment.strftime(form).to_string())
        .unwrap_or_default()
}
