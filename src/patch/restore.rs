//! Code enforces what it declares.

use super::Stack;
use super::adopt::Target;
use super::verify::Wanted;
use crate::model::{Difference, Edit, Finding, Verdict};

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
    let (mut edits, mut wanted) = (Vec::new(), Vec::new());
    for difference in finding
        .attributes
        .iter()
        .filter(|one| one.verdict == Verdict::UnseenByPlan)
    {
        let target = Target::find(finding, &difference.path, stack)?;
        target.agree(
            all,
            &|other: &Difference| other.recorded == difference.recorded,
            stack,
        )?;
        edits.extend(target.write(&difference.recorded, stack)?);
        wanted.extend(target.wanted(&difference.recorded, stack));
    }
    Ok((edits, wanted))
}
