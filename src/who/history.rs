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
    /// It was found before, and CloudTrail had time enough to tell who made it.
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
    /// The newest scan that has it without an actor, in epoch milliseconds.
    last_seen: Option<i64>,
}

impl<'a> History<'a> {
    /// Starts the comparison. `now` is in epoch milliseconds.
    pub fn new(findings: &'a [Finding], now: i64) -> Self {
        let open = findings.iter().map(|finding| OpenFinding {
            finding,
            last_seen: None,
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
        let earlier = &mut self.earlier;
        self.open.retain_mut(|open| {
            let id = &open.finding.id;
            let decided = match known.get(id) {
                Some((before, was_open)) => match &before.actor {
                    Some(actor) => Some(Earlier::Known(actor.clone())),
                    None if *was_open => {
                        let last_seen = *open.last_seen.get_or_insert(ended_at);
                        (last_seen - ended_at >= DELIVERY).then_some(Earlier::Settled)
                    }
                    // It was not asked about while it was set aside.
                    None => None,
                },
                None => {
                    let resource = CheckedResource::from(open.finding);
                    let was_right = scanned.has_checked(&resource);
                    was_right.then(|| Earlier::New(ended_at - SCAN_TIME))
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
        let rest = rest.map(|open| (open.finding.id.clone(), Earlier::New(oldest)));
        self.earlier.extend(rest);
        for earlier in self.earlier.values_mut() {
            if let Earlier::New(since) = earlier {
                *since = (*since).max(oldest);
            }
        }
        self.earlier
    }
}
