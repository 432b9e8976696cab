//! Opens, updates and closes the pull requests of a stack as `pulls` decides.

use super::outcome::record_outcomes;
use super::reviewers;
use crate::github::{GithubError, ProposeOutcome, ProposedPullRequest};
use crate::jobs::context::RepositoryContext;
use crate::model::{
    Choice, Decision, FindingId, Proposal, ProposalState, Scanned, StackName, StackReport, Tree,
};
use crate::patch::{self, Changed, MARKER};
use crate::pulls::{
    CloseReason, DecisionIndex, Limits, Pass, PullAction, PullGroup, QueueReason, Resolution,
    Situation, group, is_over,
};
use crate::report::{self, PullRequestContent, StackPulls};
use crate::settings::PullRequests;
use anyhow::Context;
use std::collections::BTreeSet;

/// The comment on a closed pull request whose findings are resolved.
const RESOLVED: &str =
    "The last scan found none of this any more: AWS and the code agree. Closed by DriftGuard.";
/// The comment on a closed pull request whose findings are fixed elsewhere.
const REGROUPED: &str = "The findings of this pull request were decided otherwise, or are now in another one. Closed \
                         by DriftGuard.";
/// The comment, written once, for a person who commits to a branch of DriftGuard's.
const TAKEN_OVER: &str = "Somebody committed to this branch, so it is yours now: DriftGuard leaves it alone, and no \
                          longer updates or closes it. To recreate it from the last scan, without those commits, \
                          tick the box in the description.";

/// Proposes the fixes of stacks.
pub(in crate::jobs) struct Proposer<'a> {
    pub context: &'a RepositoryContext<'a>,
    pub settings: &'a PullRequests,
    pub tree: &'a Tree,
    /// The time in epoch milliseconds.
    pub now: i64,
}

/// The inputs of a stack's pull requests.
struct StackFixes<'a> {
    report: &'a StackReport,
    scanned: &'a Scanned,
    decisions: &'a [Decision],
}

impl Proposer<'_> {
    /// Updates the pull requests of a stack to the findings of a scan.
    pub(in crate::jobs) async fn propose(
        &self,
        report: &StackReport,
    ) -> anyhow::Result<StackPulls> {
        let (tenant, id) = (&self.context.tenant, self.context.id);
        let stack = &report.name;
        record_outcomes(self.context, stack.as_str(), self.now).await?;
        let proposals = tenant.proposals(id).await?;
        let Ok(scanned) = &report.outcome else {
            return Ok(StackPulls {
                open: open_of(stack, &proposals),
                ..StackPulls::default()
            });
        };
        let mut resolution = Resolution::new(scanned);
        let mut earlier = self.context.reports(stack);
        while let Some((report, _)) = earlier.next().await? {
            resolution.add_earlier(report);
        }
        let decisions = tenant.decisions(id).await?;
        let index = DecisionIndex::new(stack, &decisions);
        let by = self.settings.group;
        let nothing_refused = BTreeSet::new();
        let groups = group(stack, &scanned.findings, &index, &proposals, by);
        let mut pass = Pass::new(Situation {
            stack,
            proposals: &proposals,
            findings: &scanned.findings,
            groups: &groups,
            decisions: &decisions,
            resolution: &resolution,
            limits: Limits {
                open: self.settings.limit,
                per_hour: self.settings.per_hour,
            },
            refused: &nothing_refused,
            now: self.now,
        });
        let fixes = StackFixes {
            report,
            scanned,
            decisions: &decisions,
        };
        let mut pulls = StackPulls::default();
        while let Some(action) = pass.next_action() {
            self.apply(action, &fixes, &mut pass, &mut pulls).await?;
        }
        self.delete_decisions(stack, &resolution, &decisions)
            .await?;
        Ok(pulls)
    }

    /// Applies the decision about one pull request.
    async fn apply<'f>(
        &self,
        action: PullAction<'f>,
        fixes: &StackFixes<'f>,
        pass: &mut Pass<'_, 'f>,
        pulls: &mut StackPulls,
    ) -> anyhow::Result<()> {
        match action {
            PullAction::Remind(decision) => self.remind(&decision, fixes).await?,
            PullAction::Open { group } => {
                let opened = self.write(fixes, &group, None).await;
                take_in(opened, &group, pass, pulls)?;
            }
            PullAction::Update { group, before } => {
                let updated = self.write(fixes, &group, Some(&before)).await;
                take_in(updated, &group, pass, pulls)?;
            }
            PullAction::Keep { proposal } => list(pulls, &proposal),
            PullAction::Queue { group, reason } => match reason {
                QueueReason::Limit => pulls.queued += 1,
                QueueReason::Undecided(rest) => pulls.refused.push(report::undecided(&rest)),
                QueueReason::ListedIn(number) => pulls.refused.push(format!(
                    "No pull request from `{}` yet: #{number} lists its findings, and is left as it is",
                    group.branch
                )),
            },
            PullAction::Close { proposal, reason } => {
                if !self.close(&proposal, reason).await? {
                    list(pulls, &proposal);
                }
            }
        }
        Ok(())
    }

    /// Opens or updates the pull request of a group.
    async fn write(
        &self,
        fixes: &StackFixes<'_>,
        group: &PullGroup<'_>,
        open: Option<&Proposal>,
    ) -> anyhow::Result<Proposal> {
        let RepositoryContext {
            tenant,
            repository,
            head,
            ..
        } = self.context;
        let report = fixes.report;
        let files = files(self.tree, report, group);
        let content = PullRequestContent {
            stack: report,
            scanned: fixes.scanned,
            direction: group.direction,
            carried: &group.findings,
            tells_rest: group.tells_rest,
        };
        let text = report::pull_request(&content).context("while writing a pull request")?;
        let reviewers = reviewers::of(self.settings, self.tree, &files, repository.owner());
        let proposed = ProposedPullRequest {
            branch: &group.branch,
            base: &head.default_branch,
            commit: &head.commit,
            title: &text.title,
            body: &text.body,
            message: &text.message,
            files: &files,
            labels: &self.settings.labels,
            reviewers: &reviewers,
            draft: self.settings.draft,
            recreate: open.is_some_and(|open| open.recreate),
            known: open.map(|open| open.number),
        };
        let proposing = repository.propose(&proposed).await?;
        let proposal = self.record(fixes, group, open, proposing);
        if let ProposeOutcome::TakenOver(number) = proposing {
            tracing::info!(number, "a person took the pull request over");
            repository
                .upsert_comment(number, "taken over", "", TAKEN_OVER)
                .await?;
        }
        tenant.save_proposal(&proposal).await?;
        Ok(proposal)
    }

    /// Returns the pull request after a write. One that a person took over keeps its list.
    fn record(
        &self,
        fixes: &StackFixes<'_>,
        group: &PullGroup<'_>,
        open: Option<&Proposal>,
        proposing: ProposeOutcome,
    ) -> Proposal {
        let same = open.filter(|open| open.number == proposing.number());
        let listed = group.findings.iter().map(|finding| finding.id.to_string());
        let is_taken_over = matches!(proposing, ProposeOutcome::TakenOver(_));
        let before = open.filter(|_| is_taken_over);
        Proposal {
            repository: self.context.id,
            branch: group.branch.clone(),
            stack: fixes.report.name.to_string(),
            number: proposing.number(),
            state: if is_taken_over {
                ProposalState::TakenOver
            } else {
                ProposalState::Open
            },
            findings: before.map_or_else(|| listed.collect(), |open| open.findings.clone()),
            opened_at: same.map_or(self.now, |same| same.opened_at),
            changed_at: self.now,
            recreate: false,
            closed_by: String::new(),
        }
    }

    /// Closes a pull request, unless a person took it over; returns whether it is closed.
    async fn close(&self, open: &Proposal, reason: CloseReason) -> anyhow::Result<bool> {
        let why = match reason {
            CloseReason::Resolved => RESOLVED,
            CloseReason::Regrouped => REGROUPED,
        };
        let repository = &self.context.repository;
        if repository.withdraw(&open.branch, why).await?.is_none() {
            return Ok(false);
        }
        let closed = Proposal {
            state: ProposalState::Closed,
            changed_at: self.now,
            ..open.clone()
        };
        self.context.tenant.save_proposal(&closed).await?;
        Ok(true)
    }

    /// Reminds, once, of a merged restore that is not applied.
    async fn remind(&self, decision: &Decision, fixes: &StackFixes<'_>) -> anyhow::Result<()> {
        let Choice::Applying { pull, .. } = decision.choice else {
            return Ok(());
        };
        let text = report::late(fixes.report, fixes.scanned, fixes.decisions, pull);
        let repository = &self.context.repository;
        repository.upsert_comment(pull, "late", "", &text).await?;
        let reminded = Decision {
            choice: Choice::Applying {
                pull,
                reminded: true,
            },
            ..decision.clone()
        };
        let tenant = &self.context.tenant;
        tenant.save_decision(self.context.id, &reminded).await
    }

    /// Deletes the decisions that are over.
    async fn delete_decisions(
        &self,
        stack: &StackName,
        resolution: &Resolution<'_>,
        decisions: &[Decision],
    ) -> anyhow::Result<()> {
        let (tenant, id) = (&self.context.tenant, self.context.id);
        for decision in decisions.iter().filter(|decision| decision.stack == *stack) {
            if is_over(decision, resolution, self.now) {
                tenant
                    .delete_decision(id, stack, &decision.finding.0)
                    .await?;
            }
        }
        Ok(())
    }
}

/// Returns the numbers of a stack's open pull requests.
fn open_of(stack: &StackName, proposals: &[Proposal]) -> Vec<u64> {
    let open = proposals
        .iter()
        .filter(|proposal| proposal.stack == stack.as_str() && proposal.state.is_open());
    open.map(|proposal| proposal.number).collect()
}

/// Adds an open pull request to those of its stack, with the findings that it lists.
fn list(pulls: &mut StackPulls, proposal: &Proposal) {
    pulls.open.push(proposal.number);
    let ids = proposal.findings.iter().cloned().map(FindingId);
    pulls.carried.extend(ids.map(|id| (id, proposal.number)));
}

/// Records how a pull request was opened or updated. If a rule of the repository forbids one, the scan still succeeds.
fn take_in(
    written: anyhow::Result<Proposal>,
    group: &PullGroup<'_>,
    pass: &mut Pass<'_, '_>,
    pulls: &mut StackPulls,
) -> anyhow::Result<()> {
    let error = match written {
        Ok(proposal) => {
            list(pulls, &proposal);
            pass.record(proposal);
            return Ok(());
        }
        Err(error) => error,
    };
    match error.downcast_ref::<GithubError>() {
        Some(refused) if refused.is_refusal() => {
            let branch = &group.branch;
            let problem = format!("{error:#}");
            tracing::warn!(branch, error = problem, "a pull request was refused");
            let sentence = format!("No pull request from `{branch}`: {problem}");
            pulls.refused.push(sentence);
            pass.record_refusal(branch);
            Ok(())
        }
        _ => Err(error),
    }
}

/// Returns the changed files; where the code is right already, the file that carries the marker.
fn files(tree: &Tree, stack: &StackReport, group: &PullGroup<'_>) -> Changed {
    let mut files = patch::files(tree, &group.findings);
    let bare: Vec<_> = group
        .findings
        .iter()
        .filter(|finding| finding.fix.as_ref().is_some_and(|fix| fix.edits.is_empty()))
        .copied()
        .collect();
    if !bare.is_empty() {
        let path = Tree::join(&stack.path, MARKER).unwrap_or_else(|| MARKER.to_owned());
        files.insert(path, patch::marker(&bare).into_bytes());
    }
    files
}
