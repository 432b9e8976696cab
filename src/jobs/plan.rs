//! What is done about each finding: what people decided, else what the settings say.

use super::survey::Survey;
use crate::model::{Choice, Decision, Finding, Scanned, StackName, Tree, Verdict};
use crate::patch::{self, Direction};
use crate::report;

/// What was decided about a finding of a stack.
pub(super) fn decided<'a>(
    decisions: &'a [Decision],
    stack: &StackName,
    finding: &Finding,
) -> Option<&'a Decision> {
    decisions
        .iter()
        .find(|decision| decision.stack == *stack && decision.finding == finding.id)
}

/// Sets aside what rests for now, and plans the fix of every other finding.
pub(super) fn plan(survey: &mut Survey, tree: &Tree, decisions: &[Decision], now: i64) {
    for (report, loaded) in survey.report.stacks.iter_mut().zip(&survey.loaded) {
        let Ok(scanned) = &mut report.outcome else {
            continue;
        };
        let decided = |finding: &Finding| decided(decisions, &report.name, finding);
        rest(scanned, &decided, now);
        let stack = patch::Stack {
            tree,
            folder: &loaded.stack.path,
            options: &loaded.options,
            declared: &loaded.code.declared,
            catalog: &survey.catalog,
        };
        let by_settings = Direction::from(loaded.stack.settings.fix);
        let direction = |finding: &Finding| match decided(finding).map(|one| &one.choice) {
            Some(Choice::Adopt) => Direction::Adopt,
            Some(Choice::Restore) => Direction::Restore,
            Some(Choice::Import) => Direction::Import,
            _ => by_settings,
        };
        patch::plan_with(&mut scanned.findings, &stack, direction);
    }
}

/// Moves what people let rest to what is set aside.
fn rest<'a>(scanned: &mut Scanned, decided: &impl Fn(&Finding) -> Option<&'a Decision>, now: i64) {
    let findings = std::mem::take(&mut scanned.findings);
    for mut finding in findings {
        let until = decided(&finding).and_then(|decision| match decision.choice {
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
