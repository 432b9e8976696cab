//! Formats times.

use super::words::counted;
use jiff::Timestamp;

/// Formats a time in epoch milliseconds: `2026-11-24 16:30 UTC`; empty for an invalid one.
pub fn minute(moment: i64) -> String {
    written(moment, "%F %H:%M UTC")
}

/// Formats a time in epoch milliseconds in RFC 3339: `2026-11-24T16:30:00Z`.
pub fn instant(moment: i64) -> String {
    written(moment, "%FT%TZ")
}

/// Parses a time in RFC 3339, or a day, which begins in UTC; in epoch milliseconds.
pub fn moment(text: &str) -> Option<i64> {
    let is_day = text.parse::<jiff::civil::Date>().is_ok() && text.len() == "2026-11-24".len();
    let start = is_day.then(|| format!("{text}T00:00:00Z"));
    let moment: Timestamp = start.as_deref().unwrap_or(text).parse().ok()?;
    Some(moment.as_millisecond())
}

/// Formats a time in RFC 3339 as `minute` does; `None` for another text.
pub(super) fn minute_of(text: &str) -> Option<String> {
    let moment: Timestamp = text.parse().ok()?;
    Some(minute(moment.as_millisecond()))
}

/// Formats the day of a time in epoch milliseconds, in UTC: `2026-11-24`. Such texts sort as days do.
pub fn day(moment: i64) -> String {
    written(moment, "%F")
}

/// Formats the time of day of a time in epoch milliseconds, in UTC: `16:30`.
pub(super) fn time_of_day(moment: i64) -> String {
    written(moment, "%H:%M")
}

/// Formats a time in milliseconds in its largest unit: `3 days`, `5 hours`, `12 minutes`. Days begin with the second one.
pub fn duration(milliseconds: i64) -> String {
    let minutes = usize::try_from(milliseconds / 60_000).unwrap_or_default();
    match minutes {
        0..60 => counted(minutes, "minute"),
        60..2_880 => counted(minutes / 60, "hour"),
        _ => counted(minutes / 1_440, "day"),
    }
}

fn written(moment: i64, form: &str) -> String {
    Timestamp::from_millisecond(moment)
        .map(|moment| moment.strftime(form).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_in_its_largest_unit() {
        let minute = 60_000;
        for (milliseconds, text) in [
            (-1, "0 minutes"),
            (59_999, "0 minutes"),
            (minute, "1 minute"),
            (90 * minute, "1 hour"),
            (47 * 60 * minute, "47 hours"),
            (49 * 60 * minute, "2 days"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
    }
}
