//! Decides from earlier scans of a stack which findings CloudTrail is asked about, and since when.

use crate::model::{
    Actor, CheckedResource, Finding, FindingId, Inquiry, InquiryOutcome, Scanned, StackReport,
};
use std::collections::BTreeMap;

/// How long CloudTrail keeps events, in milliseconds.
pub const MAX_AGE: i64 = 90 * 24 * 60 * 60 * 1_000;

/// How long CloudTrail may take to deliver an event, in milliseconds.
pub const DELIVERY: i64 = 15 * 60 * 1_000;

/// How long a scan may have taken of which it is not known when it began, in milliseconds.
const SCAN_TIME: i64 = 15 * 60 * 1_000;

/// How long before a scan a change may have been made that it did not read yet, in milliseconds: AWS's answers lag, and
/// clocks differ.
const LAG: i64 = 2 * 60 * 1_000;

/// When an earlier scan ran, in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierScan {
    /// When it began: a change that was made later may have come after it read the resource. `None` where that is not known.
    pub begun_at: Option<i64>,
    /// When it ended.
    pub ended_at: i64,
}

impl EarlierScan {
    /// Returns the time after which a change was made that this scan did not see.
    fn read_until(self) -> i64 {
        match self.begun_at {
            Some(begun_at) => begun_at - LAG,
            None => self.ended_at - SCAN_TIME,
        }
    }
}

/// What earlier scans say of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Who made it.
    pub actor: Option<Actor>,
    /// What CloudTrail is asked about it.
    pub next: Next,
}

/// Whether CloudTrail is asked about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is.
    Ask(Question),
    /// It had time enough to tell who made the change, or was asked a moment ago: this is what became of it.
    Keep(Option<Inquiry>),
}

/// What to ask CloudTrail about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Whoever made the change did so after this time, in epoch milliseconds.
    pub since: i64,
    /// The answer before, where it is asked once more: calls arrive late, also the one that is the cause where others came
    /// before it.
    pub answered: Option<EarlierAnswer>,
}

/// CloudTrail's answer to an earlier question about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierAnswer {
    /// When it was asked, in epoch milliseconds.
    pub asked_at: i64,
    /// Whether there were calls that were not read.
    pub is_cut: bool,
}

impl Question {
    /// Returns whether it was asked before.
    pub fn is_repeated(&self) -> bool {
        self.answered.is_some()
    }

    /// Returns what became of the question that was asked now: `is_cut` is whether there are calls that were not read, and
    /// `None` where there was no answer. Then the answer before counts still, and the question is asked again.
    pub fn outcome(&self, is_cut: Option<bool>, now: i64) -> InquiryOutcome {
        match (is_cut, self.answered) {
            (Some(is_cut), _) => InquiryOutcome::Answered {
                asked_at: now,
                is_last: self.is_repeated(),
                is_cut,
            },
            (None, Some(before)) => InquiryOutcome::Answered {
                asked_at: before.asked_at,
                is_last: false,
                is_cut: before.is_cut,
            },
            (None, None) => InquiryOutcome::Unanswered,
        }
    }
}

/// The findings of a scan, compared with earlier scans of the stack.
#[derive(Debug)]
pub struct History<'a> {
    open: Vec<OpenFinding<'a>>,
    earlier: BTreeMap<FindingId, Earlier>,
    now: i64,
}

/// A finding of which it is not yet known whether it is new.
#[derive(Debug)]
struct OpenFinding<'a> {
    finding: &'a Finding,
    /// The newest and the oldest scan of an earlier version that asked about it in vain, in epoch milliseconds.
    asked: Option<(i64, i64)>,
}

impl OpenFinding<'_> {
    /// Returns whether CloudTrail is asked about the finding now: when a scan finds it first, and once more when all calls
    /// that came before that must have arrived.
    fn ask(&self, since: i64, now: i64) -> Earlier {
        let is_due = self.asked.is_none_or(|(_, oldest)| is_due(oldest, now));
        let question = Question {
            since,
            answered: self.asked.map(|(_, oldest)| EarlierAnswer {
                asked_at: oldest,
                is_cut: false,
            }),
        };
        Earlier {
            actor: None,
            next: match is_due {
                true => Next::Ask(question),
                false => Next::Keep(None),
            },
        }
    }

    /// Returns what a scan decides that reported the finding.
    fn after_report(&mut self, before: &Finding, scanned: &Scanned, at: Time) -> Option<Earlier> {
        let decided = |next| {
            let actor = before.actor.clone();
            Some(Earlier { actor, next })
        };
        if let Some(inquiry) = &before.inquiry {
            return decided(after_inquiry(inquiry, at.now));
        }
        // As earlier versions recorded it.
        if before.actor.is_some() {
            return decided(Next::Keep(None));
        }
        let mut rows = scanned.coverage.iter();
        if rows.any(|row| row.is_of_calls_about(before)) {
            return None;
        }
        let (newest, _) = self.asked.unwrap_or((at.ended, at.ended));
        self.asked = Some((newest, at.ended));
        if newest - at.ended < DELIVERY {
            return None;
        }
        decided(Next::Keep(None))
    }
}

/// When an earlier scan ended, and the current time, in epoch milliseconds.
#[derive(Debug, Clone, Copy)]
struct Time {
    ended: i64,
    now: i64,
}

fn is_due(asked_at: i64, now: i64) -> bool {
    now - asked_at >= DELIVERY
}

/// Returns what follows from the last inquiry about a finding: one that was not answered settles nothing.
fn after_inquiry(inquiry: &Inquiry, now: i64) -> Next {
    let answered = match inquiry.outcome {
        InquiryOutcome::Off | InquiryOutcome::Unanswered => None,
        InquiryOutcome::Answered {
            asked_at,
            is_last,
            is_cut,
        } => {
            if is_last || !is_due(asked_at, now) {
                return Next::Keep(Some(inquiry.clone()));
            }
            Some(EarlierAnswer { asked_at, is_cut })
        }
    };
    Next::Ask(Question {
        since: inquiry.since,
        answered,
    })
}

impl<'a> History<'a> {
    /// Starts the comparison. `now` is in epoch milliseconds.
    pub fn new(findings: &'a [Finding], now: i64) -> Self {
        let open = findings.iter().map(|finding| OpenFinding {
            finding,
            asked: None,
        });
        Self {
            open: open.collect(),
            earlier: BTreeMap::new(),
            now,
        }
    }

    /// Returns whether a still earlier scan is needed.
    pub fn needs_more(&self) -> bool {
        !self.open.is_empty()
    }

    /// Adds the report of an earlier scan: the newest first.
    pub fn add_earlier(&mut self, report: &StackReport, scan: EarlierScan) {
        let Ok(scanned) = &report.outcome else {
            return;
        };
        let found = scanned.findings.iter().map(|finding| (finding, true));
        let aside = scanned.set_aside.iter().map(|finding| (finding, false));
        let known: BTreeMap<_, _> = found
            .chain(aside)
            .map(|(finding, was_open)| (&finding.id, (finding, was_open)))
            .collect();
        let (earlier, now) = (&mut self.earlier, self.now);
        let at = Time {
            ended: scan.ended_at,
            now,
        };
        self.open.retain_mut(|open| {
            let id = &open.finding.id;
            let decided = match known.get(id) {
                Some((before, was_open)) => {
                    // It was not asked about while it was set aside.
                    match *was_open || before.actor.is_some() {
                        true => open.after_report(before, scanned, at),
                        false => None,
                    }
                }
                None => {
                    let resource = CheckedResource::from(open.finding);
                    let was_right = scanned.has_checked(&resource);
                    was_right.then(|| open.ask(scan.read_until(), now))
                }
            };
            match decided {
                None => true,
                Some(decided) => {
                    earlier.insert(id.clone(), decided);
                    false
                }
            }
        });
    }

    /// Returns what is known of each finding. One that no scan saw right may be as old as CloudTrail's oldest event.
    pub fn finish(mut self) -> BTreeMap<FindingId, Earlier> {
        let (now, oldest) = (self.now, self.now - MAX_AGE);
        let rest = self.open.into_iter();
        let rest = rest.map(|open| (open.finding.id.clone(), open.ask(oldest, now)));
        self.earlier.extend(rest);
        for earlier in self.earlier.values_mut() {
            if let Next::Ask(question) = &mut earlier.next {
                question.since = question.since.clamp(oldest, now);
            }
        }
        self.earlier
    }
}
