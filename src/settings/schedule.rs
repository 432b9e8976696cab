//! Computes when a stack is scanned. Pure: the time is an argument.

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::Deserialize;
use std::fmt;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The longest delay of a scan, so that stacks with the same expression do not all start at once.
const JITTER: i64 = 5 * MINUTE;

/// The schedule of a stack. The default is daily, at a minute of the stack's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Schedule(ScheduleKind);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum ScheduleKind {
    #[default]
    Daily,
    Off,
    Cron(Box<Cron>),
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl fmt::Display for Schedule {
    /// Writes the schedule as in the file; nothing for the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ScheduleKind::Daily => Ok(()),
            ScheduleKind::Off => f.write_str("off"),
            ScheduleKind::Cron(cron) => f.write_str(cron.as_str()),
        }
    }
}

impl Schedule {
    /// Parses `off`, or a cron expression of five fields in UTC.
    ///
    /// # Errors
    /// The mistake, and the correct form.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(Self(ScheduleKind::Off));
        }
        let wrong = |why: &str| {
            format!(
                "`schedule`: `{text}` is no schedule: {why}; write five fields in UTC, such as `17 * * * *`, or `off`"
            )
        };
        if text.split_whitespace().count() != 5 {
            return Err(wrong("it has not five fields"));
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(text)
            .map_err(|error| wrong(&error.to_string()))?;
        if following(&cron, 0).is_none() {
            return Err(wrong("there is no such day"));
        }
        Ok(Self(ScheduleKind::Cron(Box::new(cron))))
    }

    /// Returns the first scan after a time in epoch milliseconds; `None` where the schedule is off. A stack's `seed`
    /// delays all its scans by the same time: at most five minutes, and at most a tenth of the interval. So the answer
    /// is the same at any time between two scans.
    pub fn next(&self, after: i64, seed: u64) -> Option<i64> {
        match &self.0 {
            ScheduleKind::Off => None,
            ScheduleKind::Daily => {
                let minute = i64::try_from(seed % 1440).ok()?;
                let today = after
                    .div_euclid(DAY)
                    .checked_mul(DAY)?
                    .checked_add(minute * MINUTE)?;
                if today > after {
                    return Some(today);
                }
                today.checked_add(DAY)
            }
            ScheduleKind::Cron(cron) => {
                // A slot that has begun may have its scan still ahead.
                let mut slot = following(cron, after.checked_sub(JITTER + 1)?)?;
                loop {
                    let next = following(cron, slot);
                    let scan = slot + next.map_or(0, |next| jitter(next - slot, seed));
                    if scan > after {
                        return Some(scan);
                    }
                    slot = next?;
                }
            }
        }
    }
}

/// Returns the first slot after a time.
fn following(cron: &Cron, after: i64) -> Option<i64> {
    let after: DateTime<Utc> = DateTime::from_timestamp_millis(after)?;
    let slot = cron.find_next_occurrence(&after, false).ok()?;
    // It keeps what is below a second of the moment that was asked about.
    Some(slot.timestamp() * 1_000)
}

fn jitter(gap: i64, seed: u64) -> i64 {
    let most = (gap / 10).clamp(0, JITTER);
    let most = u64::try_from(most).unwrap_or_default();
    i64::try_from(seed % (most + 1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn the_next_slot_is_strictly_after() {
        for (expression, after, next) in [
            (
                "17 * * * *",
                "2026-11-24T07:16:59.999Z",
                "2026-11-24T07:17:00Z",
            ),
            ("17 * * * *", "2026-11-24T07:17:00Z", "2026-11-24T08:17:00Z"),
            (
                "17 * * * *",
                "2026-11-24T07:17:00.500Z",
                "2026-11-24T08:17:00Z",
            ),
            ("* * * * *", "2026-11-24T23:59:59Z", "2026-11-25T00:00:00Z"),
            (
                "*/15 9-17 * * 1-5",
                "2026-11-27T17:45:00Z",
                "2026-11-30T09:00:00Z",
            ),
            (
                "0 3 * * SUN",
                "2026-11-24T00:00:00Z",
                "2026-11-29T03:00:00Z",
            ),
            ("0 0 29 2 *", "2026-11-24T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
            ("0 0 31 * *", "2026-11-24T00:00:00Z", "2026-12-31T00:00:00Z"),
            // Where clocks change, nothing happens: it is UTC.
            ("30 2 * * *", "2027-03-28T00:00:00Z", "2027-03-28T02:30:00Z"),
            ("30 1 * * *", "2027-10-31T01:30:00Z", "2027-11-01T01:30:00Z"),
        ] {
            let schedule = Schedule::parse(expression).unwrap();
            assert_eq!(
                schedule.next(at(after), 0),
                Some(at(next)),
                "{expression} {after}"
            );
        }
    }

    #[test]
    fn without_an_expression_it_is_daily_at_a_minute_of_its_own() {
        let daily = Schedule::default();
        let noon = at("2026-11-24T12:00:00Z");
        assert_eq!(daily.next(noon, 0), Some(at("2026-11-25T00:00:00Z")));
        assert_eq!(daily.next(noon, 720), Some(at("2026-11-25T12:00:00Z")));
        assert_eq!(
            daily.next(noon, 1440 + 721),
            Some(at("2026-11-24T12:01:00Z"))
        );
        assert_eq!(daily.next(-1, 0), Some(0));
    }

    #[test]
    fn off_is_never() {
        assert_eq!(Schedule::parse("off").unwrap().next(0, 7), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "daily",
            "@daily",
            "* * * *",
            "0 17 * * * *",
            "60 * * * *",
            "17 24 * * *",
            "x * * * *",
            "0 0 30 2 *",
            "0 0 31 4,6,9,11 *",
            "*/0 * * * *",
            "5-1 * * * *",
        ] {
            let error = Schedule::parse(text).unwrap_err();
            assert!(
                error.contains("`schedule`") && error.contains("17 * * * *"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_scan_of_a_slot_that_has_begun_is_still_ahead() {
        let schedule = Schedule::parse("0 * * * *").unwrap();
        let slot = at("2026-11-24T07:00:00Z");
        let seed = 200_000;
        let scan = slot + 200_000;
        assert_eq!(schedule.next(slot - 1, seed), Some(scan));
        assert_eq!(schedule.next(slot + 199_999, seed), Some(scan));
        assert_eq!(schedule.next(scan, seed), Some(scan + 60 * MINUTE));
    }

    fn expression() -> impl Strategy<Value = String> {
        (
            "(\\*|\\*/[1-9]|[1-5]?[0-9])",
            "(\\*|\\*/[1-9]|1?[0-9])",
            "(\\*|[1-9]|1[0-9]|2[0-8])",
            "(\\*|[1-9])",
            "(\\*|[0-6])",
        )
            .prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}"))
    }

    proptest! {
        #[test]
        fn scans_go_on_and_stay_close_to_their_slots(
            expression in expression(),
            start in 1_700_000_000_000_i64..1_900_000_000_000,
            seed in any::<u64>(),
        ) {
            let schedule = Schedule::parse(&expression).unwrap();
            let bare = |after| schedule.next(after, 0).unwrap();
            let mut now = start;
            for _ in 0..10 {
                let scan = schedule.next(now, seed).unwrap();
                prop_assert!(scan > now);
                let slot = bare(scan - JITTER - 1);
                let slot = std::iter::successors(Some(slot), |slot| Some(bare(*slot)))
                    .take_while(|slot| *slot <= scan)
                    .last()
                    .unwrap();
                prop_assert!(scan - slot <= JITTER.min((bare(slot) - slot) / 10));
                let between = now + (scan - now) / 2;
                prop_assert_eq!(schedule.next(between, seed), Some(scan), "asked again, told the same");
                now = scan;
            }
        }

        #[test]
        fn a_day_has_one_scan_by_default(start in any::<i32>(), seed in any::<u64>()) {
            let daily = Schedule::default();
            let first = daily.next(i64::from(start) * 1_000, seed).unwrap();
            prop_assert_eq!(daily.next(first, seed), Some(first + DAY));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-0-9a-zA-Z*/,#?@+ L]{0,20}", after in any::<i64>(), seed in any::<u64>()) {
            if let Ok(schedule) = Schedule::parse(&text) {
                schedule.next(after, seed);
            }
        }
    }
}
