//! `/driftguard snooze FINDING DURATION`

use super::parsing::{decide, expect_end, first_word, names, open_finding};
use super::{Answer, Command, CommandContext};
use crate::model::Choice;
use crate::report::{code, excerpt, minute};

/// `/driftguard snooze FINDING DURATION`
///
/// Leaves a finding out of pull requests for a while. DURATION is a number of hours, days or weeks, as in `12h`, `3d`
/// or `2w`, at most 90 days. There is no unit for minutes: people read `m` as months.
pub(super) const COMMAND: Command = Command {
    name: "snooze",
    usage: "snooze FINDING DURATION",
    help: "Leaves a finding out of pull requests for a time (`12h`, `3d`, `2w`; at most `90d`).",
    run,
};

const HOUR: i64 = 3_600_000;
const MAX_SNOOZE: i64 = 90 * 24 * HOUR;

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let (selected, rest) = open_finding(arguments, context, &COMMAND)?;
    let (duration, rest) = first_word(rest);
    let length = length(duration.trim_matches('`'))?;
    expect_end(rest, COMMAND.usage)?;
    let until = context.now.saturating_add(length);
    let reply = format!(
        "{}: snoozed until {}. No pull request includes it before then.",
        names(&selected),
        minute(until)
    );
    Ok(Answer::new(
        reply,
        decide(&selected, context, &Choice::Snooze { until }),
    ))
}

/// Parses a duration, in milliseconds.
fn length(duration: &str) -> Result<i64, String> {
    let wrong = || {
        let shown = excerpt(duration, 40);
        let wrong = match shown.is_empty() {
            true => "How long?".to_owned(),
            false => format!("{} is no time to rest.", code(&shown)),
        };
        format!(
            "{wrong} Write {}, {} or {}; at most {}.",
            code("12h"),
            code("3d"),
            code("2w"),
            code("90d")
        )
    };
    let digits = duration.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match duration[digits.len()..].to_ascii_lowercase().as_str() {
        "h" => HOUR,
        "d" => 24 * HOUR,
        "w" => 7 * 24 * HOUR,
        _ => return Err(wrong()),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let count: i64 = digits.parse().map_err(|_| wrong())?;
    match count.checked_mul(unit) {
        Some(length) if (1..=MAX_SNOOZE).contains(&length) => Ok(length),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::parsing::fixtures;

    #[test]
    fn a_finding_rests_for_hours_days_or_weeks() {
        let stacks = fixtures::stacks();
        for (duration, hours) in [
            ("12h", 12),
            ("3d", 72),
            ("2w", 336),
            ("90D", 2160),
            ("`1h`", 1),
        ] {
            let answer = run(&format!("f-bb {duration}"), &fixtures::context(&stacks)).unwrap();
            let [Effect::Decide(decision)] = answer.effects.as_slice() else {
                panic!("{answer:?}");
            };
            let until = fixtures::NOW + hours * HOUR;
            assert_eq!(decision.choice, Choice::Snooze { until }, "{duration}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let stacks = fixtures::stacks();
        let context = fixtures::context(&stacks);
        for duration in [
            "",
            "0h",
            "91d",
            "13w",
            "3m",
            "3 d",
            "-1d",
            "+1d",
            "1.5d",
            "d",
            "forever",
            "9223372036854775807w",
            "3dé",
            "½h",
        ] {
            let why = run(&format!("f-bb {duration}"), &context).unwrap_err();
            assert!(why.contains("Write `12h`"), "{duration}: {why}");
        }
        assert!(run("f-bb 3d please", &context).is_err());
    }
}
