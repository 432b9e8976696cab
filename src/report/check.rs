//! What a check run says.

use super::markdown::{block, code, sentence};
use super::pull_request::{aside, left, unchecked};
use super::words::{by_severity, cost, counted, event, name};
use crate::model::{Scanned, StackReport, Status};

/// GitHub takes 65,535 characters in each of summary and text.
const LONGEST: usize = 60_000;

/// A check run's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckText {
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// Markdown.
    pub text: String,
    /// Whether everything is as it should be, as far as it was looked at.
    pub good: bool,
}

/// What the check of a stack says. `pulls` are its open pull requests' numbers.
pub fn check(stack: &StackReport, pulls: &[u64]) -> CheckText {
    match &stack.outcome {
        Ok(scanned) => scan(scanned, pulls),
        Err(error) => failed("The stack could not be scanned", &error.message),
    }
}

/// What a check says where there was no scan.
pub fn failed(title: &str, message: &str) -> CheckText {
    CheckText {
        title: title.to_owned(),
        summary: sentence(message).to_string(),
        text: String::new(),
        good: false,
    }
}

/// What the check of a repository without a role says: the role to make, and how to name it.
pub fn onboarding(trust: &str, policy: &str, external_id: &str) -> CheckText {
    let summary = format!(
        "DriftGuard reads AWS with a role of yours, and this repository names none. Make a role with the trust policy and \
         the permissions below, and name it in `.driftguard.yml` on the default branch:\n\n{}\n\nThe external id of this \
         repository is {}. A role that lets anybody in without it is refused.",
        block(
            "yaml",
            "version: 1\naws:\n  role_arn: arn:aws:iam::123456789012:role/driftguard"
        ),
        code(external_id)
    );
    let text = format!(
        "Trust policy:\n\n{}\n\nPermissions:\n\n{}",
        block("json", trust),
        block("json", policy)
    );
    CheckText {
        title: "A role is needed to read AWS".to_owned(),
        summary,
        text,
        good: false,
    }
}

fn scan(scanned: &Scanned, pulls: &[u64]) -> CheckText {
    let summary = &scanned.summary;
    let mut lines = vec![format!(
        "{} of {} checked.",
        summary.checked,
        counted(summary.resources, "resource")
    )];
    if let (Some(declared), Some(live)) = (summary.posture.declared, summary.posture.live) {
        lines.push(format!(
            "Posture {declared} of 100 as declared, {live} as it is."
        ));
    }
    let numbers: Vec<_> = pulls.iter().map(|number| format!("#{number}")).collect();
    if !numbers.is_empty() {
        lines.push(format!("Open: {}.", numbers.join(", ")));
    }
    let mut text = Vec::new();
    let mut findings: Vec<_> = scanned.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        let cost = cost(finding)
            .map(|cost| format!(", {cost}"))
            .unwrap_or_default();
        let event = sentence(&event(finding));
        text.push(format!(
            "- **{}** {} {event}{cost}",
            finding.severity.as_str(),
            code(&name(finding))
        ));
        if finding
            .fix
            .as_ref()
            .is_some_and(|fix| fix.kind == crate::model::FixKind::Refused)
        {
            text.push(format!("  - left to you: {}", left(finding)));
        }
    }
    text.extend(
        scanned
            .set_aside
            .iter()
            .map(|finding| format!("- set aside: {}", aside(finding))),
    );
    text.extend(
        unchecked(&scanned.coverage)
            .into_iter()
            .map(|line| format!("- not checked: {line}")),
    );
    text.extend(
        scanned
            .notes
            .iter()
            .map(|note| format!("- note: {}", sentence(note))),
    );
    let partial = scanned
        .coverage
        .iter()
        .any(|row| !matches!(row.status, Status::Checked | Status::Unsupported));
    CheckText {
        title: match by_severity(scanned.findings.iter()) {
            Some(severities) => format!(
                "{}: {severities}",
                counted(scanned.findings.len(), "finding")
            ),
            None if partial => "No drift found, and not everything could be checked".to_owned(),
            None => "No drift".to_owned(),
        },
        summary: lines.join(" "),
        text: within(text),
        good: scanned.findings.is_empty() && !partial,
    }
}

/// As many lines as GitHub takes; the last one says how many there are besides.
fn within(lines: Vec<String>) -> String {
    let (mut text, mut length, all) = (String::new(), 0, lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        length += line.chars().count() + 1;
        if length > LONGEST {
            return text
                + &format!(
                    "- and {} more lines: `driftguard scan` shows all\n",
                    all - at
                );
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}
