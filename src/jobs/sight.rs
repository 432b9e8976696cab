//! What a scan saw, and what it could not have seen: what is not known is not gone.

use crate::model::{Coverage, Finding, FindingId, Kind, Scanned, StackReport};
use std::collections::{BTreeMap, HashSet};

/// A scan beside what earlier ones found.
pub(super) struct Sight<'a> {
    scanned: &'a Scanned,
    /// The ids of its findings.
    standing: HashSet<&'a str>,
    /// The ids of what it sets aside.
    set_aside: HashSet<&'a str>,
    /// The ids of those whose fix it had no time to try.
    untried: HashSet<&'a str>,
    before: BTreeMap<FindingId, Finding>,
}

impl<'a> Sight<'a> {
    /// `earlier` are the stack's earlier scans, the newest first.
    pub(super) fn new(
        scanned: &'a Scanned,
        earlier: impl IntoIterator<Item = StackReport>,
    ) -> Self {
        let mut before = BTreeMap::new();
        for earlier in earlier.into_iter().filter_map(|one| one.outcome.ok()) {
            for finding in earlier.findings.into_iter().chain(earlier.set_aside) {
                before.entry(finding.id.clone()).or_insert(finding);
            }
        }
        let ids = |findings: &'a [Finding]| findings.iter().map(|one| one.id.0.as_str()).collect();
        let is_untried = |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| fix.untried);
        let untried = scanned.findings.iter().filter(is_untried);
        Self {
            untried: untried.map(|one| one.id.0.as_str()).collect(),
            standing: ids(&scanned.findings),
            set_aside: ids(&scanned.set_aside),
            scanned,
            before,
        }
    }

    /// Whether the scan has this finding as one.
    pub(super) fn stands(&self, id: &str) -> bool {
        self.standing.contains(id)
    }

    /// Whether the scan has it at all, set aside or not.
    pub(super) fn has(&self, id: &str) -> bool {
        self.stands(id) || self.set_aside.contains(id)
    }

    /// Whether it may not have seen one of these, or had no time to try its fix: a pull request that carries them all is
    /// left as it is.
    pub(super) fn loses(&self, ids: &[String]) -> bool {
        let told = |id: &str| match self.has(id) {
            true => !self.untried.contains(id),
            false => self.is_gone(id),
        };
        !ids.iter().all(|id| told(id))
    }

    /// Whether it is gone: the scan has it not, and would have it if it stood.
    pub(super) fn is_gone(&self, id: &str) -> bool {
        if self.has(id) {
            return false;
        }
        match self.before.get(&FindingId(id.to_owned())) {
            Some(finding) => self.sees(finding),
            None => self.sees_all(),
        }
    }

    /// Whether the scan looked where this finding was.
    fn sees(&self, finding: &Finding) -> bool {
        let parent = finding.under.as_ref().map(|under| under.tf_type.as_str());
        let types = [Some(finding.tf_type.as_str()), parent];
        let here = |row: &&Coverage| {
            let differ = |one: &Option<_>, other: &Option<_>| {
                one.is_some() && other.is_some() && one != other
            };
            types.contains(&Some(row.tf_type.as_str()))
                && !differ(&row.account, &finding.account)
                && (row.region.is_none()
                    || finding.region.is_none()
                    || row.region == finding.region)
        };
        let mut rows = self.scanned.coverage.iter().filter(here);
        let looked_below = finding.kind != Kind::Unmanaged || self.scanned.looked_below;
        looked_below && rows.all(|row| row.status.is_known())
    }

    /// Whether the scan looked everywhere that it can.
    fn sees_all(&self) -> bool {
        self.scanned.looked_below && !self.scanned.is_partial()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fix, FixKind, Refusal, Status, Verdict};

    fn finding(id: &str, tf_type: &str, kind: Kind) -> Finding {
        let mut finding = Finding::new(kind, Verdict::Drift, tf_type);
        finding.id = FindingId(id.to_owned());
        finding.under = (kind == Kind::Unmanaged)
            .then(|| "aws_iam_role.web".parse().ok())
            .flatten();
        finding
    }

    fn row(tf_type: &str, status: Status) -> Coverage {
        Coverage {
            tf_type: tf_type.to_owned(),
            account: None,
            region: None,
            resources: 1,
            status,
            reason: None,
            missing_action: None,
            never_read: Vec::new(),
        }
    }

    #[test]
    fn only_what_would_have_been_seen_is_gone() {
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
        let gone = |looked_below: bool, role: Status| {
            let scanned = Scanned {
                coverage: vec![
                    row("aws_instance", Status::Checked),
                    row("aws_iam_role", role),
                ],
                looked_below,
                ..Scanned::default()
            };
            let sight = Sight::new(&scanned, vec![known.clone()]);
            ["f-1", "f-2", "f-3", "f-unknown"].map(|id| sight.is_gone(id))
        };
        assert_eq!(gone(true, Status::Checked), [true, true, true, true]);
        assert_eq!(gone(true, Status::Denied), [true, false, false, false]);
        assert_eq!(gone(false, Status::Checked), [true, true, false, false]);
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
        let sight = Sight::new(&scanned, Vec::new());
        let loses = |ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
            sight.loses(&ids)
        };
        assert!(!loses(&["f-1", "f-2", "f-4"]), "two are here, one is gone");
        assert!(loses(&["f-1", "f-3"]) && loses(&["f-3"]));
    }
}
