//! Decides whether a finding that is missing from this scan is resolved, or merely was not checked.

use crate::model::{
    AccountId, CheckedResource, Finding, FindingId, Kind, Occurrence, Region, Scanned, StackReport,
};
use std::collections::{BTreeMap, HashSet};

/// Compares one scan of a stack with earlier scans.
#[derive(Debug)]
pub struct Resolution<'a> {
    scanned: &'a Scanned,
    /// The ids of the scan's findings.
    open: HashSet<&'a str>,
    /// The ids of the findings that the scan set aside.
    set_aside: HashSet<&'a str>,
    /// The ids of the findings whose fix was not tried for want of time.
    untried: HashSet<&'a str>,
    /// The findings of earlier scans that this one does not report.
    before: BTreeMap<FindingId, EarlierFinding>,
}

/// What tells whether the resource of an earlier finding was checked: findings of many scans are held.
#[derive(Debug)]
struct EarlierFinding {
    tf_type: String,
    /// The type of the resource that it is a part of.
    parent: Option<String>,
    account: Option<AccountId>,
    region: Option<Region>,
    kind: Kind,
}

impl From<Finding> for EarlierFinding {
    fn from(finding: Finding) -> Self {
        Self {
            tf_type: finding.tf_type,
            parent: finding.under.map(|under| under.tf_type),
            account: finding.account,
            region: finding.region,
            kind: finding.kind,
        }
    }
}

impl<'a> Resolution<'a> {
    /// Starts the comparison of a scan with earlier ones of the stack.
    pub fn new(scanned: &'a Scanned) -> Self {
        let ids = |findings: &'a [Finding]| {
            findings
                .iter()
                .map(|finding| finding.id.0.as_str())
                .collect()
        };
        let is_untried = |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| fix.untried);
        let untried = scanned.findings.iter().filter(is_untried);
        Self {
            untried: untried.map(|finding| finding.id.0.as_str()).collect(),
            open: ids(&scanned.findings),
            set_aside: ids(&scanned.set_aside),
            scanned,
            before: BTreeMap::new(),
        }
    }

    /// Adds an earlier scan: the newest first.
    pub fn add_earlier(&mut self, report: StackReport) {
        let scanned = report.outcome.into_iter();
        let findings =
            scanned.flat_map(|scanned| scanned.findings.into_iter().chain(scanned.set_aside));
        for finding in findings {
            if !self.is_known(&finding.id.0) {
                let id = finding.id.clone();
                self.before.entry(id).or_insert_with(|| finding.into());
            }
        }
    }

    /// Returns whether the scan set this finding aside.
    pub(super) fn is_set_aside(&self, id: &str) -> bool {
        self.set_aside.contains(id)
    }

    /// Returns whether a finding of the stack's history ended: the scan checked its resource types, and does not report
    /// it.
    pub(super) fn has_ended(&self, occurrence: &Occurrence) -> bool {
        !self.is_known(&occurrence.finding.0) && self.scanned.has_checked(&occurrence.into())
    }

    /// Returns whether the scan reports this finding as drift.
    pub fn is_open(&self, id: &str) -> bool {
        self.open.contains(id)
    }

    /// Returns whether the scan reports this finding, as drift or as set aside.
    pub fn is_known(&self, id: &str) -> bool {
        self.is_open(id) || self.set_aside.contains(id)
    }

    /// Returns whether one of these findings was not checked, or its fix was not tried for want of time: a pull request
    /// that lists them is left as it is.
    pub(super) fn has_unchecked(&self, ids: &[String]) -> bool {
        let is_settled = |id: &String| {
            if self.is_known(id) {
                !self.untried.contains(id.as_str())
            } else {
                self.is_resolved(id)
            }
        };
        !ids.iter().all(is_settled)
    }

    /// Returns whether the finding is resolved: the scan checked its resource types, and does not report it.
    pub(super) fn is_resolved(&self, id: &str) -> bool {
        if self.is_known(id) {
            return false;
        }
        match self.before.get(&FindingId(id.to_owned())) {
            Some(finding) => self.was_checked(finding),
            None => self.was_all_checked(),
        }
    }

    /// Returns whether the scan checked the resource types of this finding in its account and region.
    fn was_checked(&self, finding: &EarlierFinding) -> bool {
        self.scanned.has_checked(&CheckedResource {
            tf_type: &finding.tf_type,
            parent: finding.parent.as_deref(),
            account: finding.account.as_ref(),
            region: finding.region.as_ref(),
            kind: finding.kind,
        })
    }

    /// Returns whether the scan checked all resource types that DriftGuard can read.
    fn was_all_checked(&self) -> bool {
        self.scanned.looked_below && !self.scanned.is_partial()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Coverage, Fix, FixKind, Refusal, Status, Verdict};

    fn finding(id: &str, tf_type: &str, kind: Kind) -> Finding {
        let mut finding = Finding::new(kind, Verdict::Drift, tf_type);
        finding.id = FindingId(id.to_owned());
        finding.under = (kind == Kind::Unmanaged)
            .then(|| "aws_iam_role.web".parse().ok())
            .flatten();
        finding
    }

    fn row(tf_type: &str, status: Status) -> Coverage {
        Coverage::new(tf_type, 1, status)
    }

    #[test]
    fn only_what_was_checked_is_resolved() {
        let earlier = |findings| StackReport {
            name: crate::model::StackName::of_path("a"),
            path: String::new(),
            backend: None,
            outcome: Ok(Scanned {
                findings,
                ..Scanned::default()
            }),
        };
        let known = earlier(vec![
            finding("f-1", "aws_instance", Kind::Modified),
            finding("f-2", "aws_iam_role", Kind::Modified),
            finding("f-3", "aws_iam_role_policy", Kind::Unmanaged),
        ]);
        let resolved = |looked_below: bool, role: Status| {
            let scanned = Scanned {
                coverage: vec![
                    row("aws_instance", Status::Checked),
                    row("aws_iam_role", role),
                ],
                looked_below,
                ..Scanned::default()
            };
            let mut resolution = Resolution::new(&scanned);
            resolution.add_earlier(known.clone());
            ["f-1", "f-2", "f-3", "f-unknown"].map(|id| resolution.is_resolved(id))
        };
        assert_eq!(resolved(true, Status::Checked), [true, true, true, true]);
        assert_eq!(resolved(true, Status::Denied), [true, false, false, false]);
        assert_eq!(resolved(false, Status::Checked), [true, true, false, false]);
    }

    #[test]
    fn a_pull_request_whose_fixes_nobody_had_the_time_to_try_is_left_as_it_is() {
        let fixed = |id: &str, fix: Fix| Finding {
            fix: Some(fix),
            ..finding(id, "aws_instance", Kind::Modified)
        };
        let scanned = Scanned {
            findings: vec![
                fixed("f-1", Fix::of(FixKind::Adopt, Vec::new())),
                fixed("f-2", Fix::refused(Refusal::default())),
                fixed("f-3", Fix::untried("no time")),
            ],
            looked_below: true,
            ..Scanned::default()
        };
        let resolution = Resolution::new(&scanned);
        let has_unchecked = |ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
            resolution.has_unchecked(&ids)
        };
        assert!(
            !has_unchecked(&["f-1", "f-2", "f-4"]),
            "two are reported, one is resolved"
        );
        assert!(has_unchecked(&["f-1", "f-3"]) && has_unchecked(&["f-3"]));
    }
}
