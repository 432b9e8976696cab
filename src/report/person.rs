//! Findings that need a person: no pull request fixes them.

use super::markdown::{block, code, sentence};
use super::words::{event, name};
use crate::model::{Finding, Fix, FixKind, Severity};

/// Whether only a person can resolve a finding: no pull request fixes it.
pub(super) fn needs_person(finding: &Finding) -> bool {
    let fix = finding.fix.as_ref();
    fix.is_some_and(|fix| fix.kind == FixKind::Refused)
}

/// Whether a finding needs a person and is more severe than all that a pull request fixes.
pub(super) fn is_urgent(finding: &Finding, fixed: Option<Severity>) -> bool {
    let is_severe = finding.severity >= Severity::Medium && Some(finding.severity) > fixed;
    is_severe && needs_person(finding)
}

/// A finding that needs a person, as a warning that stands out.
pub(super) fn warning(finding: &Finding) -> String {
    let fix = finding.fix.as_ref();
    let reason = fix.and_then(|fix| fix.reason.as_deref()).map(sentence);
    let mut lines = vec![
        "[!WARNING]".to_owned(),
        format!(
            "**{}, needs a person**: {} {}. DriftGuard does not fix this: {}.",
            finding.severity.as_str(),
            code(&name(finding)),
            sentence(&event(finding)),
            reason.unwrap_or_default()
        ),
    ];
    if let Some(command) = fix.and_then(|fix| fix.command.as_deref()) {
        lines.push("To undo it:".to_owned());
        lines.push(String::new());
        let block = block("sh", command).to_string();
        lines.extend(block.lines().map(str::to_owned));
    }
    let lines: Vec<_> = lines
        .iter()
        .map(|line| format!("> {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// A finding that needs a person.
pub(super) fn left(finding: &Finding) -> String {
    format!(
        "**{}** {}: {}",
        finding.severity.as_str(),
        code(&name(finding)),
        refusal(finding)
    )
}

/// The attributes that a fix leaves as they are, each with its reason.
pub(super) fn left_out(fix: &Fix) -> impl Iterator<Item = String> {
    let refused = fix.refused.iter().filter(|_| fix.kind != FixKind::Refused);
    refused.map(|one| format!("not fixed: {}, {}", code(&one.path), sentence(&one.reason)))
}

/// Why a finding is not fixed, and the command that undoes it.
pub(super) fn refusal(finding: &Finding) -> String {
    let fix = finding.fix.as_ref();
    let reason = fix
        .and_then(|fix| fix.reason.as_deref())
        .map(sentence)
        .unwrap_or_default();
    let command = fix
        .and_then(|fix| fix.command.as_deref())
        .map(|command| format!(" Undo it with {}.", code(command)));
    format!("{reason}.{}", command.unwrap_or_default())
}
