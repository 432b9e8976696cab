//! Writes replies to comments.

use super::dashboard::numbers;
use super::markdown::{code, sentence};
use super::pull_request::PullRequestText;
use super::size::{MAX_TEXT, some, within};
use super::words::{by_severity, counted, event, name};
use crate::model::{Choice, Decision, Finding, FixKind, Scanned, StackReport};

/// How many findings a reminder lists.
const MAX_LATE: usize = 50;

/// Reports the result of a requested scan.
pub fn scanned(report: &StackReport, pulls: &[u64]) -> String {
    let stack = code(report.name.as_str());
    let scanned = match &report.outcome {
        Ok(scanned) => scanned,
        Err(error) => return format!("{stack} could not be scanned: {}", sentence(&error.message)),
    };
    let drift = match by_severity(scanned.findings.iter()) {
        Some(severities) => format!(
            "{}: {severities}",
            counted(scanned.findings.len(), "finding")
        ),
        None => "no drift".to_owned(),
    };
    let open = match pulls.is_empty() {
        true => String::new(),
        false => format!("; pull requests: {}", numbers(pulls)),
    };
    let refused = scanned.findings.iter().filter_map(|finding| {
        let fix = finding.fix.as_ref()?;
        let reason = fix.reason.as_deref().unwrap_or_default();
        (fix.kind == FixKind::Refused).then(|| {
            format!(
                "\n- needs a person: {}: {}",
                code(&name(finding)),
                sentence(reason)
            )
        })
    });
    let refused: String = refused.take(20).collect();
    let partial = match scanned.is_partial() {
        true => " Not everything could be checked.",
        false => "",
    };
    format!("Scanned {stack}: {drift}{open}.{partial}{refused}")
}

/// Reminds of a merged pull request that is not applied.
pub fn late(report: &StackReport, scanned: &Scanned, decisions: &[Decision], pull: u64) -> String {
    let of_pull = |finding: &&Finding| {
        let is_it = |decision: &&Decision| {
            let merged = matches!(decision.choice, Choice::Applying { pull: of, .. } if of == pull);
            merged && decision.stack == report.name && decision.finding == finding.id
        };
        decisions.iter().any(|decision| is_it(&decision))
    };
    let lines: Vec<_> = scanned
        .findings
        .iter()
        .filter(of_pull)
        .map(|finding| format!("- {} {}", code(&name(finding)), sentence(&event(finding))))
        .collect();
    let lines = some(lines, MAX_LATE, MAX_TEXT / 2);
    format!(
        "This was merged more than a week ago, and AWS still differs from the code. Was it applied?\n\n{}\n\nNo new \
         pull request is opened for this. `/driftguard restore FINDING` or `/driftguard adopt FINDING` opens one.",
        lines.join("\n")
    )
}

/// Writes the texts of the pull request that accepts differences.
pub fn accept(accepted: &[(&Finding, &Decision)]) -> PullRequestText {
    let line = |(finding, decision): &(&Finding, &Decision)| {
        let (until, reason) = match &decision.choice {
            Choice::Ignore { until, reason } => (until.as_deref(), reason.as_str()),
            _ => (None, ""),
        };
        let until = until.map(|day| format!(", until {}", sentence(day)));
        format!(
            "- {} {} ({}{}): {}",
            code(&name(finding)),
            sentence(&event(finding)),
            sentence(&decision.person),
            until.unwrap_or_default(),
            sentence(reason)
        )
    };
    let lines: Vec<_> = accepted.iter().map(line).collect();
    let shown = within(lines, MAX_TEXT / 2);
    let title = format!("Accept {}", counted(accepted.len(), "difference"));
    PullRequestText {
        body: format!(
            "**Merge this, and DriftGuard leaves these differences as they are.** They are shown as accepted, with their \
             reason, and no pull request is opened for them.\n\n{shown}\nClose this unmerged, and they count as drift \
             again."
        ),
        message: format!("{title}\n"),
        title,
    }
}
