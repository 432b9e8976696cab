//! The last scan of a stack in brief: what a list of many stacks shows of each.

use super::{CostDelta, Posture, Severity, StackReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A stack's last report in brief.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StackSummary {
    /// The stack's folder, relative to the repository; empty for the root.
    pub path: String,
    /// Why the stack could not be scanned.
    pub error: Option<String>,
    /// The number of findings of each severity.
    pub findings: BTreeMap<Severity, usize>,
    /// The number of differences that are set aside.
    pub set_aside: usize,
    /// The managed instances of the AWS provider in the state.
    pub resources: usize,
    /// The instances that were read.
    pub checked: usize,
    /// Whether something that can be checked was not.
    pub is_partial: bool,
    /// The posture, of 100.
    pub posture: Posture,
    /// The monthly cost of the drift.
    pub monthly_cost_delta: CostDelta,
}

/// How urgent a stack is; the greatest is the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// The scan found no drift.
    NoDrift,
    /// The most severe finding.
    Drift(Severity),
    /// The stack could not be scanned: nothing is known of it.
    NotScanned,
}

impl StackSummary {
    /// Summarizes a report.
    pub fn of(report: &StackReport) -> Self {
        let path = report.path.clone();
        let scanned = match &report.outcome {
            Ok(scanned) => scanned,
            Err(error) => {
                return Self {
                    path,
                    error: Some(error.message.clone()),
                    ..Self::default()
                };
            }
        };
        Self {
            path,
            error: None,
            findings: scanned.severities(),
            set_aside: scanned.set_aside.len(),
            resources: scanned.summary.resources,
            checked: scanned.summary.checked,
            is_partial: scanned.is_partial(),
            posture: scanned.summary.posture,
            monthly_cost_delta: scanned.summary.monthly_cost_delta,
        }
    }

    /// Summarizes the outcome of a scan that was given up: `{"error": ...}`.
    pub fn given_up(outcome: &serde_json::Value) -> Self {
        let problem = outcome["error"].as_str().unwrap_or("it was given up");
        Self {
            error: Some(problem.to_owned()),
            ..Self::default()
        }
    }

    /// Returns the urgency.
    pub fn urgency(&self) -> Urgency {
        match (&self.error, self.findings.keys().next_back()) {
            (Some(_), _) => Urgency::NotScanned,
            (None, Some(severity)) => Urgency::Drift(*severity),
            (None, None) => Urgency::NoDrift,
        }
    }
}

impl Urgency {
    /// Returns the urgency of a stack with this report.
    pub fn of(report: &StackReport) -> Self {
        let Ok(scanned) = &report.outcome else {
            return Self::NotScanned;
        };
        let severities = scanned.findings.iter().map(|finding| finding.severity);
        severities.max().map_or(Self::NoDrift, Self::Drift)
    }

    /// Returns the rank in a list: 0 is the most urgent.
    pub fn rank(self) -> i64 {
        match self {
            Self::NotScanned => 0,
            Self::Drift(Severity::Critical) => 1,
            Self::Drift(Severity::High) => 2,
            Self::Drift(Severity::Medium) => 3,
            Self::Drift(Severity::Low) => 4,
            Self::Drift(Severity::Info) => 5,
            Self::NoDrift => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Finding, Kind, ScanError, Scanned, StackName, Verdict};

    fn report(outcome: Result<Scanned, ScanError>) -> StackReport {
        StackReport {
            name: StackName::of_path("infra"),
            path: "infra".to_owned(),
            backend: None,
            outcome,
        }
    }

    #[test]
    fn a_summary_is_as_urgent_as_its_report_and_the_most_urgent_comes_first() {
        let finding = |severity| Finding {
            severity,
            ..Finding::new(Kind::Modified, Verdict::Drift, "aws_vpc")
        };
        let scanned = |findings| {
            report(Ok(Scanned {
                findings,
                ..Scanned::default()
            }))
        };
        let failed = report(Err(ScanError {
            kind: "state".into(),
            message: "no state".to_owned(),
        }));
        let mut reports = vec![failed];
        reports.extend(
            Severity::ALL.map(|worst| scanned(vec![finding(Severity::Info), finding(worst)])),
        );
        reports.push(scanned(Vec::new()));
        for (rank, report) in (0..).zip(&reports) {
            let summary = StackSummary::of(report);
            assert_eq!(summary.urgency(), Urgency::of(report));
            assert_eq!(summary.urgency().rank(), rank);
        }
        assert!(Urgency::NotScanned > Urgency::Drift(Severity::Critical));
        assert!(Urgency::Drift(Severity::Info) > Urgency::NoDrift);
    }

    #[test]
    fn a_summary_is_read_as_it_was_written() {
        let summary = StackSummary {
            findings: BTreeMap::from([(Severity::High, 2), (Severity::Low, 1)]),
            resources: 7,
            ..StackSummary::default()
        };
        let text = serde_json::to_string(&summary).unwrap();
        assert_eq!(
            serde_json::from_str::<StackSummary>(&text).unwrap(),
            summary
        );
    }
}
