//! Moments as people read them.

use jiff::Timestamp;

/// A moment in epoch milliseconds: `2026-11-24 16:30 UTC`.
pub fn minute(moment: i64) -> String {
    let moment = Timestamp::from_millisecond(moment).unwrap_or_default();
    moment.strftime("%F %H:%M UTC").to_string()
}
