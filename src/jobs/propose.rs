//! A stack's rolling pull requests: opened, updated, left alone or closed.

use super::bot::Visit;
use super::decline;
use super::groups::{Group, groups};
use super::plan::Decided;
use super::sight::Sight;
use crate::github::{GithubError, Proposed, Proposing};
use crate::model::{Choice, Decision, Finding, Scanned, StackReport, Tree, Undecided};
use crate::patch::{self, Changed, MARKER};
use crate::report::{self, Direction, PullRequestContent};
use crate::settings::PullRequests;
use crate::store::{Proposal, ProposalState};
use anyhow::Context;
use std::collections::BTreeSet;

/// How long a merged restore waits for its apply, in milliseconds.
const APPLY: i64 = 7 * 24 * 60 * 60 * 1000;
/// An hour, in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;
/// What a pull request is closed with.
const RESOLVED: &str =
    "The last scan found none of this any more: AWS and the code agree. Closed by DriftGuard.";
/// What a pull request is closed with whose drift stands, and goes another way.
const REGROUPED: &str = "What this pull request carried was decided otherwise, or is carried by another one now. Closed \
                         by DriftGuard.";
/// What is said once to whoever commits to a branch of DriftGuard's.
const TAKEN_OVER: &str = "Somebody committed to this branch, so it is yours now: DriftGuard leaves it alone, and no \
                          longer updates or closes it. To have it made anew from the last scan, without those commits, \
                          tick the box in the description.";

/// What proposing needs.
pub(super) struct Proposer<'a> {
    pub visit: &'a Visit<'a>,
    pub settings: &'a PullRequests,
    pub tree: &'a Tree,
    /// In epoch milliseconds.
    pub now: i64,
}

/// What became of a stack's fixes.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The numbers of its open pull requests.
    pub pulls: Vec<u64>,
    /// How many wait until fewer are open.
    pub held: usize,
    /// Why some are not open: GitHub did not take them, or they were closed and not declined.
    pub refused: Vec<String>,
}

impl Proposer<'_> {
    /// Brings the pull requests of a stack to what the scan says.
    pub(super) async fn propose(&self, stack: &StackReport) -> anyhow::Result<Outcome> {
        let Visit { tenant, id, .. } = self.visit;
        decline::learn(self.visit, stack.name.as_str(), self.now).await?;
        let mut known = tenant.proposals(*id).await?;
        let of_stack =
            |proposal: &Proposal| proposal.stack == stack.name.as_str() && proposal.state.is_open();
        let mut outcome = Outcome::default();
        let Ok(scanned) = &stack.outcome else {
            let open = known.iter().filter(|proposal| of_stack(proposal));
            outcome.pulls = open.map(|proposal| proposal.number).collect();
            return Ok(outcome);
        };
        let earlier = self.visit.reports(&stack.name).await?.into_iter();
        let sight = Sight::new(scanned, earlier.map(|(report, _)| report));
        let decisions = self.visit.tenant.decisions(self.visit.id).await?;
        self.remind(stack, scanned, &decisions).await?;
        let groups = self.groups(stack, scanned, &decisions, &known);
        // What found no place in its own pull request keeps the one it has.
        let mut homeless: BTreeSet<&str> = BTreeSet::new();
        let telling = telling(&groups, &known);
        for group in &groups {
            let at = known.iter().position(|one| one.branch == group.branch);
            let before = at.map(|at| known[at].clone());
            let open = before.as_ref().filter(|one| one.state.is_open());
            if let Some(open) = open.filter(|open| sight.loses(&open.findings)) {
                // What this scan could not see or try may still be there.
                outcome.pulls.push(open.number);
                continue;
            }
            if let Some(undecided) = self.rests(group, before.as_ref(), &decisions) {
                outcome.refused.push(report::undecided(&undecided));
                continue;
            }
            if open.is_none() && !group.urgent && self.is_full(&known) {
                outcome.held += 1;
                continue;
            }
            let content = PullRequestContent {
                stack,
                scanned,
                direction: group.direction,
                carried: &group.findings,
                tells_rest: telling == Some(group.branch.as_str()),
            };
            match self.one(&content, group, before).await {
                Ok(after) => {
                    outcome.pulls.push(after.number);
                    match at {
                        Some(at) => known[at] = after,
                        None => known.push(after),
                    }
                }
                Err(error) => {
                    outcome.refused.push(refused(error, group)?);
                    homeless.extend(group.findings.iter().map(|one| one.id.0.as_str()));
                }
            }
        }
        let wanted: BTreeSet<_> = groups.iter().map(|group| group.branch.as_str()).collect();
        for proposal in known.iter().filter(|proposal| of_stack(proposal)) {
            if wanted.contains(proposal.branch.as_str()) {
                continue;
            }
            let needed = |id: &String| homeless.contains(id.as_str());
            if sight.loses(&proposal.findings) || proposal.findings.iter().any(needed) {
                outcome.pulls.push(proposal.number);
                continue;
            }
            let why = match proposal.findings.iter().any(|id| sight.has(id)) {
                true => REGROUPED,
                false => RESOLVED,
            };
            outcome.pulls.extend(self.withdraw(proposal, why).await?);
        }
        self.forget(stack, &sight, &decisions).await?;
        Ok(outcome)
    }

    /// What each pull request is to carry. What came after a person took one over goes into another.
    fn groups<'a>(
        &self,
        stack: &StackReport,
        scanned: &'a Scanned,
        decisions: &[Decision],
        known: &[Proposal],
    ) -> Vec<Group<'a>> {
        let decided = Decided::of(&stack.name, decisions);
        let open_to_fix = |finding: &&Finding| {
            let decision = decided.about(finding);
            !decision.is_some_and(|decision| decision.choice.rests())
        };
        let carried: Vec<_> = scanned.findings.iter().filter(open_to_fix).collect();
        let chosen: BTreeSet<_> = decisions
            .iter()
            .filter(|one| one.stack == stack.name && one.choice.is_order())
            .map(|one| one.finding.clone())
            .collect();
        let groups = groups(&stack.name, &carried, self.settings.group, &chosen);
        let taken = |branch: &str| {
            let mut known = known.iter();
            known.find(|one| {
                one.branch == branch && one.state == ProposalState::TakenOver && !one.anew
            })
        };
        let split = |group: Group<'a>| match taken(&group.branch) {
            Some(theirs) => group.beside(&theirs.findings),
            None => vec![group],
        };
        groups.into_iter().flat_map(split).collect()
    }

    /// Whether the fixes of a group rest because somebody who cannot decline them closed their pull request. What is new
    /// among them, or was asked for since, ends that.
    fn rests(
        &self,
        group: &Group<'_>,
        before: Option<&Proposal>,
        decisions: &[Decision],
    ) -> Option<Undecided> {
        let before = before?;
        let is_asked = |finding: &Finding| {
            let mut since = decisions.iter();
            since.any(|one| {
                one.finding == finding.id
                    && one.choice.is_order()
                    && one.decided_at > before.changed_at
            })
        };
        let is_same =
            |finding: &&Finding| before.findings.contains(&finding.id.0) && !is_asked(finding);
        decline::undecided(before, self.now).filter(|_| group.findings.iter().all(is_same))
    }

    /// Whether as many pull requests are open, or were opened within the hour, as may be.
    fn is_full(&self, known: &[Proposal]) -> bool {
        // Those that bring or add to the settings belong to no stack.
        let fixes = || known.iter().filter(|one| !one.stack.is_empty());
        let open = fixes().filter(|one| one.state.is_open()).count();
        let recent = fixes()
            .filter(|one| one.opened_at > self.now - HOUR)
            .count();
        open >= self.settings.limit || recent >= self.settings.per_hour
    }

    async fn one(
        &self,
        content: &PullRequestContent<'_>,
        group: &Group<'_>,
        known: Option<Proposal>,
    ) -> anyhow::Result<Proposal> {
        let stack = content.stack;
        let Visit {
            tenant,
            id,
            repository,
            head,
            ..
        } = self.visit;
        let files = files(self.tree, stack, group);
        let text = report::pull_request(content).context("while writing a pull request")?;
        let open = known.filter(|known| known.state.is_open());
        let reviewers = super::reviewers::of(self.settings, self.tree, &files, repository.owner());
        let wanted = Proposed {
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
            anew: open.as_ref().is_some_and(|open| open.anew),
            known: open.as_ref().map(|open| open.number),
        };
        let proposing = repository.propose(&wanted).await?;
        let number = proposing.number();
        let mut state = ProposalState::Open;
        let mut findings: Vec<_> = group
            .findings
            .iter()
            .map(|one| one.id.to_string())
            .collect();
        if let Proposing::TakenOver(number) = proposing {
            tracing::info!(number, "a person took the pull request over");
            repository.say(number, "taken over", "", TAKEN_OVER).await?;
            state = ProposalState::TakenOver;
            // It carries what it carried.
            if let Some(open) = &open {
                findings.clone_from(&open.findings);
            }
        }
        let same = open.filter(|open| open.number == number);
        let proposal = Proposal {
            repository: *id,
            branch: group.branch.clone(),
            stack: stack.name.to_string(),
            number,
            state,
            findings,
            opened_at: same.map_or(self.now, |same| same.opened_at),
            changed_at: self.now,
            anew: false,
            closed_by: String::new(),
        };
        tenant.keep_proposal(&proposal).await?;
        Ok(proposal)
    }

    /// Closes a pull request, unless a person took it over: its number, if it stays open.
    async fn withdraw(&self, known: &Proposal, why: &str) -> anyhow::Result<Option<u64>> {
        let closed = self.visit.repository.withdraw(&known.branch, why).await?;
        if closed.is_none() {
            return Ok(Some(known.number));
        }
        let closed = Proposal {
            state: ProposalState::Closed,
            changed_at: self.now,
            ..known.clone()
        };
        self.visit.tenant.keep_proposal(&closed).await?;
        Ok(None)
    }

    /// Says once that a merged restore still waits for its apply.
    async fn remind(
        &self,
        stack: &StackReport,
        scanned: &Scanned,
        decisions: &[Decision],
    ) -> anyhow::Result<()> {
        let decided = Decided::of(&stack.name, decisions);
        for finding in &scanned.findings {
            let Some(decision) = decided.about(finding) else {
                continue;
            };
            let Choice::Applying {
                pull,
                reminded: false,
            } = decision.choice
            else {
                continue;
            };
            if self.now - decision.decided_at < APPLY {
                continue;
            }
            let text = report::late(stack, scanned, decisions, pull);
            self.visit.repository.say(pull, "late", "", &text).await?;
            let reminded = Decision {
                choice: Choice::Applying {
                    pull,
                    reminded: true,
                },
                ..decision.clone()
            };
            self.visit.tenant.decide(self.visit.id, &reminded).await?;
        }
        Ok(())
    }

    /// Forgets what was decided about findings that are gone: should they come back, they are new.
    async fn forget(
        &self,
        stack: &StackReport,
        sight: &Sight<'_>,
        decisions: &[Decision],
    ) -> anyhow::Result<()> {
        let today = report::day(self.now);
        for decision in decisions.iter().filter(|one| one.stack == stack.name) {
            let finding = &decision.finding.0;
            let gone = sight.is_gone(finding);
            let over = match &decision.choice {
                Choice::Snooze { until } => *until <= self.now,
                // It ran out, or the settings say it now.
                Choice::Ignore { until, .. } => {
                    let ran_out = until.as_ref().is_some_and(|day| *day < today);
                    gone || ran_out || (sight.has(finding) && !sight.stands(finding))
                }
                _ => gone,
            };
            if over {
                let tenant = &self.visit.tenant;
                tenant.undecide(self.visit.id, &stack.name, finding).await?;
            }
        }
        Ok(())
    }
}

/// The pull request of a stack that also tells what needs a person: a restore, else an adopt. One that is open comes before
/// one that may have to wait.
fn telling<'a>(groups: &'a [Group<'_>], known: &[Proposal]) -> Option<&'a str> {
    let is_open = |group: &Group<'_>| {
        let mut known = known.iter();
        known.any(|one| one.branch == group.branch && one.state == ProposalState::Open)
    };
    let rank = |group: &&Group<'_>| {
        let waits = !is_open(group) && !group.urgent;
        (waits, group.direction != Direction::Restore)
    };
    groups
        .iter()
        .min_by_key(rank)
        .map(|group| group.branch.as_str())
}

/// What is told of a pull request that GitHub does not take: a rule of the repository's is no reason to have no scan.
fn refused(error: anyhow::Error, group: &Group<'_>) -> anyhow::Result<String> {
    match error.downcast_ref::<GithubError>() {
        Some(refused) if refused.is_refusal() => {
            tracing::warn!(
                branch = group.branch,
                error = format!("{error:#}"),
                "a pull request was refused"
            );
            Ok(format!(
                "No pull request from `{}`: {error:#}",
                group.branch
            ))
        }
        _ => Err(error),
    }
}

/// The files that change; where the code is right already, the one that carries the text.
fn files(tree: &Tree, stack: &StackReport, group: &Group<'_>) -> Changed {
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
