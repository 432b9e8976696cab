//! `/driftguard status`

use super::speech::{ago, nothing_more};
use super::{Answer, Command, Scene};
use crate::model::{Choice, Decision, Scanned, Severity, Standing};
use crate::report::{
    by_severity, code, counted, excerpt, minute, numbers, posture, sentence, signed,
};
use std::cmp::Reverse;

/// `/driftguard status`
///
/// Tells how each stack stands, the worst first: its posture, its findings by severity, what the drift costs a month,
/// when it was scanned and will be, its open pull requests, and what was decided and still waits.
pub(super) const COMMAND: Command = Command {
    name: "status",
    usage: "status",
    help: "Shows the state of each stack.",
    run,
};

/// How many stacks are told of.
const TOLD: usize = 50;

/// The most characters of why a stack could not be scanned.
const REASON: usize = 200;

fn run(arguments: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    nothing_more(arguments, COMMAND.usage)?;
    if scene.stacks.is_empty() {
        return Err(format!(
            "No stack was scanned yet. {} scans all.",
            code("/driftguard scan")
        ));
    }
    let mut stacks: Vec<_> = scene.stacks.iter().collect();
    stacks.sort_by_key(|stack| Reverse(worst(stack)));
    let mut rows: Vec<_> = stacks
        .iter()
        .take(TOLD)
        .map(|stack| row(stack, scene.now))
        .collect();
    rows.insert(
        0,
        "| stack | posture | findings | a month | scanned | next scan | pull requests | decided |\n|---|---|---|---|---|---|---|---|"
            .to_owned(),
    );
    let more = stacks.len().saturating_sub(TOLD);
    let more = match more {
        0 => String::new(),
        more => format!(
            "\n\nand {}, none worse than these.",
            counted(more, "more stack")
        ),
    };
    Ok(Answer::new(rows.join("\n") + &more, Vec::new()))
}

/// What puts a stack before others: that it could not be scanned, then its worst finding.
fn worst(stack: &Standing) -> (bool, Option<Severity>) {
    match &stack.report.outcome {
        Err(_) => (true, None),
        Ok(scanned) => (false, scanned.findings.iter().map(|one| one.severity).max()),
    }
}

fn row(stack: &Standing, now: i64) -> String {
    let [posture, findings, cost] = match &stack.report.outcome {
        Ok(scanned) => [
            posture(scanned.summary.posture).unwrap_or_default(),
            findings(scanned),
            cost(scanned),
        ],
        Err(error) => {
            let reason = excerpt(&error.message, REASON);
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
    let told: Vec<_> = known.into_iter().chain(unknown).collect();
    told.join(", ")
}

/// What was decided and still waits, in numbers.
fn decided(decisions: &[Decision], now: i64) -> String {
    let word = |decision: &Decision| match &decision.choice {
        Choice::Adopt => Some("to adopt"),
        Choice::Restore => Some("to restore"),
        Choice::Import => Some("to import"),
        Choice::Ignore { .. } => Some("to accept"),
        Choice::Snooze { until } => (*until > now).then_some("snoozed"),
        Choice::Decline { .. } => Some("declined"),
        Choice::Applying { .. } => Some("to apply"),
    };
    let words: Vec<_> = decisions.iter().filter_map(word).collect();
    let order = [
        "to adopt",
        "to restore",
        "to import",
        "to accept",
        "to apply",
        "snoozed",
        "declined",
    ];
    let told: Vec<_> = order
        .into_iter()
        .map(|word| (words.iter().filter(|found| **found == word).count(), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::speech::stage;

    #[test]
    fn the_worst_stack_comes_first_and_each_has_a_row() {
        let stacks = stage::stacks();
        let said = run("", &stage::scene(&stacks)).unwrap().says.concat();
        let rows: Vec<_> = said.lines().skip(2).collect();
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
            ..stage::stacks()[1].decisions[0].clone()
        };
        let decisions = [snooze(stage::NOW), snooze(stage::NOW + 1)];
        assert_eq!(decided(&decisions, stage::NOW), "1 snoozed");
    }

    #[test]
    fn hundreds_of_stacks_fit_into_one_comment() {
        let stacks: Vec<_> = (0..400).flat_map(|_| stage::stacks()).collect();
        let said = run("", &stage::scene(&stacks)).unwrap().says.concat();
        assert!(said.contains("and 1150 more stacks"), "{said}");
    }
}
