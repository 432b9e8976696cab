//! Which pushes lead to a scan.

/// The branch that brings the first `.driftguard.yml`.
pub(crate) const ONBOARDING: &str = "driftguard-onboarding";

/// The branch that adds accepted differences to it.
pub(crate) const ACCEPT: &str = "driftguard-accept";

/// Whether a push of this ref calls for a scan: only a push to the default branch, which is there afterwards, and which
/// is none of DriftGuard's own.
pub(super) fn scans(reference: &str, deleted: bool, default_branch: &str) -> bool {
    let Some(branch) = reference.strip_prefix("refs/heads/") else {
        return false;
    };
    !deleted && !is_own(branch) && !branch.is_empty() && branch == default_branch
}

/// Whether a push of this ref may name the role on the onboarding branch.
pub(super) fn onboards(reference: &str, deleted: bool) -> bool {
    !deleted && reference.strip_prefix("refs/heads/") == Some(ONBOARDING)
}

/// Whether a branch is one that DriftGuard itself writes.
pub(crate) fn is_own(branch: &str) -> bool {
    branch.starts_with("driftguard/") || [ONBOARDING, ACCEPT].contains(&branch)
}

#[cfg(test)]
mod tests {
    use super::scans;

    #[test]
    fn only_what_lands_on_the_default_branch_is_scanned() {
        for (reference, deleted, default_branch, expected) in [
            ("refs/heads/main", false, "main", true),
            ("refs/heads/release/1", false, "release/1", true),
            ("refs/heads/main", true, "main", false),
            ("refs/heads/feature", false, "main", false),
            ("refs/tags/main", false, "main", false),
            ("refs/heads/Main", false, "main", false),
            ("main", false, "main", false),
            ("refs/heads/", false, "", false),
            (
                "refs/heads/driftguard/production/adopt",
                false,
                "driftguard/production/adopt",
                false,
            ),
            (
                "refs/heads/driftguard-onboarding",
                false,
                "driftguard-onboarding",
                false,
            ),
            (
                "refs/heads/driftguard-accept",
                false,
                "driftguard-accept",
                false,
            ),
            ("refs/heads/driftguard", false, "driftguard", true),
        ] {
            assert_eq!(
                scans(reference, deleted, default_branch),
                expected,
                "{reference}"
            );
        }
    }
}
