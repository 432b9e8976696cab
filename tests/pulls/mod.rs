//! The life of a pull request, decided without GitHub.

mod life;

use driftguard::model::{
    Choice, Coverage, Decision, Finding, FindingId, Fix, FixKind, Kind, Proposal, ProposalState,
    RepositoryId, Scanned, Severity, StackName, StackReport, Verdict,
};
use driftguard::pulls::{
    CloseReason, Consequence, DecisionIndex, Limits, Pass, Person, PullAction, PullRequestEnd,
    QueueReason, Resolution, Situation, consequence, decide, ended, group, is_over,
};
use driftguard::settings;
use std::collections::BTreeSet;

const NOW: i64 = 1_800_000_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What a scan says of one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It drifts, and this fixes it.
    Drifts(FixKind),
    /// It drifts, and there was no time to try a fix.
    Untried,
    /// It is set aside.
    SetAside,
    /// It is gone from where the scan looked.
    Resolved,
    /// The scan could not look.
    NotChecked,
}

impl Seen {
    fn is_checked(self) -> bool {
        !matches!(self, Self::Untried | Self::NotChecked)
    }
}

/// All that is known, as a scan comes by.
struct Known {
    seen: Vec<(Finding, Seen)>,
    proposals: Vec<Proposal>,
    decisions: Vec<Decision>,
    refused: BTreeSet<String>,
    limits: Limits,
    group: settings::Group,
    now: i64,
}

fn stack() -> StackName {
    StackName::new("prod").unwrap()
}

/// A finding of a type of its own.
fn finding(id: &str, severity: Severity) -> Finding {
    Finding {
        id: FindingId(id.to_owned()),
        address: format!("aws_{}.a", id.replace('-', "_")).parse().ok(),
        severity,
        ..Finding::new(Kind::Modified, Verdict::Drift, &format!("aws_{id}"))
    }
}

/// A finding that waits for its turn.
fn seen(id: &str, seen: Seen) -> (Finding, Seen) {
    (finding(id, Severity::Low), seen)
}

/// The row of a finding's type, as a kept report has it.
fn coverage(finding: &Finding, seen: Seen) -> Coverage {
    let status = if seen == Seen::NotChecked {
        "denied"
    } else {
        "checked"
    };
    let row = serde_json::json!({"type": finding.tf_type, "resources": 1, "status": status});
    serde_json::from_value(row).unwrap()
}

fn proposal(branch: &str, state: ProposalState, findings: &[&str]) -> Proposal {
    Proposal {
        repository: RepositoryId(1),
        branch: format!("driftguard/prod/{branch}"),
        stack: "prod".to_owned(),
        number: 7,
        state,
        findings: findings.iter().map(|id| (*id).to_owned()).collect(),
        opened_at: NOW - 30 * DAY,
        changed_at: NOW - DAY,
        recreate: false,
        closed_by: String::new(),
    }
}

fn decision(finding: &str, choice: Choice, decided_at: i64) -> Decision {
    Decision {
        finding: FindingId(finding.to_owned()),
        stack: stack(),
        choice,
        person: "ada".to_owned(),
        decided_at,
    }
}

impl Known {
    fn new(seen: Vec<(Finding, Seen)>, proposals: Vec<Proposal>) -> Self {
        Self {
            seen,
            proposals,
            decisions: Vec::new(),
            refused: BTreeSet::new(),
            limits: Limits {
                open: 5,
                per_hour: 5,
            },
            group: settings::Group::Stack,
            now: NOW,
        }
    }

    /// What the scan says.
    fn scanned(&self) -> Scanned {
        let mut scanned = Scanned {
            looked_below: true,
            ..Scanned::default()
        };
        for (finding, seen) in &self.seen {
            let fixed = |fix| Finding {
                fix: Some(fix),
                ..finding.clone()
            };
            match seen {
                Seen::Drifts(kind) => scanned.findings.push(fixed(Fix::of(*kind, Vec::new()))),
                Seen::Untried => scanned.findings.push(fixed(Fix::untried("no time"))),
                Seen::SetAside => scanned.set_aside.push(finding.clone()),
                Seen::Resolved | Seen::NotChecked => {}
            }
            scanned.coverage.push(coverage(finding, *seen));
        }
        scanned
    }

    /// The scan before, which found everything.
    fn earlier(&self) -> StackReport {
        let findings = self.seen.iter().map(|(finding, _)| finding.clone());
        StackReport {
            name: stack(),
            path: String::new(),
            backend: None,
            outcome: Ok(Scanned {
                findings: findings.collect(),
                ..Scanned::default()
            }),
        }
    }

    /// Runs something with what is known of the pull requests.
    fn with<T>(&self, run: impl FnOnce(Situation<'_, '_>) -> T) -> T {
        let (stack, scanned) = (stack(), self.scanned());
        let mut resolution = Resolution::new(&scanned);
        resolution.add_earlier(self.earlier());
        let index = DecisionIndex::new(&stack, &self.decisions);
        let groups = group(
            &stack,
            &scanned.findings,
            &index,
            &self.proposals,
            self.group,
        );
        run(Situation {
            stack: &stack,
            proposals: &self.proposals,
            findings: &scanned.findings,
            groups: &groups,
            decisions: &self.decisions,
            resolution: &resolution,
            limits: self.limits,
            refused: &self.refused,
            now: self.now,
        })
    }

    /// What is to be done, in words.
    fn decide(&self) -> String {
        self.with(|situation| {
            let actions = decide(&situation);
            let words: Vec<_> = actions.iter().map(in_words).collect();
            words.join(", ")
        })
    }
}

fn in_words(action: &PullAction<'_>) -> String {
    let branch = action.branch().unwrap_or_default();
    let branch = branch.trim_start_matches("driftguard/prod/");
    match action {
        PullAction::Remind(_) => "remind".to_owned(),
        PullAction::Open { .. } => format!("open {branch}"),
        PullAction::Update { .. } => format!("update {branch}"),
        PullAction::Keep { .. } => format!("keep {branch}"),
        PullAction::Queue { reason, .. } => match reason {
            QueueReason::Limit => format!("queue {branch}"),
            QueueReason::Undecided(_) => format!("rest {branch}"),
            QueueReason::ListedIn(number) => format!("{branch} is in #{number}"),
        },
        PullAction::Close { reason, .. } => match reason {
            CloseReason::Resolved => format!("close {branch} as resolved"),
            CloseReason::Regrouped => format!("close {branch} as regrouped"),
        },
    }
}

#[test]
fn each_state_of_a_pull_request_meets_each_state_of_its_finding() {
    use ProposalState::{Closed, Declined, Merged, Open, TakenOver, Undecided};
    const ADOPT: Seen = Seen::Drifts(FixKind::Adopt);
    const RESTORE: Seen = Seen::Drifts(FixKind::Restore);
    const REFUSED: Seen = Seen::Drifts(FixKind::Refused);
    let states = [
        ADOPT,
        RESTORE,
        REFUSED,
        Seen::Untried,
        Seen::SetAside,
        Seen::Resolved,
        Seen::NotChecked,
    ];
    let proposed = |state: ProposalState| Some(proposal("adopt", state, &["f-1"]));
    let rested = proposed(Undecided).map(|before| Proposal {
        changed_at: NOW - 7 * DAY,
        ..before
    });
    #[rustfmt::skip]
    let table = [
        (None, ["open adopt", "open restore", "", "", "", "", ""]),
        (proposed(Open), [
            "update adopt", "open restore, close adopt as regrouped", "close adopt as regrouped", "keep adopt",
            "close adopt as regrouped", "close adopt as resolved", "keep adopt",
        ]),
        (proposed(TakenOver), [
            "update adopt", "restore is in #7, close adopt as regrouped", "close adopt as regrouped", "keep adopt",
            "close adopt as regrouped", "close adopt as resolved", "keep adopt",
        ]),
        (proposed(Closed), ["open adopt", "open restore", "", "", "", "", ""]),
        (proposed(Merged), ["open adopt", "open restore", "", "", "", "", ""]),
        (proposed(Declined), ["", "", "", "", "", "", ""]),
        (proposed(Undecided), ["rest adopt", "open restore", "", "", "", "", ""]),
        (rested, ["open adopt", "open restore", "", "", "", "", ""]),
    ];
    for (before, expected) in table {
        let name = before.as_ref().map(|before| before.state);
        for (finding, expected) in states.into_iter().zip(expected) {
            let mut known = Known::new(
                vec![seen("f-1", finding)],
                before.clone().into_iter().collect(),
            );
            if name == Some(Declined) {
                let decline = Choice::Decline { pull: 7 };
                known.decisions.push(decision("f-1", decline, NOW - DAY));
            }
            assert_eq!(known.decide(), expected, "{name:?}: {finding:?}");
        }
    }
}

#[test]
fn what_is_urgent_or_asked_for_passes_the_limits() {
    let adopt = Seen::Drifts(FixKind::Adopt);
    let other = |n: u64, state, opened_at| Proposal {
        branch: format!("driftguard/other-{n}/adopt"),
        stack: format!("other-{n}"),
        opened_at,
        ..proposal("adopt", state, &[])
    };
    let settings = Proposal {
        branch: "driftguard-accept".to_owned(),
        stack: String::new(),
        ..other(1, ProposalState::Open, NOW)
    };
    let open = |count| (0..count).map(|n| other(n, ProposalState::Open, NOW - DAY));
    let recent = |count| (0..count).map(|n| other(n, ProposalState::Merged, NOW - 1));
    for (proposals, expected) in [
        (open(4).collect::<Vec<_>>(), "open adopt"),
        (open(5).collect(), "queue adopt"),
        (open(4).chain([settings]).collect(), "open adopt"),
        (recent(4).collect(), "open adopt"),
        (recent(5).collect(), "queue adopt"),
    ] {
        let mut known = Known::new(vec![seen("f-1", adopt)], proposals);
        assert_eq!(known.decide(), expected);
        known
            .decisions
            .push(decision("f-1", Choice::Adopt, NOW - 1));
        assert_eq!(known.decide(), "open adopt", "a person asked for it");
        known.decisions.clear();
        known.seen = vec![(finding("f-1", Severity::High), adopt)];
        assert_eq!(known.decide(), "open adopt", "it is about security");
    }
}

#[test]
fn the_worst_comes_first_where_there_is_room_for_one() {
    let adopt = Seen::Drifts(FixKind::Adopt);
    let low = seen("f-1", adopt);
    let medium = (finding("f-2", Severity::Medium), adopt);
    let mut known = Known::new(vec![low, medium], Vec::new());
    known.group = settings::Group::Severity;
    known.limits.open = 1;
    assert_eq!(known.decide(), "open adopt-medium, queue adopt-low");
    known.with(|situation| {
        let mut pass = Pass::new(situation);
        let first = pass.next_action().unwrap();
        assert_eq!(in_words(&first), "open adopt-medium");
        pass.record_refusal(first.branch().unwrap());
        let next = pass.next_action().unwrap();
        assert_eq!(in_words(&next), "open adopt-low", "there is room again");
        assert_eq!(pass.next_action(), None);
    });
}

#[test]
fn what_github_refuses_leaves_the_pull_request_that_lists_it() {
    let moved = seen("f-1", Seen::Drifts(FixKind::Restore));
    let open = proposal("adopt", ProposalState::Open, &["f-1"]);
    let mut known = Known::new(vec![moved], vec![open]);
    assert_eq!(known.decide(), "open restore, close adopt as regrouped");
    known.refused.insert("driftguard/prod/restore".to_owned());
    assert_eq!(known.decide(), "keep adopt");
}

#[test]
fn a_finding_stays_in_a_pull_request_of_which_something_was_not_checked() {
    for unchecked in [Seen::NotChecked, Seen::Untried] {
        let all = vec![
            seen("f-1", Seen::Drifts(FixKind::Restore)),
            seen("f-2", unchecked),
        ];
        let open = proposal("adopt", ProposalState::Open, &["f-1", "f-2"]);
        let mut known = Known::new(all, vec![open]);
        assert_eq!(known.decide(), "restore is in #7, keep adopt");
        // Whoever asks for it is told the same: the other one still lists it.
        let order = decision("f-1", Choice::Restore, NOW - 1);
        known.decisions.push(order);
        assert_eq!(known.decide(), "restore is in #7, keep adopt");
    }
}

#[test]
fn what_a_person_took_over_is_theirs_until_somebody_asks() {
    let adopt = Seen::Drifts(FixKind::Adopt);
    let theirs = || proposal("adopt", ProposalState::TakenOver, &["f-1"]);
    let two = || vec![seen("f-1", adopt), seen("f-2", adopt)];
    let known = Known::new(two(), vec![theirs()]);
    assert_eq!(known.decide(), "update adopt, open adopt-more");
    let recreated = Proposal {
        recreate: true,
        ..theirs()
    };
    let more = proposal("adopt-more", ProposalState::Open, &["f-2"]);
    let known = Known::new(two(), vec![recreated, more]);
    assert_eq!(
        known.decide(),
        "update adopt, close adopt-more as regrouped"
    );
    let restore = vec![seen("f-1", Seen::Drifts(FixKind::Restore))];
    let mut known = Known::new(restore, vec![theirs()]);
    known
        .decisions
        .push(decision("f-1", Choice::Restore, NOW - 1));
    let opened = "open restore, close adopt as regrouped";
    assert_eq!(known.decide(), opened, "GitHub knows whose it is");
}

#[test]
fn what_nobody_declined_rests_until_something_is_new() {
    let adopt = Seen::Drifts(FixKind::Adopt);
    let closed = || proposal("adopt", ProposalState::Undecided, &["f-1"]);
    let mut known = Known::new(vec![seen("f-1", adopt)], vec![closed()]);
    for (decided_at, expected) in [(NOW - 2 * DAY, "rest adopt"), (NOW, "open adopt")] {
        known.decisions = vec![decision("f-1", Choice::Adopt, decided_at)];
        assert_eq!(known.decide(), expected);
    }
    let two = vec![seen("f-1", adopt), seen("f-2", adopt)];
    let known = Known::new(two, vec![closed()]);
    assert_eq!(known.decide(), "open adopt");
}

#[test]
fn an_apply_that_is_late_is_said_once() {
    let merged = proposal("restore", ProposalState::Merged, &["f-1"]);
    let restore = Seen::Drifts(FixKind::Restore);
    let mut known = Known::new(vec![seen("f-1", restore)], vec![merged]);
    for (merged_at, reminded, expected) in [
        (NOW - 6 * DAY, false, ""),
        (NOW - 7 * DAY, false, "remind"),
        (NOW - 7 * DAY, true, ""),
    ] {
        let applying = Choice::Applying { pull: 7, reminded };
        known.decisions = vec![decision("f-1", applying, merged_at)];
        assert_eq!(known.decide(), expected);
    }
}

#[test]
fn a_decision_is_over_once_its_finding_is_resolved_or_it_ran_out() {
    let adopt = Seen::Drifts(FixKind::Adopt);
    let ignore = |until: Option<&str>| Choice::Ignore {
        until: until.map(str::to_owned),
        reason: String::new(),
    };
    let states = [adopt, Seen::SetAside, Seen::Resolved, Seen::NotChecked];
    #[rustfmt::skip]
    let table = [
        (Choice::Adopt, [false, false, true, false]),
        (Choice::Decline { pull: 7 }, [false, false, true, false]),
        (Choice::Applying { pull: 7, reminded: true }, [false, false, true, false]),
        (Choice::Snooze { until: NOW + 1 }, [false, false, false, false]),
        (Choice::Snooze { until: NOW }, [true, true, true, true]),
        // Where it is set aside, the settings say it by now.
        (ignore(None), [false, true, true, false]),
        (ignore(Some("2027-01-15")), [false, true, true, false]),
        (ignore(Some("2027-01-14")), [true, true, true, true]),
    ];
    for (choice, expected) in table {
        let over = states.map(|state| {
            let known = Known::new(vec![seen("f-1", state)], Vec::new());
            let decision = decision("f-1", choice.clone(), NOW - DAY);
            known.with(|situation| is_over(&decision, situation.resolution, NOW))
        });
        assert_eq!(over, expected, "{choice:?}");
    }
}

#[test]
fn only_a_person_who_may_write_declines_and_takes_a_decline_back() {
    use ProposalState::{Closed, Declined, Merged, Open, TakenOver, Undecided};
    let people = [Person::DriftGuard, Person::Writer, Person::Other];
    #[rustfmt::skip]
    let table = [
        // What was known, whether it is open and merged now, and what follows by who did it.
        (Open, (true, false), [Open, Open, Open]),
        (TakenOver, (true, false), [TakenOver, TakenOver, TakenOver]),
        (Declined, (true, false), [Declined, Open, Declined]),
        (Undecided, (true, false), [Open, Open, Open]),
        (Closed, (true, false), [Open, Open, Open]),
        (Open, (false, true), [Merged, Merged, Merged]),
        (TakenOver, (false, true), [Merged, Merged, Merged]),
        (Open, (false, false), [Closed, Declined, Undecided]),
        (TakenOver, (false, false), [Closed, Declined, Undecided]),
        (Declined, (false, false), [Declined, Declined, Declined]),
    ];
    for (known, (is_open, is_merged), expected) in table {
        let ended = ended(known, is_open, is_merged);
        assert_eq!(people.map(|person| ended.by(person)), expected, "{known:?}");
    }
    assert_eq!(ended(Declined, true, false), PullRequestEnd::Reopened);
}

#[test]
fn how_a_pull_request_ended_decides_about_what_it_lists() {
    let (pull, reminded) = (7, false);
    for (branch, state, expected) in [
        (
            "adopt",
            ProposalState::Declined,
            Consequence::Decide(Choice::Decline { pull }),
        ),
        ("adopt", ProposalState::Merged, Consequence::Nothing),
        (
            "restore",
            ProposalState::Merged,
            Consequence::Decide(Choice::Applying { pull, reminded }),
        ),
        (
            "restore-critical",
            ProposalState::Merged,
            Consequence::Decide(Choice::Applying { pull, reminded }),
        ),
        ("adopt", ProposalState::Open, Consequence::TakeBackDecline),
        ("adopt", ProposalState::Undecided, Consequence::Nothing),
        ("adopt", ProposalState::Closed, Consequence::Nothing),
    ] {
        let before = proposal(branch, ProposalState::Open, &["f-1"]);
        assert_eq!(consequence(&before, state), expected, "{branch}: {state:?}");
    }
}
