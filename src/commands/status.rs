//! `/driftguard status`

use super::parsing::{ago, expect_end};
use super::{Answer, Command, CommandContext};
use crate::model::{Choice, Decision, Scanned, StackStatus};
use crate::report::{
    by_severity, by_urgency, code, counted, excerpt, minute, numbers, posture, sentence, signed,
};

/// `/driftguard status`
///
/// Shows the state of each stack, the most urgent first: posture, findings by severity, monthly cost of the drift, last
/// and next scan, open pull requests, and pending decisions.
pub(super) const COMMAND: Command = Command {
    name: "status",
    usage: "status",
    help: "Shows the state of each stack.",
    run,
};

/// How many stacks are listed.
const MAX_STACKS: usize = 50;

/// How many characters of a scan error are shown.
const MAX_REASON: usize = 200;

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    expect_end(arguments, COMMAND.usage)?;
    if context.stacks.is_empty() {
        return Err(format!(
            "No stack was scanned yet. {} scans all.",
            code("/driftguard scan")
        ));
    }
    let stacks = by_urgency(context.stacks);
    let mut rows: Vec<_> = stacks
        .iter()
        .take(MAX_STACKS)
        .map(|stack| row(stack, context.now))
        .collect();
    rows.insert(
        0,
        "| stack | posture | findings | a month | scanned | next scan | pull requests | decided |\n|---|---|---|---|---|---|---|---|"
            .to_owned(),
    );
    let more = stacks.len().saturating_sub(MAX_STACKS);
    let more = match more {
        0 => String::new(),
        more => format!(
            "\n\nand {}, none worse than these.",
            counted(more, "more stack")
        ),
    };
    Ok(Answer::new(rows.join("\n") + &more, Vec::new()))
}

fn row(stack: &StackStatus, now: i64) -> String {
    let [posture, findings, cost] = match &stack.report.outcome {
        Ok(scanned) => [
            posture(scanned.summary.posture).unwrap_or_default(),
            findings(scanned),
            cost(scanned),
        ],
        Err(error) => {
            let reason = excerpt(&error.message, MAX_REASON);
            let reason = format!("not scanned: {}", sentence(&reason));
            [String::new(), reason, String::new()]
        }
    };
    let cells = [
        code(stack.report.name.as_str()).to_string(),
        posture,
        findings,
        cost,
        ago(stack.scanned_at, now),
        stack.next_scan.map_or("when asked".to_owned(), minute),
        numbers(&stack.pulls),
        decided(&stack.decisions, now),
    ];
    format!("| {} |", cells.join(" | "))
}

fn findings(scanned: &Scanned) -> String {
    let found = by_severity(scanned.findings.iter());
    let unknown = match scanned.summary.unknown {
        0 => String::new(),
        unknown => format!(", {} not checked", counted(unknown, "resource")),
    };
    found.unwrap_or_else(|| "none".to_owned()) + &unknown
}

fn cost(scanned: &Scanned) -> String {
    let delta = scanned.summary.monthly_cost_delta;
    let known = (!delta.amount.0.is_zero()).then(|| signed(delta.amount));
    let unknown = (delta.not_priced > 0).then(|| format!("{} not priced", delta.not_priced));
    let parts: Vec<_> = known.into_iter().chain(unknown).collect();
    parts.join(", ")
}

/// Counts the pending decisions.
fn decided(decisions: &[Decision], now: i64) -> String {
    let first_word = |decision: &Decision| match &decision.choice {
        Choice::Adopt => Some("to adopt"),
        Choice::Restore => Some("to restore"),
        Choice::Import => Some("to import"),
        Choice::Ignore { .. } => Some("to accept"),
        Choice::Snooze { until } => (*until > now).then_some("snoozed"),
        Choice::Decline { .. } => Some("declined"),
        Choice::Applying { .. } => Some("to apply"),
    };
    let words: Vec<_> = decisions.iter().filter_map(first_word).collect();
    let order = [
        "to adopt",
        "to restore",
        "to import",
        "to accept",
        "to apply",
        "snoozed",
        "declined",
    ];
    let counts: Vec<_> = order
        .into_iter()
        .map(|first_word| {
            (
                words.iter().filter(|found| **found == first_word).count(),
                first_word,
            )
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, first_word)| format!("{count} {first_word}"))
        .collect();
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing::fixtures;

    #[test]
    fn the_worst_stack_comes_first_and_each_has_a_row() {
        let stacks = fixtures::stacks();
        let reply = run("", &fixtures::context(&stacks)).unwrap().reply.concat();
        let rows: Vec<_> = reply.lines().skip(2).collect();
        for (row, parts) in rows.iter().zip([
            ["`broken`", "not scanned: the bucket `acme` is not there"],
            ["`production`", "1 critical, 4 low"],
            ["`staging`", "1 low"],
        ]) {
            assert!(parts.iter().all(|part| row.contains(part)), "{row}");
        }
        assert!(rows[1].contains("#12, #14 | 1 to adopt"), "{}", rows[1]);
        assert!(
            rows[1].contains("12 minutes ago | 2026-11-24 10:17 UTC"),
            "{}",
            rows[1]
        );
    }

    #[test]
    fn a_snooze_that_is_over_waits_for_nothing() {
        let snooze = |until| Decision {
            choice: Choice::Snooze { until },
            ..fixtures::stacks()[1].decisions[0].clone()
        };
        let decisions = [snooze(fixtures::NOW), snooze(fixtures::NOW + 1)];
        assert_eq!(decided(&decisions, fixtures::NOW), "1 snoozed");
    }

    #[test]
    fn hundreds_of_stacks_fit_into_one_comment() {
        let stacks: Vec<_> = (0..400).flat_map(|_| fixtures::stacks()).collect();
        let reply = run("", &fixtures::context(&stacks)).unwrap().reply.concat();
        assert!(reply.contains("and 1150 more stacks"), "{reply}");
    }
}
