//! Relates pull requests and people's decisions to the findings of a stack.

use crate::model::{
    Choice, Decision, Finding, FindingId, Proposal, ProposalKind, StackName, StackReport,
};
use std::collections::HashSet;

/// What DriftGuard and people do about the findings of a stack.
#[derive(Debug, Clone, Default)]
pub struct StackActions {
    /// The pull requests that fix the stack, and those that accept its differences.
    proposals: Vec<Proposal>,
    /// The decisions about its findings.
    decisions: Vec<Decision>,
}

impl StackActions {
    /// Keeps those pull requests and decisions of a repository that are about a stack.
    pub fn new(
        stack: &StackName,
        report: Option<&StackReport>,
        mut proposals: Vec<Proposal>,
        mut decisions: Vec<Decision>,
    ) -> Self {
        decisions.retain(|decision| decision.stack == *stack);
        retain_of_stack(&mut proposals, stack, report, &decisions);
        Self {
            proposals,
            decisions,
        }
    }

    /// Returns all pull requests of the stack.
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// Returns the pull requests that list a finding.
    pub fn proposals_of(&self, finding: &FindingId) -> Vec<Proposal> {
        let is_ignored = self.decision(finding).is_some_and(ignores);
        let lists = |proposal: &&Proposal| {
            let is_of_stack = proposal.kind() != ProposalKind::Accept || is_ignored;
            proposal.findings.contains(&finding.0) && (is_of_stack || !proposal.state.is_open())
        };
        self.proposals.iter().filter(lists).cloned().collect()
    }

    /// Returns the decision about a finding.
    pub fn decision(&self, finding: &FindingId) -> Option<&Decision> {
        let mut decisions = self.decisions.iter();
        decisions.find(|decision| decision.finding == *finding)
    }

    /// Returns the open pull request that does what is to be done about a finding.
    pub(super) fn open_pull(&self, finding: &Finding) -> Option<&Proposal> {
        let is_ignored = self.decision(&finding.id).is_some_and(ignores);
        let mut open = self.proposals.iter().filter(|it| it.state.is_open());
        open.find(|proposal| {
            let accepts = proposal.kind() == ProposalKind::Accept;
            accepts == is_ignored && proposal.findings.contains(&finding.id.0)
        })
    }
}

/// Keeps the pull requests that are about a stack.
fn retain_of_stack(
    proposals: &mut Vec<Proposal>,
    stack: &StackName,
    report: Option<&StackReport>,
    decisions: &[Decision],
) {
    let scanned = report.and_then(|report| report.outcome.as_ref().ok());
    let known = scanned.into_iter().flat_map(|scanned| {
        let all = scanned.findings.iter().chain(&scanned.set_aside);
        all.map(|finding| finding.id.0.as_str())
    });
    let known: HashSet<_> = known.collect();
    let ignored = decisions.iter().filter(|decision| ignores(decision));
    let ignored: HashSet<_> = ignored.map(|it| it.finding.0.as_str()).collect();
    proposals.retain(|proposal| {
        // The same drift may be a finding of several stacks: while it is open, a decision names the stack.
        let accepted = match proposal.state.is_open() {
            true => &ignored,
            false => &known,
        };
        let mut listed = proposal.findings.iter();
        proposal.stack == stack.as_str()
            || (proposal.kind() == ProposalKind::Accept
                && listed.any(|id| accepted.contains(id.as_str())))
    });
}

fn ignores(decision: &Decision) -> bool {
    matches!(decision.choice, Choice::Ignore { .. })
}
