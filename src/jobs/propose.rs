//! A stack's rolling pull requests: one a direction, opened, updated, left alone or closed.

use super::now;
use crate::github::{Head, Proposed, Proposing, Repository};
use crate::model::{Finding, RepositoryId, Scanned, StackReport, Status, Tree};
use crate::patch::{self, Changed, MARKER};
use crate::report::{self, Direction};
use crate::settings::PullRequests;
use crate::store::{Proposal, ProposalState, Tenant};
use anyhow::Context;

/// How long a merged restore waits for its apply, in milliseconds.
const APPLY: i64 = 7 * 24 * 60 * 60 * 1000;
/// What a pull request is closed with.
const RESOLVED: &str =
    "The last scan found none of this any more: AWS and the code agree. Closed by DriftGuard.";

/// What proposing needs.
pub(super) struct Proposer<'a> {
    pub tenant: &'a Tenant<'a>,
    pub id: RepositoryId,
    pub repository: &'a Repository,
    pub head: &'a Head,
    pub settings: &'a PullRequests,
    pub tree: &'a Tree,
}

impl Proposer<'_> {
    /// Brings both pull requests of a stack to what the scan says: the numbers of those that are open.
    pub(super) async fn propose(&self, stack: &StackReport) -> anyhow::Result<Vec<u64>> {
        let Ok(scanned) = &stack.outcome else {
            return Ok(Vec::new());
        };
        let mut open = Vec::new();
        for direction in Direction::ALL {
            open.extend(self.one(stack, scanned, direction).await?);
        }
        Ok(open)
    }

    async fn one(
        &self,
        stack: &StackReport,
        scanned: &Scanned,
        direction: Direction,
    ) -> anyhow::Result<Option<u64>> {
        let branch = format!("driftguard/{}/{}", stack.name, direction.as_str());
        let carried: Vec<_> = scanned
            .findings
            .iter()
            .filter(|finding| report::carries(direction, finding))
            .collect();
        let known = self.tenant.proposal(self.id, &branch).await?;
        if carried.is_empty() {
            if is_whole(scanned) {
                self.withdraw(&branch, known).await?;
            }
            return Ok(None);
        }
        let ids: Vec<_> = carried
            .iter()
            .map(|finding| finding.id.to_string())
            .collect();
        let fingerprint = ids.join(" ");
        if known.is_some_and(|known| rests(&known, &fingerprint, direction)) {
            return Ok(None);
        }
        let files = files(self.tree, stack, &carried);
        let text = report::pull_request(stack, scanned, direction)
            .context("while writing a pull request")?;
        let wanted = Proposed {
            branch: &branch,
            base: &self.head.default_branch,
            commit: &self.head.commit,
            title: &text.title,
            body: &text.body,
            message: &text.message,
            files: &files,
            labels: &self.settings.labels,
            draft: self.settings.draft,
        };
        let proposing = self.repository.propose(&wanted).await?;
        let number = proposing.number();
        if let Proposing::TakenOver(_) = proposing {
            tracing::info!(number, "a person took the pull request over");
        }
        let proposal = Proposal {
            repository: self.id,
            branch: branch.clone(),
            stack: stack.name.to_string(),
            number,
            state: ProposalState::Open,
            findings: ids,
            fingerprint,
            changed_at: now(),
        };
        self.tenant.keep_proposal(&proposal).await?;
        Ok(Some(number))
    }

    /// Closes a pull request whose drift is gone.
    async fn withdraw(&self, branch: &str, known: Option<Proposal>) -> anyhow::Result<()> {
        let Some(known) = known.filter(|known| known.state == ProposalState::Open) else {
            return Ok(());
        };
        if self.repository.withdraw(branch, RESOLVED).await?.is_some() {
            let closed = Proposal {
                state: ProposalState::Closed,
                changed_at: now(),
                ..known
            };
            self.tenant.keep_proposal(&closed).await?;
        }
        Ok(())
    }
}

/// Whether a human's answer to these very findings still stands.
fn rests(known: &Proposal, fingerprint: &str, direction: Direction) -> bool {
    let same = known.fingerprint == fingerprint;
    let waits = direction == Direction::Restore && now() - known.changed_at < APPLY;
    match known.state {
        ProposalState::Declined => same,
        ProposalState::Merged => same && waits,
        ProposalState::Open | ProposalState::Closed => false,
    }
}

/// Whether everything was looked at that can be: what was not may still be as it was.
fn is_whole(scanned: &Scanned) -> bool {
    let looked = |status: Status| matches!(status, Status::Checked | Status::Unsupported);
    scanned.coverage.iter().all(|row| looked(row.status))
}

/// The files that change; where the code is right already, the one that carries the text.
fn files(tree: &Tree, stack: &StackReport, carried: &[&Finding]) -> Changed {
    let mut files = patch::files(tree, carried);
    let bare = |finding: &&&Finding| finding.fix.as_ref().is_some_and(|fix| fix.edits.is_empty());
    let bare: Vec<_> = carried.iter().filter(bare).copied().collect();
    if !bare.is_empty() {
        let path = Tree::join(&stack.path, MARKER).unwrap_or_else(|| MARKER.to_owned());
        files.insert(path, patch::marker(&bare).into_bytes());
    }
    files
}
