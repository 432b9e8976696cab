//! Writes the texts of check runs.

use super::actor::who;
use super::agreed::agreed_lines;
use super::alike::{Alike, alike};
use super::change::Sides;
use super::coverage::unchecked;
use super::lines::{aside, describe, named, price, titled};
use super::markdown::{block, code, sentence};
use super::onboarding::NeededRole;
use super::person::{is_urgent, needs_person, refusal, warning};
use super::proof::{compared, planned};
use super::size::{MAX_TEXT, some, within};
use super::stack_pulls::StackPulls;
use super::when::minute;
use super::words::{
    PARTIAL, by_severity, counted, cut_value, event, expected, name, posture, value,
};
use crate::model::{Difference, Finding, Kind, Scanned, Severity, StackReport, StackStatus};

/// How many refused pull requests are listed, and in how many characters.
const MAX_REFUSED: usize = 10;
const MAX_REFUSED_LENGTH: usize = 20_000;

/// How many annotations GitHub accepts in one request.
const MAX_REMARKS: usize = 50;

/// The texts of a check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckText {
    /// The title, on one line.
    pub title: String,
    /// The summary, in Markdown.
    pub summary: String,
    /// The text, in Markdown.
    pub text: String,
    /// Whether nothing was found, and everything could be checked.
    pub good: bool,
    /// Annotations of lines of the code, the most severe first.
    pub annotations: Vec<LineAnnotation>,
}

/// An annotation of the line that defines a drifted value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAnnotation {
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The severity of the finding.
    pub severity: Severity,
    /// The title, on one line.
    pub title: String,
    /// The message, as plain text.
    pub message: String,
}

/// Writes the check of a stack.
pub fn check(stack: &StackReport, pulls: &StackPulls) -> CheckText {
    match &stack.outcome {
        Ok(scanned) => scan(scanned, pulls),
        Err(error) => failed("The stack could not be scanned", &error.message),
    }
}

/// Writes the check of a scan that failed.
pub fn failed(title: &str, message: &str) -> CheckText {
    CheckText {
        title: title.to_owned(),
        summary: sentence(message).to_string(),
        text: String::new(),
        good: false,
        annotations: Vec::new(),
    }
}

/// Writes the check on a person's pull request for a stack that it touches: the findings of the last scan of the
/// default branch.
pub fn review(status: &StackStatus) -> CheckText {
    let pulls = StackPulls {
        open: status.pulls.clone(),
        carried: status.carried.clone(),
        ..StackPulls::default()
    };
    let mut text = check(&status.report, &pulls);
    let at = minute(status.scanned_at);
    text.summary = format!(
        "As of {at}, on the default branch. This pull request will be applied on top of this drift.\n\n{}",
        text.summary
    );
    text
}

/// Writes the check of a repository without a role: the role to create, and how to name it.
pub fn needs_role(role: &NeededRole<'_>) -> CheckText {
    let summary = format!(
        "DriftGuard reads AWS with a role of yours, and this repository names none. Create a role with the trust policy and \
         the permissions below, and name it in `.driftguard.yml` on the default branch:\n\n{}\n\nThe external id of this \
         repository is {}. A role whose trust policy does not require it is refused.",
        block(
            "yaml",
            "version: 1\naws:\n  role_arn: arn:aws:iam::123456789012:role/driftguard"
        ),
        code(role.external_id)
    );
    let missing = role.missing_states();
    let text = format!(
        "Trust policy:\n\n{}\n\nPermissions:\n\n{}{}",
        block("json", role.trust),
        role.permissions(),
        missing
            .map(|missing| format!("\n\n{missing}"))
            .unwrap_or_default()
    );
    CheckText {
        title: "A role is needed to read AWS".to_owned(),
        summary,
        text,
        good: false,
        annotations: Vec::new(),
    }
}

fn scan(scanned: &Scanned, pulls: &StackPulls) -> CheckText {
    let summary = &scanned.summary;
    let mut lines = vec![format!(
        "{} of {} checked.",
        summary.checked,
        counted(summary.resources, "resource")
    )];
    lines.extend(posture(summary.posture).map(|posture| format!("Security posture: {posture}.")));
    if !pulls.open.is_empty() {
        let listed = pulls.listed(&scanned.findings);
        lines.push(format!("Pull requests: {listed}."));
        lines.extend(compared(&scanned.findings).map(str::to_owned));
    }
    if pulls.queued > 0 {
        let queued = counted(pulls.queued, "more pull request");
        lines.push(format!(
            "{queued} will be opened when others are closed: see `pull_requests.limit` and `per_hour`."
        ));
    }
    let refused = pulls.refused.iter().map(|why| sentence(why).to_string());
    lines.extend(some(refused.collect(), MAX_REFUSED, MAX_REFUSED_LENGTH));
    // An open pull request tells of them.
    let warns = pulls.open.is_empty();
    let fixed = fixed(scanned);
    let (warned, listed): (Vec<_>, Vec<_>) = alike(&scanned.findings)
        .into_iter()
        .partition(|alike| warns && is_urgent(alike.first, fixed));
    let warnings = warned.iter().flat_map(Alike::all);
    let mut text: Vec<_> = warnings
        .flat_map(|finding| [warning(finding), String::new()])
        .collect();
    let agreed = agreed_lines(scanned).into_iter();
    text.extend(agreed.map(|line| format!("- {line}")));
    text.extend(listed.iter().flat_map(|alike| lines_of(alike, pulls)));
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
    let partial = scanned.is_partial();
    CheckText {
        title: match by_severity(scanned.findings.iter()) {
            Some(severities) => format!(
                "{}: {severities}",
                counted(scanned.findings.len(), "finding")
            ),
            None if partial => PARTIAL.to_owned(),
            None => "No drift".to_owned(),
        },
        summary: lines.join(" "),
        text: within(text, MAX_TEXT),
        good: scanned.findings.is_empty() && !partial,
        annotations: annotations(scanned),
    }
}

/// Returns the highest severity of the findings that can be fixed.
fn fixed(scanned: &Scanned) -> Option<Severity> {
    let fixed = scanned
        .findings
        .iter()
        .filter(|finding| finding.fix.is_some() && !needs_person(finding));
    fixed.map(|finding| finding.severity).max()
}

/// Lists findings of one cause: what changed, in which pull request that is fixed, or why it is not.
fn lines_of(alike: &Alike<'_>, pulls: &StackPulls) -> Vec<String> {
    let finding = alike.first;
    let pull = pulls.of(alike).map(|pull| format!(" ({pull})"));
    let together = match alike.others.len() {
        0 => "",
        _ => "together ",
    };
    let cost = price(alike).map(|cost| format!(", {together}{cost}"));
    let mut lines = vec![format!(
        "- **{}** {}{}{}{}",
        alike.severity().as_str(),
        named(alike),
        predicate(alike),
        pull.unwrap_or_default(),
        cost.unwrap_or_default()
    )];
    lines.extend(who(alike).map(|who| format!("  - who: {who}")));
    if needs_person(finding) {
        let id = code(&finding.id.to_string());
        lines.push(format!(
            "  - needs a person (finding {id}): {}",
            refusal(finding)
        ));
    }
    let proof = finding.fix.as_ref().and_then(planned);
    lines.extend(proof.map(|proof| format!("  - with the edit, {}", sentence(&proof))));
    lines
}

/// Describes what happened to findings of one cause, after their names.
fn predicate(alike: &Alike<'_>) -> String {
    let finding = alike.first;
    if finding.kind == Kind::Modified && !finding.attributes.is_empty() {
        return format!(": {}", describe(finding, Sides::Drift));
    }
    let each = match alike.others.len() {
        0 => "",
        _ => ": each",
    };
    format!("{each} {}", sentence(&event(finding)))
}

/// Annotates the line of each drifted value, as many as GitHub accepts at once.
fn annotations(scanned: &Scanned) -> Vec<LineAnnotation> {
    let mut findings: Vec<_> = scanned.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let of_finding = |finding: &&Finding| -> Vec<LineAnnotation> {
        let remark = |difference: &Difference| {
            let source = difference.defined_in.as_ref()?;
            Some(LineAnnotation {
                file: source.file.clone(),
                line: source.line,
                severity: finding.severity,
                title: format!("{} drifted", titled(&name(finding))),
                message: format!(
                    "{}: the code says {}, AWS has {}.",
                    cut_value(&difference.path),
                    value(expected(difference)),
                    value(&difference.live)
                ),
            })
        };
        finding.attributes.iter().filter_map(remark).collect()
    };
    let mut annotations: Vec<_> = findings.iter().flat_map(of_finding).collect();
    annotations.truncate(MAX_REMARKS);
    annotations
}
