//! Finds the decision about a finding, sets snoozed findings aside, and tells when a decision is over.

use super::Resolution;
use crate::model::{Choice, Decision, Finding, Scanned, StackName, Verdict};
use crate::report;
use std::collections::HashMap;

/// The newest decision about each finding of a stack.
#[derive(Debug)]
pub struct DecisionIndex<'a>(HashMap<&'a str, &'a Decision>);

impl<'a> DecisionIndex<'a> {
    /// Indexes the decisions about a stack. `decisions` are those of its repository, the newest first.
    pub fn new(stack: &StackName, decisions: &'a [Decision]) -> Self {
        let mut newest = HashMap::new();
        for decision in decisions.iter().filter(|decision| decision.stack == *stack) {
            newest
                .entry(decision.finding.0.as_str())
                .or_insert(decision);
        }
        Self(newest)
    }

    /// Returns the decision about a finding.
    pub fn about(&self, finding: &Finding) -> Option<&'a Decision> {
        self.0.get(finding.id.0.as_str()).copied()
    }

    /// Returns whether a person asked for a pull request that fixes this finding.
    pub(super) fn is_requested(&self, finding: &Finding) -> bool {
        self.about(finding)
            .is_some_and(|decision| decision.choice.requests_pull_request())
    }
}

/// Moves the findings that people snoozed to the set-aside ones.
pub fn set_aside_snoozed(scanned: &mut Scanned, decisions: &DecisionIndex<'_>, now: i64) {
    let findings = std::mem::take(&mut scanned.findings);
    for mut finding in findings {
        match decisions.about(&finding) {
            Some(Decision {
                choice: Choice::Snooze { until },
                person,
                ..
            }) if *until > now => {
                let until = report::minute(*until);
                finding.verdict = Verdict::Accepted;
                finding.reason = Some(format!("snoozed by {person} until {until}"));
                scanned.set_aside.push(finding);
            }
            _ => scanned.findings.push(finding),
        }
    }
}

/// Returns whether a decision is over, so that the finding counts as new if it comes back: the finding is resolved, the
/// decision expired, or the settings now accept the finding.
pub fn is_over(decision: &Decision, resolution: &Resolution<'_>, now: i64) -> bool {
    let finding = &decision.finding.0;
    let is_resolved = resolution.is_resolved(finding);
    match &decision.choice {
        Choice::Snooze { until } => *until <= now,
        Choice::Ignore { until, .. } => {
            let today = report::day(now);
            let ran_out = until.as_ref().is_some_and(|day| *day < today);
            let is_accepted = resolution.is_known(finding) && !resolution.is_open(finding);
            is_resolved || ran_out || is_accepted
        }
        _ => is_resolved,
    }
}
