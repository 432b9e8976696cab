//! Orders stacks by urgency, for every text that lists them.

use crate::model::StackStatus;
use std::cmp::Reverse;

/// Returns the stacks, the most urgent first: those that could not be scanned, since nothing is known of them, then by
/// their most severe finding.
pub fn by_urgency(stacks: &[StackStatus]) -> Vec<&StackStatus> {
    let urgency = |stack: &&StackStatus| match &stack.report.outcome {
        Err(_) => (true, None),
        Ok(scanned) => {
            let severities = scanned.findings.iter().map(|finding| finding.severity);
            (false, severities.max())
        }
    };
    let mut sorted: Vec<_> = stacks.iter().collect();
    sorted.sort_by_key(|stack| Reverse(urgency(stack)));
    sorted
}
