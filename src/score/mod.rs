//! Pure: assesses the severity of findings. Rules are data, one file each in `rules`; this code knows no resource type.
#![deny(clippy::disallowed_methods)]

mod benchmark;
mod condition;
mod earlier;
mod firewall_rule;
mod network;
mod policy;
mod posture;
mod rule;
mod subject;
#[cfg(test)]
mod tests;

pub use benchmark::{Benchmark, UnknownBenchmark};
pub use posture::posture;
pub use rule::{BadRule, Rule};

use crate::model::{Finding, Interrupt, Kind, Severity};
use rule::{DEFAULTS, RULES};
use std::collections::BTreeSet;

/// Sets each finding's severity, controls, techniques and reasons.
///
/// The change is what counts: a rule applies where the declared attributes pass and the live ones fail. The severity is
/// that of the worst rule that applies, or the default of the finding's kind. An interrupt ends the scoring early: the
/// remaining findings keep their severity.
pub fn score(findings: &mut [Finding], benchmark: &Benchmark, interrupt: &Interrupt) {
    for finding in findings {
        judge(finding, benchmark, interrupt);
    }
}

fn judge(finding: &mut Finding, benchmark: &Benchmark, interrupt: &Interrupt) {
    let mut spoken = applicable_rules(finding, interrupt);
    spoken.sort_by_key(|rule| std::cmp::Reverse(rule.severity));

    let worst = spoken.first().map(|rule| rule.severity);
    finding.severity = worst
        .max(default_severity(finding, &spoken))
        .unwrap_or_default();
    let controls = spoken
        .iter()
        .flat_map(|rule| rule.failed_controls(benchmark));
    finding.controls = in_order(controls);
    let techniques = spoken
        .iter()
        .flat_map(|rule| rule.techniques.ids.iter().cloned());
    finding.techniques = in_order(techniques);
    finding.why = spoken.iter().map(|rule| rule.why.clone()).collect();
}

/// Returns the rules that apply to a finding, without those that yield to another.
fn applicable_rules(finding: &Finding, interrupt: &Interrupt) -> Vec<&'static Rule> {
    let all: Vec<&Rule> = RULES
        .iter()
        .filter(|rule| rule.applies_to_finding(finding, interrupt))
        .collect();
    let names: BTreeSet<&str> = all.iter().map(|rule| rule.id.as_str()).collect();
    let yields = |rule: &&Rule| rule.unless.iter().any(|id| names.contains(id.as_str()));
    all.iter().copied().filter(|rule| !yields(rule)).collect()
}

/// Returns the default severity of a finding's kind.
fn default_severity(finding: &Finding, spoken: &[&Rule]) -> Option<Severity> {
    let covered = |root: &str| {
        let mut rules = spoken.iter();
        rules.any(|rule| rule.attributes_read(&finding.tf_type).contains(root))
    };
    let uncovered = rule::changed_roots(finding)
        .into_iter()
        .any(|root| !covered(root));
    let applies = match finding.kind {
        Kind::Deleted | Kind::Unmanaged => spoken.is_empty(),
        Kind::Modified | Kind::CodeOnly | Kind::StateOnly => spoken.is_empty() || uncovered,
    };
    applies.then(|| DEFAULTS.of(finding.kind))
}

fn in_order<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<T>>().into_iter().collect()
}
