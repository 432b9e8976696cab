//! Orders stacks by urgency, for every text that lists them.

use crate::model::{StackStatus, Urgency};
use std::cmp::Reverse;

/// Returns the stacks, the most urgent first: those that could not be scanned, since nothing is known of them, then by
/// their most severe finding.
pub fn by_urgency(stacks: &[StackStatus]) -> Vec<&StackStatus> {
    let mut sorted: Vec<_> = stacks.iter().collect();
    sorted.sort_by_key(|stack| Reverse(Urgency::of(&stack.report)));
    sorted
}
