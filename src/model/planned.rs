//! Defines what a provider's plan would change.

use super::Address;
use std::collections::{BTreeMap, BTreeSet};

/// What the provider's plan changes of a resource, or would without `ignore_changes`: top-level attributes, apart from
/// `all`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlannedChanges {
    /// Those that AWS changed: a plan reverts them.
    pub drift: BTreeSet<String>,
    /// Those that the code changed: state and AWS agree.
    pub not_applied: BTreeSet<String>,
    /// Those that AWS changed, and `ignore_changes` names.
    pub ignored: BTreeSet<String>,
    /// All that a plan changes of what the code determines, whatever it means. Each part of an ordered block and each entry
    /// of a map has a path of its own.
    pub all: BTreeSet<String>,
    /// Those of `all` whose text of JSON is spelled in another way, and says the same.
    pub respelled: BTreeSet<String>,
    /// The top-level attributes that the code sets otherwise since its edits; none where it was not edited.
    pub edited: BTreeSet<String>,
    /// Why the provider refuses the edited code, if it did not refuse the code before.
    pub refusal: Option<String>,
    /// The top-level attributes whose edits alone it refuses, and why; without these it takes the edited code.
    pub refused: BTreeMap<String, String>,
}

/// The paths whose edits the provider's plan disproves, each with the reason, by resource.
pub type Disproved = BTreeMap<Address, BTreeMap<String, String>>;
