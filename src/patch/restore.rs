//! Makes the code enforce what it declares.

use super::adopt::{self, Context, Part};
use crate::model::{Difference, Finding, Value, Verdict};

/// The note of a restore whose code was right already, in whole or in part.
pub(super) const REASON: &str = "the code is right: an apply makes AWS match it";
/// The note of a restore that adds arguments which the code left out.
pub(super) const PINNED: &str = "the code now sets what it left out: an apply makes AWS match it";
/// The note of a restore of a deleted resource.
pub(super) const MADE_ANEW: &str = "the code is right, and an apply makes it anew";

/// Returns the parts that add the arguments which the code leaves out, so that it declares the recorded values. Where
/// the code declares them already there are none: an apply is enough.
pub(super) fn plan(finding: &Finding, context: Context<'_>) -> Vec<Part> {
    let differences: Vec<_> = finding.attributes.iter().collect();
    adopt::write(finding, &differences, context, pinned)
}

/// Returns the value that the code must declare, because an apply of the unchanged code would not bring it back.
fn pinned(difference: &Difference) -> Option<&Value> {
    let unseen = difference.verdict == Verdict::UnseenByPlan;
    let left_out = difference.declared == Some(Value::Null);
    // A tag or a block that nobody declares is taken away, or filled in, by the apply itself.
    let plain = !difference.path.contains(['[', '.']) && !difference.recorded.is_null();
    (unseen || (left_out && plain)).then_some(&difference.recorded)
}
