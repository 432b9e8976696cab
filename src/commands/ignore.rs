//! `/driftguard ignore FINDING [until DATE] [REASON...]`

use super::parsing::{SelectedFinding, decide, first_word, names, open_finding};
use super::{Answer, Command, CommandContext};
use crate::model::Choice;
use crate::report::{code, day, excerpt, printable, sentence};
use crate::settings::{CannotAccept, NewAccept};

/// `/driftguard ignore FINDING [until DATE] [REASON...]`
///
/// Accepts a difference: a pull request adds it to `accept` in `.driftguard.yml`, with its reason and its last day, if
/// it has one. DATE is written `2027-03-31` and is in the future.
pub(super) const COMMAND: Command = Command {
    name: "ignore",
    usage: "ignore FINDING [until DATE] [REASON...]",
    help: "Accepts a difference: a pull request adds it to `.driftguard.yml` with the reason.",
    run,
};

/// The longest reason, in characters.
const MAX_REASON: usize = 300;

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let (selected, rest) = open_finding(arguments, context, &COMMAND)?;
    writable(&selected)?;
    let (until, reason) = until(rest, context.now)?;
    let reason = match printable(reason.trim()) {
        empty if empty.is_empty() => format!("accepted by {} in a comment", context.person),
        reason => reason,
    };
    let length = reason.chars().count();
    if length > MAX_REASON {
        return Err(format!(
            "A reason has at most {MAX_REASON} characters, and this one has {length}: shorten it."
        ));
    }
    let end = until.as_deref().map(|day| format!(" until {day}"));
    let reply = format!(
        "{}: accepted{}, for this reason: {}. The scan that follows opens a pull request that adds it to {}; it takes \
         effect once that is merged.",
        names(&selected),
        end.unwrap_or_default(),
        sentence(reason.trim_end_matches('.')),
        code(".driftguard.yml")
    );
    let choice = Choice::Ignore { until, reason };
    Ok(Answer::new(reply, decide(&selected, context, &choice)))
}

/// Checks that `.driftguard.yml` may name the selected findings: an entry must not hold a credential.
fn writable(selected: &[SelectedFinding<'_>]) -> Result<(), String> {
    let entries = selected.iter().filter_map(|selected_finding| {
        NewAccept::of(selected_finding.finding, String::new(), None, None)
    });
    match entries.into_iter().any(|entry| entry.names_credential()) {
        true => Err(format!(
            "{}: {}.",
            names(selected),
            sentence(&CannotAccept::Secret.to_string())
        )),
        false => Ok(()),
    }
}

/// Splits the last day, if there is one, from the reason.
fn until(rest: &str, now: i64) -> Result<(Option<String>, &str), String> {
    let (keyword, after) = first_word(rest);
    if !keyword.eq_ignore_ascii_case("until") {
        return Ok((None, rest));
    }
    let (date, reason) = first_word(after);
    let shown = excerpt(date, 40);
    let form = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let written = date.len() == 10 && date.bytes().enumerate().all(form);
    if !written || date.parse::<jiff::civil::Date>().is_err() {
        return Err(format!(
            "{} is no day: say {}.",
            match shown.is_empty() {
                true => "Nothing".to_owned(),
                false => code(&shown).to_string(),
            },
            code("until 2027-03-31")
        ));
    }
    // Such texts sort as days do.
    if date <= day(now).as_str() {
        return Err(format!(
            "{} is in the past: write a later day, or none to accept it for good.",
            code(date)
        ));
    }
    Ok((Some(date.to_owned()), reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::parsing::fixtures;

    fn choice(arguments: &str) -> Result<Choice, String> {
        let stacks = fixtures::stacks();
        let answer = run(arguments, &fixtures::context(&stacks))?;
        match answer.effects.as_slice() {
            [Effect::Decide(decision)] => Ok(decision.choice.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_day_and_a_reason_may_follow() {
        for (arguments, until, reason) in [
            ("f-aa", None, "accepted by octocat in a comment"),
            (
                "f-aa the patch schedule owns it",
                None,
                "the patch schedule owns it",
            ),
            (
                "f-aa until 2027-03-31",
                Some("2027-03-31"),
                "accepted by octocat in a comment",
            ),
            (
                r#"aws_instance.web["a b"] UNTIL 2028-02-29 we move"#,
                Some("2028-02-29"),
                "we move",
            ),
            ("f-aa x\u{202e}y\u{1b}z", None, "x\\u{202e}y\\u{1b}z"),
        ] {
            let ignored = Choice::Ignore {
                until: until.map(str::to_owned),
                reason: reason.to_owned(),
            };
            assert_eq!(choice(arguments), Ok(ignored), "{arguments}");
        }
    }

    #[test]
    fn what_only_a_credential_names_is_refused_with_what_to_do() {
        let mut stacks = fixtures::stacks();
        if let Ok(scanned) = &mut stacks[1].report.outcome {
            let address = "aws_instance.web[\"(secret)\"]";
            scanned.findings[0].address = address.parse().ok();
        }
        let refused = run("f-aa", &fixtures::context(&stacks)).unwrap_err();
        assert!(
            refused.contains("f-aa1111111111") && refused.contains("by hand, with"),
            "{refused}"
        );
    }

    #[test]
    fn a_day_is_strict_and_lies_ahead() {
        for (arguments, expected) in [
            ("f-aa until", "Nothing is no day"),
            ("f-aa until soon", "`soon` is no day"),
            ("f-aa until 2027-02-30", "is no day"),
            ("f-aa until 31.03.2027", "is no day"),
            ("f-aa until 2027-3-1", "is no day"),
            ("f-aa until 20270331", "is no day"),
            ("f-aa until 2026-11-24", "is in the past"),
            ("f-aa until 2001-01-01", "is in the past"),
            ("all", "one finding at a time"),
            ("", "Which finding?"),
        ] {
            let why = choice(arguments).unwrap_err();
            assert!(why.contains(expected), "{arguments}: {why}");
        }
        let long = format!("f-aa {}", "x".repeat(301));
        assert!(choice(&long).unwrap_err().contains("at most 300"));
    }
}
