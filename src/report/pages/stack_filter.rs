//! Filters the list of an organisation's stacks.

use super::choices::FilterChoice;
use super::fields;
use crate::model::{RepositoryName, StackName, StackSummary, Urgency};

/// The longest text that is searched for, in characters.
const MAX_QUERY: usize = 200;

/// Which stacks of an organisation are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StackFilter {
    query: String,
    drift: Option<DriftState>,
}

/// What is known of a stack's drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DriftState {
    Found,
    None,
    Unknown,
}

impl DriftState {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Found, "found", "found"),
        (Self::None, "none", "none found"),
        (Self::Unknown, "unknown", "not known"),
    ];

    fn of(summary: Option<&StackSummary>) -> Self {
        match summary.map(StackSummary::urgency) {
            Some(Urgency::Drift(_)) => Self::Found,
            Some(Urgency::NoDrift) => Self::None,
            Some(Urgency::NotScanned) | None => Self::Unknown,
        }
    }
}

impl StackFilter {
    /// Reads a filter from the parts of an address; what is none filters nothing.
    pub fn new(query: &str, drift: &str) -> Self {
        let drift = DriftState::ALL.iter().find(|(_, name, _)| *name == drift);
        Self {
            query: query.trim().chars().take(MAX_QUERY).collect(),
            drift: drift.map(|(state, ..)| *state),
        }
    }

    /// Returns whether a stack is listed.
    pub fn fits(
        &self,
        stack: &StackName,
        repository: &RepositoryName,
        summary: Option<&StackSummary>,
    ) -> bool {
        let query = self.query.to_lowercase();
        let folder = summary.map_or("", |summary| summary.path.as_str());
        let holds = |text: &str| text.to_lowercase().contains(&query);
        let is_named = holds(stack.as_str()) || holds(&repository.to_string()) || holds(folder);
        is_named
            && self
                .drift
                .is_none_or(|drift| drift == DriftState::of(summary))
    }

    /// Returns the text that is searched for.
    pub(super) fn query(&self) -> &str {
        &self.query
    }

    /// Returns the states to choose from.
    pub(super) fn states(&self) -> Vec<FilterChoice> {
        let choice = |(state, value, label): (DriftState, &str, &str)| {
            FilterChoice::labelled(value, label, self.drift == Some(state))
        };
        DriftState::ALL.map(choice).to_vec()
    }

    /// Returns the link to a part of the list, with the same filter; to the start where there is no place.
    pub(super) fn part(&self, place: &str) -> String {
        let drift = DriftState::ALL
            .iter()
            .find(|(state, ..)| self.drift == Some(*state));
        fields(&[
            ("q", self.query.as_str()),
            ("drift", drift.map_or("", |(_, name, _)| name)),
            ("after", place),
        ])
    }

    pub(super) fn is_set(&self) -> bool {
        *self != Self::default()
    }
}
