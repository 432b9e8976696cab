//! Leaves out what other stacks may rightly do, where no plan shows it.

use crate::model::{Finding, Kind, Severity, Verdict};
use crate::resources::is_shared_unseen;

/// Leaves out findings about a policy or rules that the code does not set, unless a rule rates them high: another stack may
/// let a service of its own in.
pub(super) fn leave_out_harmless(findings: &mut Vec<Finding>) {
    findings.retain(|finding| {
        finding.kind != Kind::Modified
            || finding.verdict != Verdict::UnseenByPlan
            || finding.severity >= Severity::High
            || !is_shared_unseen(&finding.tf_type)
    });
}
