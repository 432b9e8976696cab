//! Decides from earlier scans of a stack which findings CloudTrail is asked about, and since when.

use crate::model::{Actor, CheckedResource, Finding, FindingId, StackReport};
use std::collections::BTreeMap;

/// How long CloudTrail keeps events, in milliseconds.
pub const MAX_AGE: i64 = 90 * 24 * 60 * 60 * 1_000;

/// How long a scan may take after it read a resource, in milliseconds: a change that was made meanwhile came before its
/// end.
const SCAN_TIME: i64 = 15 * 60 * 1_000;

/// How long CloudTrail may take to deliver an event, in milliseconds.
const DELIVERY: i64 = 15 * 60 * 1_000;

/// What earlier scans say of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// It was found before, and this is who made it.
    Known(Actor),
    /// It is new: whoever made it did so after this time, in epoch milliseconds.
    New(i64),
    /// It was found before and CloudTrail was asked: it had time enough to tell who made it, or was asked a moment ago.
    Settled,
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
    /// The newest and the oldest scan that have it without an actor, in epoch milliseconds.
    seen: Option<(i64, i64)>,
}

impl OpenFinding<'_> {
    /// Returns whether CloudTrail is asked about the finding now: when a scan finds it first, and once more when all calls
    /// that came before that must have arrived.
    fn is_asked_about(&self, now: i64) -> bool {
        self.seen.is_none_or(|(_, oldest)| now - oldest >= DELIVERY)
    }
}

impl<'a> History<'a> {
    /// Starts the comparison. `now` is in epoch milliseconds.
    pub fn new(findings: &'a [Finding], now: i64) -> Self {
        let open = findings.iter().map(|finding| OpenFinding {
            finding,
            seen: None,
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

    /// Adds an earlier scan that ended at this time: the newest first.
    pub fn add_earlier(&mut self, report: &StackReport, ended_at: i64) {
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
        self.open.retain_mut(|open| {
            let id = &open.finding.id;
            let decided = match known.get(id) {
                Some((before, was_open)) => match &before.actor {
                    Some(actor) => Some(Earlier::Known(actor.clone())),
                    None if *was_open => {
                        let (newest, _) = open.seen.unwrap_or((ended_at, ended_at));
                        open.seen = Some((newest, ended_at));
                        (newest - ended_at >= DELIVERY).then_some(Earlier::Settled)
                    }
                    // It was not asked about while it was set aside.
                    None => None,
                },
                None => {
                    let resource = CheckedResource::from(open.finding);
                    let was_right = scanned.has_checked(&resource);
                    was_right.then(|| match open.is_asked_about(now) {
                        true => Earlier::New(ended_at - SCAN_TIME),
                        false => Earlier::Settled,
                    })
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
        let oldest = self.now - MAX_AGE;
        let rest = self.open.into_iter();
        let now = self.now;
        let rest = rest.map(|open| {
            let decided = match open.is_asked_about(now) {
                true => Earlier::New(oldest),
                false => Earlier::Settled,
            };
            (open.finding.id.clone(), decided)
        });
        self.earlier.extend(rest);
        for earlier in self.earlier.values_mut() {
            if let Earlier::New(since) = earlier {
                *since = (*since).max(oldest);
            }
        }
        self.earlier
    }
}
