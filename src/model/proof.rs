//! How far a fix was proven.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What proved a fix, and what a plan would change all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What proved it.
    pub by: Prover,
    /// The attributes that a plan of the edited code would still change.
    ///
    /// Of a fix that was made the fix does not concern them; one that was refused failed for them.
    pub remaining: Vec<String>,
    /// Why each of them remains.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, String>,
}

/// What proves a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prover {
    /// The provider's own plan of the edited code, against what AWS has.
    Provider,
    /// DriftGuard's comparison of the edited code with what AWS has.
    Comparison,
}

impl Proof {
    /// Creates the proof of a fix that no provider planned.
    pub fn by_comparison() -> Self {
        Self {
            by: Prover::Comparison,
            remaining: Vec::new(),
            reasons: BTreeMap::new(),
        }
    }
}
