//! Shows changes in AWS that are no drift, but not to be overlooked where a rule calls them severe: those with which the
//! code agrees, and those of resources that the next apply takes out of the state.

use super::markdown::{code, sentence};
use super::words::name;
use crate::model::{Difference, Finding, Kind, Scanned, Severity, Verdict};

/// Returns the high and critical findings that are set aside because code and AWS agree, or because the resource leaves
/// the state, the most severe first. They are shown outside of any fold.
pub(super) fn agreed(scanned: &Scanned) -> Vec<&Finding> {
    let aside = scanned.set_aside.iter();
    let severe = aside.filter(|finding| {
        let is_shown = finding.verdict == Verdict::StaleState || leaves(finding);
        is_shown && finding.severity >= Severity::High
    });
    let mut severe: Vec<_> = severe.collect();
    severe.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    severe
}

/// Returns whether the finding tells a change of a resource that the next apply takes out of the state.
fn leaves(finding: &Finding) -> bool {
    finding.verdict == Verdict::NotApplied && finding.kind == Kind::Modified
}

/// Describes what AWS has and which line of the code agrees, or why the resource leaves the state, as a sentence of plain
/// text.
pub(super) fn agreement(finding: &Finding) -> String {
    if leaves(finding) {
        let paths = finding.attributes.iter();
        let paths: Vec<_> = paths.map(|difference| difference.path.as_str()).collect();
        let why = finding.reason.as_deref().unwrap_or_default();
        return format!("changed in AWS ({}), and {why}", paths.join(", "));
    }
    let place = |difference: &Difference| match &difference.defined_in {
        Some(source) => format!("{} by {}:{}", difference.path, source.file, source.line),
        None => difference.path.clone(),
    };
    let places: Vec<_> = finding.attributes.iter().map(place).collect();
    format!(
        "AWS has what the code says ({}), and the state does not: check that it is meant",
        places.join(", ")
    )
}

/// Formats an agreement in Markdown, with the severity and the name.
fn agreed_line(finding: &Finding) -> String {
    let severity = finding.severity.as_str();
    let agreement = agreement(finding);
    format!(
        "**{severity}** {}: {}",
        code(&name(finding)),
        sentence(&agreement)
    )
}

/// Formats all agreements, one per line.
pub(super) fn agreed_lines(scanned: &Scanned) -> Vec<String> {
    agreed(scanned).into_iter().map(agreed_line).collect()
}
