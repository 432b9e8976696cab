//! Groups the fixes of a stack into pull requests.

use super::DecisionIndex;
use crate::model::{Finding, Proposal, ProposalState, Severity, StackName};
use crate::report::{self, Direction};
use crate::settings;
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The longest readable part of a branch's key.
const MAX_LENGTH: usize = 60;

/// The findings that one pull request fixes.
#[derive(Debug, Clone, PartialEq)]
pub struct PullGroup<'a> {
    /// The branch, which identifies the pull request.
    pub branch: String,
    /// The direction of the fixes.
    pub direction: Direction,
    /// The findings that the pull request fixes.
    pub findings: Vec<&'a Finding>,
    /// Whether the pull request is exempt from the limits: it is about security, or a person asked for it.
    pub urgent: bool,
    /// Whether the pull request also lists what needs a person: one pull request per stack does.
    pub tells_rest: bool,
}

impl<'a> PullGroup<'a> {
    /// Splits off, into a branch of its own, the findings that are newer than the pull request that a person took over
    /// and that lists `theirs`.
    fn split_new(self, theirs: &[String]) -> Vec<Self> {
        let theirs: BTreeSet<&str> = theirs.iter().map(String::as_str).collect();
        let is_theirs = |finding: &&Finding| theirs.contains(finding.id.0.as_str());
        let (listed, new): (Vec<_>, Vec<_>) = self.findings.iter().copied().partition(is_theirs);
        let new = Self {
            branch: format!("{}-more", self.branch),
            findings: new,
            ..self.clone()
        };
        let listed = Self {
            findings: listed,
            ..self
        };
        let groups = [listed, new].into_iter();
        groups.filter(|group| !group.findings.is_empty()).collect()
    }

    /// Returns the group without some of its findings.
    pub(super) fn without(
        &self,
        leaves_out: impl Fn(&Finding) -> bool,
        decisions: &DecisionIndex<'_>,
    ) -> Self {
        let findings = self.findings.iter().copied();
        let findings: Vec<_> = findings.filter(|finding| !leaves_out(finding)).collect();
        let is_whole = findings.len() == self.findings.len();
        let urgent = if is_whole {
            self.urgent
        } else {
            findings.iter().any(|finding| is_urgent(finding, decisions))
        };
        Self {
            findings,
            urgent,
            ..self.clone()
        }
    }
}

/// Groups the fixes of a stack into pull requests, the most severe first. Findings that are newer than a taken-over
/// pull request go into another one; ignored and snoozed findings go into none.
pub fn group<'a>(
    stack: &StackName,
    findings: &'a [Finding],
    decisions: &DecisionIndex<'_>,
    proposals: &[Proposal],
    by: settings::Group,
) -> Vec<PullGroup<'a>> {
    let taken_over = |branch: &str| {
        let mut proposals = proposals.iter();
        proposals.find(|proposal| {
            let is_left_alone = proposal.state == ProposalState::TakenOver && !proposal.recreate;
            proposal.branch == branch && is_left_alone
        })
    };
    let split = |group: PullGroup<'a>| match taken_over(&group.branch) {
        Some(proposal) => group.split_new(&proposal.findings),
        None => vec![group],
    };
    let groups = by_branch(stack, findings, decisions, by).into_iter();
    let mut groups: Vec<_> = groups.flat_map(split).collect();
    if let Some(telling) = telling(&groups, proposals) {
        groups[telling].tells_rest = true;
    }
    groups
}

/// Groups the fixes of a stack by branch.
fn by_branch<'a>(
    stack: &StackName,
    findings: &'a [Finding],
    decisions: &DecisionIndex<'_>,
    by: settings::Group,
) -> Vec<PullGroup<'a>> {
    let rests = |finding: &Finding| {
        let decision = decisions.about(finding);
        decision.is_some_and(|decision| decision.choice.rests())
    };
    let mut groups: BTreeMap<String, PullGroup<'a>> = BTreeMap::new();
    for direction in Direction::ALL {
        for finding in findings {
            if rests(finding) || !report::carries(direction, finding) {
                continue;
            }
            let branch = branch(stack, direction, finding, by);
            let group = groups.entry(branch.clone()).or_insert(PullGroup {
                branch,
                direction,
                findings: Vec::new(),
                urgent: false,
                tells_rest: false,
            });
            group.findings.push(finding);
            group.urgent |= is_urgent(finding, decisions);
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    let worst = |group: &PullGroup<'_>| group.findings.iter().map(|finding| finding.severity).max();
    groups.sort_by_key(|group| Reverse(worst(group)));
    groups
}

fn branch(
    stack: &StackName,
    direction: Direction,
    finding: &Finding,
    by: settings::Group,
) -> String {
    let key = match by {
        settings::Group::Stack => String::new(),
        settings::Group::Severity => format!("-{}", finding.severity.as_str()),
        settings::Group::Resource => format!("-{}", slug(finding)),
    };
    format!("driftguard/{stack}/{}{key}", direction.as_str())
}

/// Chooses the group that also lists what needs a person: a restore, else an adopt. An open pull request comes before
/// one that may have to wait.
fn telling(groups: &[PullGroup<'_>], proposals: &[Proposal]) -> Option<usize> {
    let is_open = |group: &PullGroup<'_>| {
        let mut proposals = proposals.iter();
        proposals.any(|proposal| {
            proposal.branch == group.branch && proposal.state == ProposalState::Open
        })
    };
    let rank = |group: &PullGroup<'_>| {
        let may_wait = !is_open(group) && !group.urgent;
        (may_wait, group.direction != Direction::Restore)
    };
    let ranked = groups.iter().enumerate();
    ranked
        .min_by_key(|(_, group)| rank(group))
        .map(|(at, _)| at)
}

/// Returns whether the fix of a finding is exempt from the limits.
fn is_urgent(finding: &Finding, decisions: &DecisionIndex<'_>) -> bool {
    is_security(finding) || decisions.is_requested(finding)
}

/// Returns whether a finding is about security.
fn is_security(finding: &Finding) -> bool {
    finding.severity >= Severity::High || !finding.controls.is_empty()
}

/// Formats a resource as a part of a branch name: readable, and unique for each resource.
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
    let readable: String = readable.as_str().chars().take(MAX_LENGTH).collect();
    let digest = hex::encode(&Sha256::digest(name.as_bytes())[..4]);
    format!("{readable}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FindingId, Fix, FixKind, Kind, Verdict};

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
        let stack = StackName::new("prod").unwrap();
        let branches = |by| {
            let groups = group(&stack, &all, &DecisionIndex::new(&stack, &[]), &[], by);
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
