//! Writes the file that a restore commits where the code is right already.

use crate::model::{Finding, is_unseen, masked};

/// The name of the file, in the stack's folder.
pub const MARKER: &str = "driftguard.tf";

/// Writes comments that list what an apply of the unchanged code brings back.
pub fn marker(findings: &[&Finding]) -> String {
    let mut lines = vec![
        "# The code is right: an apply makes AWS match it again. Merge this file to have your pipeline apply,".to_owned(),
        "# or apply by hand and close the pull request. This file holds only comments: delete it at any time.".to_owned(),
        "#".to_owned(),
    ];
    for finding in findings {
        let name = finding
            .address
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let paths: Vec<_> = finding
            .attributes
            .iter()
            .map(|difference| difference.path.as_str())
            .collect();
        let what = if paths.is_empty() {
            "is gone".to_owned()
        } else {
            paths.join(", ")
        };
        let line = format!("# {} {name}: {what}", finding.id);
        let shown = |c: char| match is_unseen(c) {
            true => c.escape_unicode().to_string(),
            false => c.to_string(),
        };
        lines.push(masked(&line).chars().map(shown).collect());
    }
    lines.join("\n") + "\n"
}
