//! What a provider's plan would change.

use std::collections::BTreeSet;

/// The top-level attributes of a resource that the provider's plan changes, or would without `ignore_changes`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlannedChanges {
    /// Those that AWS changed: a plan reverts them.
    pub drift: BTreeSet<String>,
    /// Those that the code changed: state and AWS agree.
    pub not_applied: BTreeSet<String>,
    /// Those that AWS changed, and `ignore_changes` names.
    pub ignored: BTreeSet<String>,
}
