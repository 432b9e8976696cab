//! Decides which calls may be the cause of a finding.

use super::event::TrailEvent;
use super::reach::{is_of_tags, may_change, sets_tags};
use crate::model::{Actor, Finding, Kind, Redactor};
use std::collections::BTreeSet;

/// How many calls that may be the cause are shown of a finding.
pub const MAX_CANDIDATES: usize = 5;

/// How many characters of a principal, a session, an action and an address are kept: they come from strangers.
const MAX_PRINCIPAL: usize = 256;
const MAX_SESSION: usize = 128;
const MAX_EVENT: usize = 128;
const MAX_ADDRESS: usize = 128;

/// The beginnings of the actions that make a resource.
const ADDS: &[&str] = &[
    "Add",
    "Allocate",
    "Assign",
    "Associate",
    "Attach",
    "Authorize",
    "Copy",
    "Create",
    "Enable",
    "Import",
    "Launch",
    "Put",
    "Register",
    "Request",
    "Restore",
    "Run",
];

/// The beginnings of the actions that end a resource.
const ENDS: &[&str] = &[
    "Cancel",
    "Delete",
    "Deregister",
    "Detach",
    "Disassociate",
    "Release",
    "Remove",
    "Revoke",
    "ScheduleKeyDeletion",
    "Terminate",
    "Unassign",
];

/// The calls that name a resource and may have changed it.
#[derive(Debug, Clone, Default)]
pub struct Suspects {
    events: Vec<TrailEvent>,
    /// Whether there are calls that cannot be read.
    unread: bool,
}

impl Suspects {
    /// Adds an event, unless it changed nothing, or Terraform or one of these roles made it. One that cannot be read is
    /// noted.
    pub fn add(&mut self, json: &str, terraform_roles: &[String]) {
        let Some(event) = TrailEvent::parse(json) else {
            self.unread = true;
            return;
        };
        let role = event.principal.assumed_role();
        let by_terraform = event.by_terraform || terraform_roles.iter().any(|named| named == role);
        if event.is_change && !by_terraform {
            self.events.push(event);
        }
    }

    /// Returns whether more calls that may have led to a finding were found than are shown, so that older ones need not be
    /// read. Calls of the same caller and action count once.
    pub fn is_enough(&self, finding: &Finding) -> bool {
        self.candidates(finding, Choice::OfKind).len() > MAX_CANDIDATES
    }

    /// Returns whether there are calls that cannot be read.
    pub fn is_cut(&self) -> bool {
        self.unread
    }

    /// Returns who may have made the change of a finding, the newest call first; `None` where no call was found.
    pub fn actor(&self, finding: &Finding, redactor: &Redactor) -> Option<Actor> {
        let mut events = self.candidates(finding, Choice::OfKind);
        if events.is_empty() {
            events = self.candidates(finding, Choice::Other);
        }
        let more = self.unread || events.len() > MAX_CANDIDATES;
        events.truncate(MAX_CANDIDATES);
        let mut actors = events.into_iter().map(|event| sealed(event, redactor));
        let newest = actors.next()?;
        Some(Actor {
            others: actors.collect(),
            more,
            ..newest
        })
    }

    /// Returns the last call of each caller and action that may have led to a finding, the newest first.
    fn candidates(&self, finding: &Finding, choice: Choice) -> Vec<&TrailEvent> {
        let fits = |event: &&TrailEvent| {
            may_change(&event.name, finding) && choice.fits(&event.name, finding)
        };
        let mut events: Vec<_> = self.events.iter().filter(fits).collect();
        events.sort_by(|left, right| right.time.cmp(&left.time));
        let mut seen = BTreeSet::new();
        events.retain(|event| seen.insert((&event.principal, &event.name)));
        events
    }
}

/// Which calls are chosen among those that may have led to a finding.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// Those that do what the finding is about: end a resource that is gone, make one that is new, set tags where nothing
    /// else changed.
    OfKind,
    /// The others, less those that do the contrary.
    Other,
}

impl Choice {
    fn fits(self, action: &str, finding: &Finding) -> bool {
        let is = |beginnings: &[&str]| beginnings.iter().any(|start| action.starts_with(start));
        let (does, contrary): (bool, &[&str]) = match finding.kind {
            Kind::Deleted => (is(ENDS), ADDS),
            Kind::Unmanaged => (is(ADDS), ENDS),
            Kind::Modified if is_of_tags(finding) => (sets_tags(action), &[]),
            Kind::Modified | Kind::CodeOnly | Kind::StateOnly => (true, &[]),
        };
        match self {
            Self::OfKind => does,
            Self::Other => !does && !is(contrary),
        }
    }
}

/// Returns the caller of an event, without what looks like a credential, and cut to what a report can hold.
fn sealed(event: &TrailEvent, redactor: &Redactor) -> Actor {
    let text = |text: &str, longest: usize| -> String {
        redactor.mask(text).chars().take(longest).collect()
    };
    let principal = &event.principal;
    let optional =
        |part: &Option<String>, longest: usize| part.as_deref().map(|part| text(part, longest));
    Actor {
        principal: text(&principal.name, MAX_PRINCIPAL),
        session: optional(&principal.session, MAX_SESSION),
        role: optional(&principal.role, MAX_PRINCIPAL),
        event: text(&event.name, MAX_EVENT),
        time: text(&event.time, MAX_EVENT),
        source: event.source,
        source_address: optional(&event.address, MAX_ADDRESS),
        others: Vec::new(),
        more: false,
    }
}
