//! Code enforces what it declares.

use super::verify::Wanted;
use super::{Stack, adopt};
use crate::model::{Edit, Finding, Verdict};

/// What a restore says where the code was right already, in whole or in part.
pub(super) const REASON: &str = "the code is right, and an apply brings AWS back to it";
/// What a restore says of what is gone.
pub(super) const MADE_ANEW: &str = "the code is right, and an apply makes it anew";

/// The edits that pin what the code leaves out and no plan would bring back. Where the code says it already, there are
/// none: an apply is all it takes.
///
/// # Errors
/// Why the code must not be edited, or cannot.
pub(super) fn plan(
    finding: &Finding,
    all: &[Finding],
    stack: &Stack<'_>,
) -> Result<(Vec<Edit>, Vec<Wanted>), String> {
    adopt::write(finding, all, stack, |difference| {
        (difference.verdict == Verdict::UnseenByPlan).then_some(&difference.recorded)
    })
}
