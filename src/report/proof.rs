//! Tells how far the edits of fixes are proven.

use crate::model::{Finding, Fix, FixKind, Proof, Prover};

/// Returns the proof of a fix that edits the code. Why a fix was refused, its reason tells.
fn of_edits(fix: &Fix) -> Option<&Proof> {
    let proof = fix.proof.as_ref();
    proof.filter(|_| fix.kind != FixKind::Refused)
}

/// Returns what the provider plans after a fix; `None` where none planned it.
pub(super) fn planned(fix: &Fix) -> Option<String> {
    let proof = of_edits(fix).filter(|proof| proof.by == Prover::Provider)?;
    let remaining = proof.remaining.iter().map(|name| {
        let reason = proof.reasons.get(name);
        let reason = reason.map(|reason| format!(" ({reason})"));
        format!("`{name}`{}", reason.unwrap_or_default())
    });
    let remaining: Vec<_> = remaining.collect();
    Some(match remaining.as_slice() {
        [] => "the provider plans nothing more here".to_owned(),
        remaining if fix.kind == FixKind::Restore => {
            format!(
                "the provider takes the code and plans {}",
                remaining.join(", ")
            )
        }
        remaining => format!(
            "the provider plans nothing more for what is fixed here, and would still change {}",
            remaining.join(", ")
        ),
    })
}

/// Returns what checked a fix, of a single finding.
pub(super) fn checked(fix: &Fix) -> Option<String> {
    of_edits(fix)?;
    let compared = || "verified by DriftGuard's own comparison, not by a Terraform plan".to_owned();
    Some(planned(fix).unwrap_or_else(compared))
}

/// Returns what checked the edits that no provider planned, once for all findings; `None` where there are none.
pub(super) fn compared<'a>(
    findings: impl IntoIterator<Item = &'a Finding>,
) -> Option<&'static str> {
    let fixes = findings
        .into_iter()
        .filter_map(|finding| finding.fix.as_ref());
    let (mut by_provider, mut by_comparison) = (false, false);
    for proof in fixes.filter_map(of_edits) {
        match proof.by {
            Prover::Provider => by_provider = true,
            Prover::Comparison => by_comparison = true,
        }
    }
    match (by_comparison, by_provider) {
        (false, _) => None,
        (true, false) => {
            Some("DriftGuard verified every edit by its own comparison, not by a Terraform plan.")
        }
        (true, true) => Some(
            "Where no plan of the provider is named, DriftGuard verified the edit by its own comparison.",
        ),
    }
}
