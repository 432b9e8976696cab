//! Shows changes in AWS with which the code agrees: no drift, but not to be overlooked where a rule calls them severe.

use super::markdown::{code, sentence};
use super::words::name;
use crate::model::{Difference, Finding, Scanned, Severity, Verdict};

/// Returns the high and critical findings that are set aside because code and AWS agree, the most severe first. They
/// are shown outside of any fold.
pub(super) fn agreed(scanned: &Scanned) -> Vec<&Finding> {
    let aside = scanned.set_aside.iter();
    let severe = aside.filter(|finding| {
        finding.verdict == Verdict::StaleState && finding.severity >= Severity::High
    });
    let mut severe: Vec<_> = severe.collect();
    severe.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    severe
}

/// Describes what AWS has and which line of the code agrees, as a sentence of plain text.
pub(super) fn agreement(finding: &Finding) -> String {
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
