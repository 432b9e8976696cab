//! Writes pieces that several texts share: what changed, where a fix edits, the controls that fail.

use super::alike::Alike;
use super::change::{Sides, changes};
use super::markdown::{Markdown, code, sentence, unlinked};
use super::technique::{technique, technique_page};
use super::words::{cut, event, name};
use crate::model::{Finding, Kind};

/// The level of detail. Details go before anything that a reader must act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Everything.
    Full,
    /// Without the full changes.
    Short,
    /// One row per finding.
    Table,
    /// The number of findings.
    Count,
}

impl Detail {
    /// All levels, the most detailed first.
    pub const ALL: [Self; 4] = [Self::Full, Self::Short, Self::Table, Self::Count];

    /// Returns how many findings of a stack are shown at most.
    pub(super) fn most_findings(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Short => 50,
            Self::Table => 10,
            Self::Count => 0,
        }
    }

    /// Returns how many lines a list beside the findings has at most.
    pub(super) fn most_lines(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Short => 20,
            Self::Table | Self::Count => 0,
        }
    }
}

/// How many attributes of a finding a table shows.
pub(super) const MAX_ATTRIBUTES: usize = 2;

/// The first changes of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FirstChanges {
    pub shown: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// Returns the first changes of a finding, for a table.
pub(super) fn first_changes(finding: &Finding, sides: Sides) -> FirstChanges {
    let mut changes = changes(finding, sides);
    let shown = changes.by_ref().take(MAX_ATTRIBUTES);
    FirstChanges {
        shown: shown.map(|change| change.brief(sides)).collect(),
        more: changes.count(),
    }
}

/// Describes a finding briefly, for a table: what changed, or what its fix changes.
pub(super) fn describe(finding: &Finding, sides: Sides) -> Markdown {
    match (finding.kind, sides) {
        (Kind::Deleted, Sides::Drift) => sentence("deleted in AWS"),
        (Kind::Deleted, Sides::Adopt) => sentence("its block or entry to remove"),
        (Kind::Deleted, Sides::Restore) => sentence("to create again"),
        (Kind::Unmanaged, Sides::Drift) => sentence("added outside Terraform"),
        (Kind::Unmanaged, Sides::Adopt) => sentence("to import"),
        (Kind::Unmanaged, Sides::Restore) => sentence("to remove"),
        _ => {
            let FirstChanges { mut shown, more } = first_changes(finding, sides);
            if more > 0 {
                shown.push(format!("and {more} more"));
            }
            match shown.as_slice() {
                [] => sentence(&event(finding)),
                shown => code(&shown.join("; ")),
            }
        }
    }
}

/// Names findings that are shown together: `a`, `b`, `c` and 4 more.
pub(super) fn named(alike: &Alike<'_>) -> String {
    let (names, more) = alike.names();
    let names: Vec<_> = names.iter().map(|name| code(name).to_string()).collect();
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// How many addresses of one cause are listed with their findings.
const MAX_LISTED: usize = 50;

/// Lists the address and finding id of each, where there are several.
pub(super) fn members(alike: &Alike<'_>) -> Vec<String> {
    if alike.others.is_empty() {
        return Vec::new();
    }
    let line = |finding: &Finding| {
        let (name, id) = (code(&name(finding)), code(&finding.id.to_string()));
        format!("{name} · finding {id}")
    };
    let mut lines: Vec<_> = alike.all().take(MAX_LISTED).map(line).collect();
    let more = alike.others.len() + 1 - lines.len();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Formats the cost of several findings. The filter for sentences would remove the sign, so it only gets the words.
pub(super) fn price(alike: &Alike<'_>) -> Option<String> {
    let cost = alike.cost()?;
    match cost.starts_with(['+', '-']) {
        true => Some(cost),
        false => Some(sentence(&cost).to_string()),
    }
}

/// Returns the places in the code that a fix edits.
pub(super) fn places(finding: &Finding) -> Vec<String> {
    let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
    let mut places: Vec<_> = edits.map(|edit| code(&edit.place()).to_string()).collect();
    places.dedup();
    places
}

/// Names the controls that a finding fails.
pub(super) fn controls(finding: &Finding) -> impl Iterator<Item = String> {
    let controls = finding.controls.iter();
    controls.map(|control| format!("{} {}", control.benchmark, control.id))
}

/// Links the techniques of a finding to their pages.
pub(super) fn techniques(finding: &Finding) -> impl Iterator<Item = String> {
    let techniques = finding.techniques.iter();
    techniques.map(|id| format!("[{}]({})", technique(id), technique_page(id)))
}

/// Describes a finding that is set aside, and why.
pub(super) fn aside(finding: &Finding) -> String {
    let paths: Vec<_> = finding
        .attributes
        .iter()
        .map(|difference| code(&difference.path).to_string())
        .collect();
    let reason = sentence(finding.reason.as_deref().unwrap_or_default());
    let name = code(&name(finding));
    match paths.as_slice() {
        [] => format!("{name}: {reason}"),
        paths => format!("{name} {}: {reason}", paths.join(", ")),
    }
}

/// How many characters of a name a title shows: the longest name of a stack stands beside it.
const MAX_TITLE_LENGTH: usize = 100;

/// Formats a name for a title: GitHub shows no markup there, and accepts 256 characters.
pub(super) fn titled(name: &str) -> String {
    cut(&unlinked(name), MAX_TITLE_LENGTH)
}
