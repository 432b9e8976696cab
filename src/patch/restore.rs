//! Code enforces what it declares.

use super::adopt::{self, Context, Part};
use crate::model::{Difference, Finding, Value, Verdict};

/// What a restore says where the code was right already, in whole or in part.
pub(super) const REASON: &str = "the code is right: an apply makes AWS match it";
/// What a restore says where the code left out what it is to enforce.
pub(super) const PINNED: &str = "the code now sets what it left out: an apply makes AWS match it";
/// What a restore says of what is gone.
pub(super) const MADE_ANEW: &str = "the code is right, and an apply makes it anew";

/// The parts that pin what the code leaves out, so that it says from now on what it is meant to be. Where the code says it
/// already, there are none: an apply is all it takes.
pub(super) fn plan(finding: &Finding, context: Context<'_>) -> Vec<Part> {
    let differences: Vec<_> = finding.attributes.iter().collect();
    adopt::write(finding, &differences, context, pinned)
}

/// The value that the code is to set, where no apply of it as it is brings the value back.
fn pinned(difference: &Difference) -> Option<&Value> {
    let unseen = difference.verdict == Verdict::UnseenByPlan;
    let left_out = difference.declared == Some(Value::Null);
    // A tag or a block that nobody declares is taken away, or filled in, by the apply itself.
    let plain = !difference.path.contains(['[', '.']) && !difference.recorded.is_null();
    (unseen || (left_out && plain)).then_some(&difference.recorded)
}
