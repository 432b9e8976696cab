//! Shows how the two sides of an attribute differ: only the parts that do.

mod document;
mod elements;

use super::words::{cut, cut_value, expected, value};
use crate::model::{Difference, Finding};

/// The two sides of a change, and with them its direction: `-` is the first side, `+` the second.
///
/// In a pull request `+` is what merging it leads to. A restore leads from AWS back to the code, so its sides are those
/// of the drift in the opposite order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sides {
    /// What Terraform has, and what AWS has now: the drift.
    Drift,
    /// The code now, and after the merge of a pull request that adopts.
    Adopt,
    /// AWS now, and after the apply of a pull request that restores.
    Restore,
}

impl Sides {
    /// Returns the head of a diff, which names both sides as a unified diff names its files.
    fn head(self) -> [String; 2] {
        let (before, after) = match self {
            Self::Drift => ("Terraform", "AWS"),
            Self::Adopt => ("code now", "code after the merge"),
            Self::Restore => ("AWS now", "AWS after the apply"),
        };
        [format!("--- {before}"), format!("+++ {after}")]
    }

    /// Returns the heading of a table's column of changes.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Drift => "drift: Terraform → AWS",
            Self::Adopt => "the merge changes in the code",
            Self::Restore => "the apply changes in AWS",
        }
    }

    /// Returns whether an attribute is shown: a fix changes nothing in those that it leaves as they are.
    fn has(self, finding: &Finding, difference: &Difference) -> bool {
        let left = finding.fix.iter().flat_map(|fix| &fix.refused);
        self == Self::Drift || left.into_iter().all(|left| left.path != difference.path)
    }
}

/// The change of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Terraform's path of the attribute.
    pub path: String,
    /// The parts that differ.
    pub parts: Parts,
}

/// The parts of an attribute that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parts {
    /// The whole value: a scalar, or one side has none.
    Value { before: String, after: String },
    /// Members of a collection, or statements of a policy.
    Members {
        noun: &'static str,
        members: Vec<Member>,
    },
}

/// A member of a collection that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    /// Only on the second side.
    Added(String),
    /// Only on the first side.
    Removed(String),
    /// On both sides, with these lines different.
    Changed { name: String, lines: Vec<Line> },
}

/// A line of a changed member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Only on the second side.
    Added(String),
    /// Only on the first side.
    Removed(String),
}

impl Change {
    /// Returns the change that a difference shows.
    fn of(difference: &Difference, sides: Sides) -> Self {
        let path = cut_value(&difference.path);
        let (mut before, mut after) = (expected(difference), &difference.live);
        let (mut removed, mut added) = (&difference.removed, &difference.added);
        if sides == Sides::Restore {
            (before, after) = (after, before);
            (removed, added) = (added, removed);
        }
        let parts = if !added.is_empty() || !removed.is_empty() {
            elements::parts(removed, added)
        } else if let Some(parts) = document::parts(before, after) {
            parts
        } else {
            Parts::Value {
                before: value(before),
                after: value(after),
            }
        };
        Self { path, parts }
    }

    /// Formats the change as lines of a diff.
    pub(super) fn diff(&self) -> Vec<String> {
        let path = &self.path;
        match &self.parts {
            Parts::Value { before, after } => {
                vec![
                    format!("- {path} = {before}"),
                    format!("+ {path} = {after}"),
                ]
            }
            Parts::Members { members, .. } => {
                let lines = members.iter().flat_map(Member::diff);
                std::iter::once(format!("  {path}")).chain(lines).collect()
            }
        }
    }

    /// Formats the change briefly, for a table: `ingress: 1 added` of a drift, `ingress: 1 to remove` of its restore.
    pub(super) fn brief(&self, sides: Sides) -> String {
        let path = &self.path;
        match &self.parts {
            Parts::Value { before, after } => {
                format!(
                    "{path}: {} → {}",
                    cut(before, MAX_CELL_LENGTH),
                    cut(after, MAX_CELL_LENGTH)
                )
            }
            Parts::Members { noun, members } => {
                let count = |is_counted: fn(&Member) -> bool| {
                    members.iter().filter(|member| is_counted(member)).count()
                };
                let [added, removed, changed] = match sides {
                    Sides::Drift => ["added", "removed", "changed"],
                    Sides::Adopt | Sides::Restore => ["to add", "to remove", "to change"],
                };
                let counts = [
                    (count(|member| matches!(member, Member::Added(_))), added),
                    (
                        count(|member| matches!(member, Member::Removed(_))),
                        removed,
                    ),
                    (
                        count(|member| matches!(member, Member::Changed { .. })),
                        changed,
                    ),
                ];
                let counts = counts.into_iter().filter(|(count, _)| *count > 0);
                let counts: Vec<_> = counts
                    .map(|(count, verb)| format!("{}{verb}", counted(count, noun)))
                    .collect();
                format!("{path}: {}", counts.join(", "))
            }
        }
    }
}

impl Member {
    fn diff(&self) -> Vec<String> {
        match self {
            Self::Added(text) => vec![format!("+   {text}")],
            Self::Removed(text) => vec![format!("-   {text}")],
            Self::Changed { name, lines } => {
                let lines = lines.iter().map(|line| match line {
                    Line::Added(text) => format!("+     {text}"),
                    Line::Removed(text) => format!("-     {text}"),
                });
                std::iter::once(format!("    {name}"))
                    .chain(lines)
                    .collect()
            }
        }
    }
}

/// Returns the change of each attribute of a finding; of a fix, of each attribute that it changes.
pub(super) fn changes(finding: &Finding, sides: Sides) -> impl Iterator<Item = Change> {
    let shown = finding.attributes.iter();
    let shown = shown.filter(move |difference| sides.has(finding, difference));
    shown.map(move |difference| Change::of(difference, sides))
}

/// Formats the changes of a finding as a diff whose head names its sides; empty where no attribute changed.
pub(super) fn diff(finding: &Finding, sides: Sides) -> Vec<String> {
    let mut lines = changes(finding, sides).flat_map(|change| change.diff());
    match lines.next() {
        Some(first) => sides
            .head()
            .into_iter()
            .chain([first])
            .chain(lines)
            .collect(),
        None => Vec::new(),
    }
}

/// How many characters of a value a table shows.
const MAX_CELL_LENGTH: usize = 40;

/// Counts members: `1 statement `, `2 statements `; the bare number where the members have no noun.
fn counted(count: usize, noun: &str) -> String {
    match (noun, count) {
        ("", count) => format!("{count} "),
        (noun, 1) => format!("1 {noun} "),
        (noun, count) => format!("{count} {noun}s "),
    }
}
