//! What is done about each finding: what people decided, else what the settings say.

use crate::code;
use crate::model::{Choice, Decision, Finding, Interrupt, Scanned, StackName, Tree, Verdict};
use crate::patch::{self, Direction};
use crate::report;
use crate::scan::scan_stacks::ScanResult;
use std::collections::HashMap;

/// What was decided about the findings of a stack.
pub(super) struct Decided<'a>(HashMap<&'a str, &'a Decision>);

impl<'a> Decided<'a> {
    /// Of what was decided about all of the repository's.
    pub(super) fn of(stack: &StackName, decisions: &'a [Decision]) -> Self {
        let mut decided = HashMap::new();
        for decision in decisions.iter().filter(|one| one.stack == *stack) {
            decided
                .entry(decision.finding.0.as_str())
                .or_insert(decision);
        }
        Self(decided)
    }

    /// What was decided about this one.
    pub(super) fn about(&self, finding: &Finding) -> Option<&'a Decision> {
        self.0.get(finding.id.0.as_str()).copied()
    }
}

/// Sets aside what rests for now, and plans the fix of every other finding. Once interrupted, it refuses the rest.
pub(super) fn plan(
    result: &mut ScanResult,
    tree: &Tree,
    (decisions, now): (&[Decision], i64),
    interrupt: &Interrupt,
) {
    for (report, loaded) in result.report.stacks.iter_mut().zip(&result.loaded) {
        let Ok(scanned) = &mut report.outcome else {
            continue;
        };
        let decided = Decided::of(&report.name, decisions);
        rest(scanned, &decided, now);
        let options = code::Options {
            interrupt: interrupt.clone(),
            ..loaded.options.clone()
        };
        let stack = patch::Stack {
            tree,
            folder: &loaded.stack.path,
            options: &options,
            declared: &loaded.code.declared,
            catalog: &result.catalog,
        };
        let by_settings = Direction::from(loaded.stack.settings.fix);
        let direction = |finding: &Finding| match decided.about(finding).map(|one| &one.choice) {
            Some(Choice::Adopt) => Direction::Adopt,
            Some(Choice::Restore) => Direction::Restore,
            Some(Choice::Import) => Direction::Import,
            _ => by_settings,
        };
        patch::plan_with(&mut scanned.findings, &stack, direction);
    }
}

/// Moves what people let rest to what is set aside.
fn rest(scanned: &mut Scanned, decided: &Decided<'_>, now: i64) {
    let findings = std::mem::take(&mut scanned.findings);
    for mut finding in findings {
        let until = decided
            .about(&finding)
            .and_then(|decision| match decision.choice {
                Choice::Snooze { until } if until > now => Some((until, &decision.person)),
                _ => None,
            });
        let Some((until, person)) = until else {
            scanned.findings.push(finding);
            continue;
        };
        finding.verdict = Verdict::Accepted;
        finding.reason = Some(format!(
            "snoozed by {person} until {}",
            report::minute(until)
        ));
        scanned.set_aside.push(finding);
    }
}
