//! What changed in an attribute: the parts that differ and no others.

mod document;
mod elements;

use super::words::{cut, cut_value, value, wanted};
use crate::model::{Difference, Finding};

/// The change of one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Terraform's path of the attribute.
    pub path: String,
    /// What differs below it.
    pub parts: Parts,
}

/// What differs in an attribute.
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
    /// Only AWS has it.
    Added(String),
    /// AWS lacks it.
    Removed(String),
    /// Both have it, and these lines of it differ.
    Changed { name: String, lines: Vec<Line> },
}

/// A line of a member that both sides have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Only AWS has it.
    Added(String),
    /// AWS lacks it.
    Removed(String),
}

impl Change {
    /// The change that a difference shows.
    pub(super) fn of(difference: &Difference) -> Self {
        let path = cut_value(&difference.path);
        let (before, after) = (wanted(difference), &difference.live);
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

    /// The change as lines of a diff.
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

    /// The change in as many words as a table has room for.
    pub(super) fn brief(&self) -> String {
        let path = &self.path;
        match &self.parts {
            Parts::Value { before, after } => {
                format!(
                    "{path}: {} → {}",
                    cut(before, LONGEST_CELL),
                    cut(after, LONGEST_CELL)
                )
            }
            Parts::Members { noun, members } => {
                let count = |wanted: fn(&Member) -> bool| {
                    members.iter().filter(|member| wanted(member)).count()
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

/// What changed in each attribute of a finding.
pub(super) fn changes(finding: &Finding) -> impl Iterator<Item = Change> {
    finding.attributes.iter().map(Change::of)
}

/// What changed in a finding, as the lines of a diff.
pub(super) fn diff(finding: &Finding) -> Vec<String> {
    changes(finding).flat_map(|change| change.diff()).collect()
}

/// The most characters of a value in a table.
const LONGEST_CELL: usize = 40;

/// `1 statement `, `2 statements `; the bare number where the members have no noun.
fn counted(count: usize, noun: &str) -> String {
    match (noun, count) {
        ("", count) => format!("{count} "),
        (noun, 1) => format!("1 {noun} "),
        (noun, count) => format!("{count} {noun}s "),
    }
}
