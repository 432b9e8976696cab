//! Decides which pushes request a scan.

pub(crate) use crate::model::{ACCEPT, ONBOARDING};

/// Returns whether a push of this ref requests a scan: only an existing default branch that is not DriftGuard's own
/// does.
pub(super) fn scans(reference: &str, deleted: bool, default_branch: &str) -> bool {
    let Some(branch) = reference.strip_prefix("refs/heads/") else {
        return false;
    };
    !deleted && !is_own(branch) && !branch.is_empty() && branch == default_branch
}

/// Returns whether a push of this ref may change the role on the onboarding branch.
pub(super) fn onboards(reference: &str, deleted: bool) -> bool {
    !deleted && reference.strip_prefix("refs/heads/") == Some(ONBOARDING)
}

/// Returns whether DriftGuard writes this branch.
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
