//! What stands in an account and no state claims.

use super::{Claims, assemble};
use crate::model::{Finding, Interrupt, Unclaimed};

/// The findings of one account: what hangs below nothing managed. `own` names what DriftGuard or Terraform itself
/// needs, such as the bucket that holds the states. Once interrupted, what is found is not all.
pub fn unmanaged(
    unclaimed: &[Unclaimed],
    claims: &Claims<'_>,
    own: &[String],
    interrupt: &Interrupt,
) -> Vec<Finding> {
    let unclaimed = unclaimed.iter();
    let unclaimed = unclaimed.take_while(|_| !interrupt.is_raised());
    let free = unclaimed.filter(|found| {
        found.under.is_none() && !own.contains(&found.import_id) && !claims.claim(found)
    });
    let mut findings: Vec<_> = free.map(assemble::unmanaged).collect();
    findings.sort_by(super::order);
    findings
}
