//! Shows findings that need a person, since no pull request fixes them.

use super::actor::{who_briefly, who_of};
use super::markdown::{block, code, sentence};
use super::words::{event, name};
use crate::model::{Finding, Fix, FixKind, Severity};

/// Returns whether only a person can resolve a finding.
pub(super) fn needs_person(finding: &Finding) -> bool {
    let fix = finding.fix.as_ref();
    fix.is_some_and(|fix| fix.kind == FixKind::Refused)
}

/// Returns whether a finding needs a person and is at least as severe as everything that the pull request fixes.
pub(super) fn is_urgent(finding: &Finding, fixed: Option<Severity>) -> bool {
    let is_severe = finding.severity >= Severity::Medium && Some(finding.severity) >= fixed;
    is_severe && needs_person(finding)
}

/// Formats a finding that needs a person as a warning.
pub(super) fn warning(finding: &Finding) -> String {
    let fix = finding.fix.as_ref();
    let reason = fix.and_then(|fix| fix.reason.as_deref()).map(sentence);
    let mut lines = vec![
        "[!WARNING]".to_owned(),
        format!(
            "**{}, needs a person**: {} {} (finding {}). DriftGuard does not fix this: {}.",
            finding.severity.as_str(),
            code(&name(finding)),
            sentence(&event(finding)),
            code(&finding.id.to_string()),
            reason.unwrap_or_default()
        ),
    ];
    lines.extend(who_of(finding).map(|who| format!("Who: {who}.")));
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

/// Formats a finding that needs a person as a line.
pub(super) fn left(finding: &Finding) -> String {
    let who = who_briefly(finding).map(|who| format!(" By {who}."));
    format!(
        "**{}** {} (finding {}): {}{}",
        finding.severity.as_str(),
        code(&name(finding)),
        code(&finding.id.to_string()),
        refusal(finding),
        who.unwrap_or_default()
    )
}

/// Lists the attributes that a fix leaves as they are, each with its reason.
pub(super) fn left_out(fix: &Fix) -> impl Iterator<Item = String> {
    let refused = fix.refused.iter().filter(|_| fix.kind != FixKind::Refused);
    refused.map(|refused_attribute| {
        format!(
            "not fixed: {}, {}",
            code(&refused_attribute.path),
            sentence(&refused_attribute.reason)
        )
    })
}

/// Explains why a finding is not fixed, with the command that reverts it.
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
