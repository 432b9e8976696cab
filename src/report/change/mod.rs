//! Shows what changed in an attribute: only the parts that differ.

mod document;
mod elements;

use super::words::{cut, cut_value, expected, value};
use crate::model::{Difference, Finding};

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
    /// Only in AWS.
    Added(String),
    /// Missing in AWS.
    Removed(String),
    /// On both sides, with these lines different.
    Changed { name: String, lines: Vec<Line> },
}

/// A line of a changed member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Only in AWS.
    Added(String),
    /// Missing in AWS.
    Removed(String),
}

impl Change {
    /// Returns the change that a difference shows.
    pub(super) fn of(difference: &Difference) -> Self {
        let path = cut_value(&difference.path);
        let (before, after) = (expected(difference), &difference.live);
        let parts = if !difference.added.is_empty() || !difference.removed.is_empty() {
            elements::parts(&difference.removed, &difference.added)
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

    /// Formats the change briefly, for a table.
    pub(super) fn brief(&self) -> String {
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
                let counts = [
                    (count(|member| matches!(member, Member::Added(_))), "added"),
                    (
                        count(|member| matches!(member, Member::Removed(_))),
                        "removed",
                    ),
                    (
                        count(|member| matches!(member, Member::Changed { .. })),
                        "changed",
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

/// Returns the change of each attribute of a finding.
pub(super) fn changes(finding: &Finding) -> impl Iterator<Item = Change> {
    finding.attributes.iter().map(Change::of)
}

/// Formats the changes of a finding as lines of a diff.
pub(super) fn diff(finding: &Finding) -> Vec<String> {
    changes(finding).flat_map(|change| change.diff()).collect()
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
