//! Which fixes share a pull request.

use crate::model::{Finding, FindingId, Severity, StackName};
use crate::report::{self, Direction};
use crate::settings;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The longest readable part of a branch's key.
const LONGEST: usize = 60;

/// One pull request's worth of findings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group<'a> {
    /// Its branch, which is its identity.
    pub branch: String,
    /// Its direction.
    pub direction: Direction,
    /// What it carries.
    pub findings: Vec<&'a Finding>,
    /// Whether it passes the limits: it is about security, or a person asked for it.
    pub urgent: bool,
}

impl Group<'_> {
    /// The group without what a person's branch carries, and what that branch carries as a group of its own.
    pub(super) fn beside(self, theirs: &[String]) -> Vec<Self> {
        let theirs: BTreeSet<&str> = theirs.iter().map(String::as_str).collect();
        let (carried, rest): (Vec<_>, Vec<_>) = self
            .findings
            .iter()
            .copied()
            .partition(|finding| theirs.contains(finding.id.0.as_str()));
        let rest = Self {
            branch: format!("{}-more", self.branch),
            findings: rest,
            ..self.clone()
        };
        let taken = Self {
            findings: carried,
            ..self
        };
        let groups = [taken, rest].into_iter();
        groups.filter(|group| !group.findings.is_empty()).collect()
    }
}

/// The pull requests of a stack, the worst first.
pub(super) fn groups<'a>(
    stack: &StackName,
    findings: &[&'a Finding],
    by: settings::Group,
    chosen: &BTreeSet<FindingId>,
) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<String, Group<'a>> = BTreeMap::new();
    for direction in Direction::ALL {
        for finding in findings {
            if !report::carries(direction, finding) {
                continue;
            }
            let key = match by {
                settings::Group::Stack => String::new(),
                settings::Group::Severity => format!("-{}", finding.severity.as_str()),
                settings::Group::Resource => format!("-{}", slug(finding)),
            };
            let branch = format!("driftguard/{stack}/{}{key}", direction.as_str());
            let group = groups.entry(branch.clone()).or_insert(Group {
                branch,
                direction,
                findings: Vec::new(),
                urgent: false,
            });
            group.findings.push(finding);
            group.urgent |= is_security(finding) || chosen.contains(&finding.id);
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    let worst = |group: &Group<'_>| group.findings.iter().map(|one| one.severity).max();
    groups.sort_by_key(|group| std::cmp::Reverse(worst(group)));
    groups
}

/// Whether a finding is about security.
fn is_security(finding: &Finding) -> bool {
    finding.severity >= Severity::High || !finding.controls.is_empty()
}

/// A resource as a part of a branch's name: readable, and different for each.
fn slug(finding: &Finding) -> String {
    let name = match &finding.address {
        Some(address) => address.to_string(),
        None => format!(
            "{}.{}",
            finding.tf_type,
            finding.import_id.as_deref().unwrap_or_default()
        ),
    };
    let readable = StackName::of_path(&name);
    let readable: String = readable.as_str().chars().take(LONGEST).collect();
    let digest = hex::encode(&Sha256::digest(name.as_bytes())[..4]);
    format!("{readable}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fix, FixKind, Kind, Verdict};

    fn finding(address: &str, severity: Severity, kind: FixKind) -> Finding {
        let mut finding = Finding::new(Kind::Modified, Verdict::Drift, "aws_instance");
        finding.id = FindingId(format!("f-{address}"));
        finding.address = address.parse().ok();
        finding.severity = severity;
        finding.fix = Some(Fix::of(kind, Vec::new()));
        finding
    }

    #[test]
    fn pull_requests_are_grouped_as_the_settings_say() {
        let all = [
            finding("aws_instance.web[0]", Severity::Low, FixKind::Adopt),
            finding("aws_instance.web[1]", Severity::Low, FixKind::Adopt),
            finding("aws_instance.db", Severity::Critical, FixKind::Restore),
            finding("aws_instance.left", Severity::Critical, FixKind::Refused),
        ];
        let all: Vec<_> = all.iter().collect();
        let stack = StackName::new("prod").unwrap();
        let branches = |by| {
            let groups = groups(&stack, &all, by, &BTreeSet::new());
            groups
                .into_iter()
                .map(|group| (group.branch, group.findings.len(), group.urgent))
                .collect::<Vec<_>>()
        };
        let named = |name: &str, count, urgent| (format!("driftguard/prod/{name}"), count, urgent);
        assert_eq!(
            branches(settings::Group::Stack),
            [named("restore", 1, true), named("adopt", 2, false)]
        );
        assert_eq!(
            branches(settings::Group::Severity),
            [
                named("restore-critical", 1, true),
                named("adopt-low", 2, false)
            ]
        );
        let by_resource = branches(settings::Group::Resource);
        assert_eq!(by_resource.len(), 3);
        assert!(
            by_resource[1]
                .0
                .starts_with("driftguard/prod/adopt-aws-instance-web-0-")
        );
        assert_ne!(by_resource[1].0, by_resource[2].0);
    }
}
