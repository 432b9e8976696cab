//! Properties of whole lives: whatever scans see, people do and GitHub refuses, one after the other.

use super::{DAY, Known, Seen, decision, finding};
use driftguard::model::{
    Choice, Finding, FixKind, Proposal, ProposalState, RepositoryId, Severity,
};
use driftguard::pulls::{Consequence, Pass, PullAction, consequence};
use driftguard::settings::Group;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// How many findings a stack may have.
const FINDINGS: usize = 5;

/// What happens to a pull request, or to a finding, between two scans.
#[derive(Debug, Clone)]
enum Event {
    /// A person merges it.
    Merge(prop::sample::Index),
    /// A person with write permission closes it.
    Decline(prop::sample::Index),
    /// A program closes it.
    Close(prop::sample::Index),
    /// A person commits to its branch.
    TakeOver(prop::sample::Index),
    /// A person wants its branch recreated.
    Recreate(prop::sample::Index),
    /// A person decides about a finding.
    Decide(usize, Choice),
}

/// One day: what happens first, then a scan.
#[derive(Debug, Clone)]
struct Day {
    events: Vec<Event>,
    seen: Vec<Seen>,
    severities: Vec<Severity>,
    group: Group,
    /// Whether GitHub refuses each request, in their order.
    refusals: Vec<bool>,
}

fn a_seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        3 => Just(Seen::Drifts(FixKind::Adopt)),
        3 => Just(Seen::Drifts(FixKind::Restore)),
        1 => Just(Seen::Drifts(FixKind::Refused)),
        1 => Just(Seen::Untried),
        1 => Just(Seen::SetAside),
        2 => Just(Seen::Resolved),
        2 => Just(Seen::NotChecked),
    ]
}

fn an_event() -> impl Strategy<Value = Event> {
    let pull = any::<prop::sample::Index>;
    let choice = prop_oneof![
        Just(Choice::Adopt),
        Just(Choice::Restore),
        Just(Choice::Decline { pull: 1 }),
    ];
    prop_oneof![
        pull().prop_map(Event::Merge),
        pull().prop_map(Event::Decline),
        pull().prop_map(Event::Close),
        pull().prop_map(Event::TakeOver),
        pull().prop_map(Event::Recreate),
        (0..FINDINGS, choice).prop_map(|(finding, choice)| Event::Decide(finding, choice)),
    ]
}

fn a_day(refusal: impl Strategy<Value = bool>) -> impl Strategy<Value = Day> {
    use prop::collection::vec;
    let severity = prop::sample::select(Severity::ALL.to_vec());
    let group = prop::sample::select(vec![Group::Stack, Group::Severity, Group::Resource]);
    (
        vec(an_event(), 0..3),
        vec(a_seen(), FINDINGS),
        vec(severity, FINDINGS),
        group,
        vec(refusal, 8),
    )
        .prop_map(|(events, seen, severities, group, refusals)| Day {
            events,
            seen,
            severities,
            group,
            refusals,
        })
}

/// A repository, and GitHub's part in it.
struct World {
    known: Known,
    next_number: u64,
    refusals: std::vec::IntoIter<bool>,
}

impl World {
    fn new() -> Self {
        Self {
            known: Known::new(Vec::new(), Vec::new()),
            next_number: 1,
            refusals: Vec::new().into_iter(),
        }
    }

    fn live(&mut self, day: Day) {
        self.known.now += DAY;
        for event in day.events {
            self.happen(event);
        }
        let findings = day.seen.into_iter().zip(day.severities).enumerate();
        let findings = findings.map(|(at, (seen, severity))| (finding(&id(at), severity), seen));
        self.known.seen = findings.collect();
        self.known.group = day.group;
        self.refusals = day.refusals.into_iter();
        self.scan();
    }

    fn happen(&mut self, event: Event) {
        let now = self.known.now;
        let (pull, state) = match event {
            Event::Merge(pull) => (pull, ProposalState::Merged),
            Event::Decline(pull) => (pull, ProposalState::Declined),
            Event::Close(pull) => (pull, ProposalState::Undecided),
            Event::TakeOver(pull) => (pull, ProposalState::TakenOver),
            Event::Recreate(pull) => {
                let taken_over = self.of(|state| state == ProposalState::TakenOver);
                if !taken_over.is_empty() {
                    self.known.proposals[*pull.get(&taken_over)].recreate = true;
                }
                return;
            }
            Event::Decide(finding, choice) => return self.decide(&id(finding), choice),
        };
        let open = self.of(ProposalState::is_open);
        if open.is_empty() {
            return;
        }
        let proposal = &mut self.known.proposals[*pull.get(&open)];
        proposal.state = state;
        proposal.changed_at = now;
        let proposal = proposal.clone();
        if let Consequence::Decide(choice) = consequence(&proposal, state) {
            for id in &proposal.findings {
                self.decide(id, choice.clone());
            }
        }
    }

    fn of(&self, is_meant: impl Fn(ProposalState) -> bool) -> Vec<usize> {
        let proposals = self.known.proposals.iter().enumerate();
        let meant = proposals.filter(|(_, proposal)| is_meant(proposal.state));
        meant.map(|(at, _)| at).collect()
    }

    /// The newest decision about a finding is the one.
    fn decide(&mut self, id: &str, choice: Choice) {
        let decision = decision(id, choice, self.known.now);
        let decisions = &mut self.known.decisions;
        decisions.retain(|known| known.finding != decision.finding);
        decisions.insert(0, decision);
    }

    /// Does what is decided, and looks at each step.
    fn scan(&mut self) {
        let mut proposals = self.known.proposals.clone();
        let (next_number, refusals) = (&mut self.next_number, &mut self.refusals);
        let known = &self.known;
        known.with(|situation| {
            let mut pass = Pass::new(situation);
            while let Some(action) = pass.next_action() {
                check(known, &proposals, &action);
                let is_refused = refusals.next().unwrap_or_default();
                let after = match action {
                    PullAction::Open { group } => {
                        if is_refused {
                            pass.record_refusal(&group.branch);
                            continue;
                        }
                        *next_number += 1;
                        Proposal {
                            repository: RepositoryId(1),
                            stack: "prod".to_owned(),
                            number: *next_number,
                            state: ProposalState::Open,
                            findings: ids(&group.findings),
                            branch: group.branch,
                            opened_at: known.now,
                            changed_at: known.now,
                            recreate: false,
                            closed_by: String::new(),
                        }
                    }
                    PullAction::Update { group, .. } if is_refused => {
                        pass.record_refusal(&group.branch);
                        continue;
                    }
                    // A person's commit is still there.
                    PullAction::Update { before, .. } if is_persons(&before) => before,
                    PullAction::Update { group, before } => Proposal {
                        state: ProposalState::Open,
                        findings: ids(&group.findings),
                        recreate: false,
                        ..before
                    },
                    PullAction::Close { proposal, .. } if !is_persons(&proposal) => Proposal {
                        state: ProposalState::Closed,
                        ..proposal
                    },
                    _ => continue,
                };
                proposals.retain(|known| known.branch != after.branch);
                proposals.push(after.clone());
                pass.record(after);
            }
        });
        proposals.sort_by(|one, other| one.branch.cmp(&other.branch));
        self.known.proposals = proposals;
    }

    /// No finding is listed in two pull requests that DriftGuard maintains.
    fn check_lists(&self) {
        let open = self.known.proposals.iter();
        let open = open.filter(|proposal| proposal.state == ProposalState::Open);
        let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
        for proposal in open {
            for id in &proposal.findings {
                let other = listed.insert(id, &proposal.branch);
                assert_eq!(other, None, "{id} is in {} too", proposal.branch);
            }
        }
    }
}

fn id(at: usize) -> String {
    format!("f-{at}")
}

fn ids(findings: &[&Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| finding.id.to_string())
        .collect()
}

fn is_persons(proposal: &Proposal) -> bool {
    proposal.state == ProposalState::TakenOver && !proposal.recreate
}

/// What must hold of each action.
fn check(known: &Known, proposals: &[Proposal], action: &PullAction<'_>) {
    let choice = |id: &str| {
        let mut decisions = known.decisions.iter();
        let decision = decisions.find(|decision| decision.finding.0 == id);
        decision.map(|decision| &decision.choice)
    };
    match action {
        PullAction::Open { group } | PullAction::Update { group, .. } => {
            for finding in &group.findings {
                let choice = choice(&finding.id.0);
                let is_declined = matches!(choice, Some(Choice::Decline { .. }));
                assert!(!is_declined, "{} was declined", finding.id);
            }
        }
        PullAction::Close { proposal, .. } => {
            for id in &proposal.findings {
                let (_, seen) = known.seen.iter().find(|(one, _)| one.id.0 == *id).unwrap();
                assert!(seen.is_checked(), "{id} of {}: {seen:?}", proposal.branch);
            }
        }
        _ => {}
    }
    if let PullAction::Open { group } = action {
        let open = proposals.iter().filter(|other| other.state.is_open());
        assert!(open.clone().all(|other| other.branch != group.branch));
        let room = open.count() < known.limits.open;
        assert!(group.urgent || room, "{} is too many", group.branch);
        for finding in &group.findings {
            let is_requested = choice(&finding.id.0).is_some_and(Choice::requests_pull_request);
            let mut persons = proposals.iter().filter(|other| is_persons(other));
            let is_theirs = persons.any(|other| other.findings.contains(&finding.id.0));
            assert!(is_requested || !is_theirs, "{} is theirs", finding.id);
        }
    }
}

proptest! {
    #[test]
    fn no_finding_is_listed_in_two_pull_requests(days in prop::collection::vec(a_day(Just(false)), 1..8)) {
        let mut world = World::new();
        for day in days {
            world.live(day);
            world.check_lists();
        }
    }

    #[test]
    fn nothing_declined_is_opened_and_nothing_unchecked_closed_whatever_github_refuses(
        days in prop::collection::vec(a_day(any::<bool>()), 1..8),
    ) {
        let mut world = World::new();
        for day in days {
            world.live(day);
        }
    }
}
