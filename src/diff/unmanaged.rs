//! Reports the resources of an account that no state claims.

use super::{Ownership, assemble};
use crate::model::{Finding, Interrupt, UnmanagedResource};

/// Returns the findings of one account about resources without a managed parent. `own` names what DriftGuard or
/// Terraform itself needs, such as the buckets of the states. Once interrupted, the result is incomplete.
pub fn unmanaged(
    unmanaged: &[UnmanagedResource],
    ownership: &Ownership<'_>,
    own: &[String],
    interrupt: &Interrupt,
) -> Vec<Finding> {
    let unmanaged = unmanaged.iter();
    let unmanaged = unmanaged.take_while(|_| !interrupt.is_raised());
    let free = unmanaged.filter(|found| {
        found.under.is_none()
            && !own.contains(&found.import_id)
            && !ownership.claims(found)
            && ownership.pending_import(found).is_none()
    });
    let mut findings: Vec<_> = free.map(assemble::unmanaged).collect();
    findings.sort_by(super::order);
    findings
}
