//! Decides what to do about each pull request of a stack.

use super::{DecisionIndex, PullGroup, Resolution, undecided};
use crate::model::{Choice, Decision, Finding, Proposal, ProposalState, StackName, Undecided};
use std::collections::{BTreeSet, HashMap};

/// How long a merged restore may wait for its apply before DriftGuard comments on its pull request, in milliseconds.
const APPLY_TIMEOUT: i64 = 7 * 24 * 60 * 60 * 1000;

/// An hour, in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// The limits on a repository's pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many may be open at once.
    pub open: usize,
    /// How many may be opened within an hour.
    pub per_hour: usize,
}

/// The facts from which the pull requests of a stack are decided.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'s, 'f> {
    /// The stack.
    pub stack: &'s StackName,
    /// The pull requests of the stack's repository: the last one of each branch.
    pub proposals: &'s [Proposal],
    /// The findings of the scan.
    pub findings: &'f [Finding],
    /// The groups of findings that share a pull request.
    pub groups: &'s [PullGroup<'f>],
    /// The decisions of people about findings of the repository.
    pub decisions: &'s [Decision],
    /// Tells which of the findings that pull requests list are resolved.
    pub resolution: &'s Resolution<'f>,
    /// The limits on the repository's pull requests.
    pub limits: Limits,
    /// The branches whose pull requests GitHub refused in this run.
    pub refused: &'s BTreeSet<String>,
    /// The time in epoch milliseconds.
    pub now: i64,
}

/// One action on a pull request.
///
/// Only GitHub knows whether a person committed to a branch: an update or a close leaves such a pull request as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum PullAction<'f> {
    /// Comment once on a merged restore that still waits for its apply.
    Remind(Decision),
    /// Open a pull request on a branch that has no open one.
    Open {
        /// The findings that the pull request fixes.
        group: PullGroup<'f>,
    },
    /// Update an open pull request to what the scan found.
    Update {
        /// The findings that the pull request fixes.
        group: PullGroup<'f>,
        /// The pull request before the update.
        before: Proposal,
    },
    /// Leave an open pull request as it is: the scan did not check everything that it lists, or GitHub refused a
    /// change.
    Keep {
        /// The pull request.
        proposal: Proposal,
    },
    /// Open nothing yet.
    Queue {
        /// The findings that are fixed later.
        group: PullGroup<'f>,
        /// Why they wait.
        reason: QueueReason,
    },
    /// Close an open pull request.
    Close {
        /// The pull request.
        proposal: Proposal,
        /// Why it is closed.
        reason: CloseReason,
    },
}

/// Why the fixes of a group wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueReason {
    /// The limit of open pull requests, or of those opened within an hour, is reached.
    Limit,
    /// Somebody without write permission, or a bot, closed their pull request.
    Undecided(Undecided),
    /// The open pull request with this number lists the findings, and is left as it is.
    ListedIn(u64),
}

/// Why a pull request is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// All findings that it lists are resolved.
    Resolved,
    /// Its findings are still open, but were decided otherwise, or another pull request fixes them.
    Regrouped,
}

impl PullAction<'_> {
    /// Returns the branch of the pull request; `None` for a merged one.
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::Remind(_) => None,
            Self::Open { group } | Self::Update { group, .. } | Self::Queue { group, .. } => {
                Some(&group.branch)
            }
            Self::Keep { proposal } | Self::Close { proposal, .. } => Some(&proposal.branch),
        }
    }
}

/// Decides what to do about each pull request of a stack, and in which order.
///
/// No finding is listed in two pull requests that DriftGuard maintains, no fix is proposed that a person declined, and
/// no pull request is closed that lists a finding which was not checked.
pub fn decide<'f>(situation: &Situation<'_, 'f>) -> Vec<PullAction<'f>> {
    let mut decider = Decider {
        situation,
        decisions: DecisionIndex::new(situation.stack, situation.decisions),
        listed: Listed::new(situation),
        room: OpenSlots::new(situation),
    };
    let mut actions = reminders(situation, &decider.decisions);
    let mut grouped = BTreeSet::new();
    for group in situation.groups {
        if let Some(action) = decider.act_on(group) {
            grouped.insert(group.branch.as_str());
            actions.push(action);
        }
    }
    let ungrouped = situation.open_proposals();
    let ungrouped = ungrouped.filter(|proposal| !grouped.contains(proposal.branch.as_str()));
    actions.extend(ungrouped.map(|proposal| situation.close_or_keep(proposal)));
    actions
}

/// Returns reminders of the merged restores whose apply is late.
fn reminders<'f>(
    situation: &Situation<'_, 'f>,
    decisions: &DecisionIndex<'_>,
) -> Vec<PullAction<'f>> {
    let is_late = |decision: &&Decision| {
        let is_waiting = matches!(
            decision.choice,
            Choice::Applying {
                reminded: false,
                ..
            }
        );
        is_waiting && situation.now - decision.decided_at >= APPLY_TIMEOUT
    };
    let findings = situation.findings.iter();
    let late = findings.filter_map(|finding| decisions.about(finding).filter(is_late));
    late.cloned().map(PullAction::Remind).collect()
}

/// Decides group by group, and counts the pull requests to open.
struct Decider<'s, 'f> {
    situation: &'s Situation<'s, 'f>,
    decisions: DecisionIndex<'s>,
    listed: Listed<'s>,
    room: OpenSlots,
}

impl<'f> Decider<'_, 'f> {
    /// Decides what to do about the pull request of a group; `None` where it has none and needs none.
    fn act_on(&mut self, group: &PullGroup<'f>) -> Option<PullAction<'f>> {
        let situation = self.situation;
        let mut proposals = situation.proposals.iter();
        let before = proposals.find(|proposal| proposal.branch == group.branch);
        let open = before.filter(|proposal| proposal.state.is_open());
        if let Some(proposal) = open.filter(|proposal| situation.is_kept(proposal)) {
            let proposal = proposal.clone();
            return Some(PullAction::Keep { proposal });
        }
        if situation.refused.contains(&group.branch) {
            return None;
        }
        let (group, listed_in) = self.without_listed(group);
        if let Some(number) = listed_in {
            let reason = QueueReason::ListedIn(number);
            return open
                .is_none()
                .then_some(PullAction::Queue { group, reason });
        }
        if let Some(undecided) = before.and_then(|before| situation.rest_of(&group, before)) {
            let reason = QueueReason::Undecided(undecided);
            return Some(PullAction::Queue { group, reason });
        }
        if let Some(before) = open.cloned() {
            return Some(PullAction::Update { group, before });
        }
        if !group.urgent && self.room.is_full(situation.limits) {
            let reason = QueueReason::Limit;
            return Some(PullAction::Queue { group, reason });
        }
        self.room.open(before);
        Some(PullAction::Open { group })
    }

    /// Returns the group without the findings of other pull requests that are left as they are. If nothing remains,
    /// returns the whole group and the number of one of those pull requests.
    fn without_listed(&self, group: &PullGroup<'f>) -> (PullGroup<'f>, Option<u64>) {
        let listed_in = |finding: &Finding| {
            let is_requested = self.decisions.is_requested(finding);
            self.listed.elsewhere(finding, &group.branch, is_requested)
        };
        let rest = group.without(|finding| listed_in(finding).is_some(), &self.decisions);
        if rest.findings.is_empty() {
            let number = group.findings.iter().find_map(|finding| listed_in(finding));
            return (group.clone(), number);
        }
        (rest, None)
    }
}

impl<'s, 'f> Situation<'s, 'f> {
    /// Returns the open pull requests of the stack.
    fn open_proposals(&self) -> impl Iterator<Item = &'s Proposal> + use<'s, 'f> {
        let stack = self.stack.as_str();
        let proposals = self.proposals.iter();
        proposals.filter(move |proposal| proposal.stack == stack && proposal.state.is_open())
    }

    /// Returns whether an open pull request is left as it is, whatever it lists.
    fn is_kept(&self, proposal: &Proposal) -> bool {
        self.refused.contains(&proposal.branch) || self.resolution.has_unchecked(&proposal.findings)
    }

    /// Returns until when the fixes of a group rest, because a bot or somebody without write permission closed their
    /// pull request. A new finding, or a new request for a fix, ends the rest.
    fn rest_of(&self, group: &PullGroup<'_>, before: &Proposal) -> Option<Undecided> {
        let is_requested_since = |finding: &Finding| {
            let mut decisions = self.decisions.iter();
            decisions.any(|decision| {
                decision.finding == finding.id
                    && decision.choice.requests_pull_request()
                    && decision.decided_at > before.changed_at
            })
        };
        let is_same = |finding: &&Finding| {
            before.findings.contains(&finding.id.0) && !is_requested_since(finding)
        };
        undecided(before, self.now).filter(|_| group.findings.iter().all(is_same))
    }

    /// Decides what to do about an open pull request that belongs to no group any more. It is kept if its findings were
    /// refused a pull request of their own.
    fn close_or_keep(&self, proposal: &Proposal) -> PullAction<'f> {
        let refused = self.groups.iter();
        let mut refused = refused
            .filter(|group| self.refused.contains(&group.branch))
            .flat_map(|group| &group.findings);
        let is_needed = refused.any(|finding| proposal.findings.contains(&finding.id.0));
        let proposal = proposal.clone();
        if self.is_kept(&proposal) || is_needed {
            return PullAction::Keep { proposal };
        }
        let mut listed = proposal.findings.iter();
        let reason = if listed.any(|id| self.resolution.is_known(id)) {
            CloseReason::Regrouped
        } else {
            CloseReason::Resolved
        };
        PullAction::Close { proposal, reason }
    }
}

/// The findings of open pull requests that are left as they are: no other pull request lists them too.
struct Listed<'s>(HashMap<&'s str, Vec<(&'s Proposal, bool)>>);

impl<'s> Listed<'s> {
    fn new(situation: &Situation<'s, '_>) -> Self {
        let mut listed: HashMap<_, Vec<_>> = HashMap::new();
        for proposal in situation.open_proposals() {
            let is_kept = situation.is_kept(proposal);
            let is_persons = proposal.state == ProposalState::TakenOver && !proposal.recreate;
            if is_kept || is_persons {
                for id in &proposal.findings {
                    let listing = listed.entry(id.as_str()).or_default();
                    listing.push((proposal, is_kept));
                }
            }
        }
        Self(listed)
    }

    /// Returns the number of the pull request that lists a finding, except the one on this branch. A pull request that
    /// a person took over gives way to an explicit request.
    fn elsewhere(&self, finding: &Finding, branch: &str, is_requested: bool) -> Option<u64> {
        let mut listing = self.0.get(finding.id.0.as_str())?.iter();
        let found = listing
            .find(|(proposal, is_kept)| proposal.branch != branch && (*is_kept || !is_requested));
        found.map(|(proposal, _)| proposal.number)
    }
}

/// Counts the fixing pull requests of a repository, including those that are about to be opened.
struct OpenSlots {
    open: usize,
    /// How many were opened within the hour.
    recent: usize,
    now: i64,
}

impl OpenSlots {
    fn new(situation: &Situation<'_, '_>) -> Self {
        let now = situation.now;
        // Those that bring or add to the settings belong to no stack.
        let fixes = situation.proposals.iter();
        let fixes = fixes.filter(|proposal| !proposal.stack.is_empty());
        let open = fixes.clone().filter(|proposal| proposal.state.is_open());
        Self {
            open: open.count(),
            recent: fixes.filter(|proposal| is_recent(proposal, now)).count(),
            now,
        }
    }

    fn is_full(&self, limits: Limits) -> bool {
        self.open >= limits.open || self.recent >= limits.per_hour
    }

    /// Counts a pull request that is about to be opened on a branch that had this one before.
    fn open(&mut self, before: Option<&Proposal>) {
        self.open += 1;
        if !before.is_some_and(|before| is_recent(before, self.now)) {
            self.recent += 1;
        }
    }
}

fn is_recent(proposal: &Proposal, now: i64) -> bool {
    proposal.opened_at > now - HOUR
}
