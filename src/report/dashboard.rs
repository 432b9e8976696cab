//! Writes the dashboard: the state of each stack, and the boxes that start actions.

use super::actor::who_briefly;
use super::agreed::agreed_lines;
use super::change::Sides;
use super::coverage::unchecked;
use super::lines::{Detail, aside, describe};
use super::markdown::{Markdown, code, in_cell, sentence};
use super::order::by_urgency;
use super::size::first_that_fits;
use super::undecided::waits;
use super::when::minute;
use super::words::{by_severity, cost, counted, excerpt, name, posture, signed};
use crate::model::{
    Choice, FailedScan, Finding, FixKind, Kind, ParkedJob, Scanned, StackStatus, Undecided,
    Verdict, boxes,
};
use askama::Template;

/// The dashboard's title.
pub const DASHBOARD: &str = "DriftGuard dashboard";

/// The marker that identifies the dashboard's issue.
pub const DASHBOARD_MARKER: &str = "<!-- driftguard: dashboard -->";

#[derive(Template)]
#[template(path = "dashboard.md", escape = "none")]
struct DashboardPage {
    heading: &'static str,
    intro: String,
    parked: Vec<String>,
    failed: Vec<String>,
    stacks: Vec<StackSection>,
    scan_all: String,
    dropped: Option<&'static str>,
    marker: &'static str,
}

struct StackSection {
    name: Markdown,
    posture: String,
    drift: String,
    cost: String,
    checked: String,
    last: String,
    next: String,
    pulls: String,
    /// Whether the stack needs a section beside its row.
    tells: bool,
    scan: String,
    error: Option<Markdown>,
    rows: Vec<FindingRow>,
    boxes: Vec<String>,
    waiting: Vec<String>,
    agreed: Vec<String>,
    aside: Vec<String>,
    unchecked: Vec<String>,
}

impl StackSection {
    /// Returns whether there is more to show of it than its row.
    fn has_details(&self) -> bool {
        let lists = [&self.waiting, &self.agreed, &self.aside, &self.unchecked];
        self.error.is_some()
            || !self.rows.is_empty()
            || lists.into_iter().any(|list| !list.is_empty())
    }
}

struct FindingRow {
    severity: &'static str,
    name: String,
    event: String,
    state: String,
}

/// The content of a dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardContent {
    /// The status of each stack.
    pub stacks: Vec<StackStatus>,
    /// The parked jobs.
    pub parked: Vec<ParkedJob>,
    /// The scans that failed for good.
    pub failed: Vec<FailedScan>,
}

/// How many characters of a scan's error are shown.
const MAX_PROBLEM_LENGTH: usize = 500;

/// How many characters of a stack's error are shown where there is no room for all of it.
const MAX_ERROR_LENGTH: usize = 250;

/// How many numbers of pull requests are listed.
pub(super) const MAX_NUMBERS: usize = 50;

/// How many parked jobs and failed scans are listed.
const MAX_PARKED: usize = 10;

/// Writes the dashboard, the most urgent stack first, in less detail where GitHub would not accept its length. `now` is
/// in epoch milliseconds.
pub fn dashboard(overview: &DashboardContent, now: i64, at_most: Detail) -> String {
    let DashboardContent {
        stacks,
        parked,
        failed,
    } = overview;
    let sorted = by_urgency(stacks);
    let all = Detail::ALL.map(|detail| (detail, usize::MAX));
    let fewer = [200, 50, 10].map(|most| (Detail::Count, most));
    let levels = all.into_iter().chain(fewer);
    let levels = levels.filter(|(detail, _)| *detail >= at_most);
    let render = |(detail, most): (Detail, usize)| {
        let page = DashboardPage {
            heading: Sides::Drift.heading(),
            intro: intro(stacks),
            parked: parked.iter().take(MAX_PARKED).map(not_run).collect(),
            failed: failed.iter().take(MAX_PARKED).map(given_up).collect(),
            stacks: sorted
                .iter()
                .take(most)
                .map(|status| stack(status, now, detail))
                .collect(),
            scan_all: boxes::line("scan", "Scan all stacks now"),
            dropped: (detail != Detail::Full)
                .then_some("GitHub limits the length of this text: the stacks' checks show more."),
            marker: DASHBOARD_MARKER,
        };
        page.render()
    };
    first_that_fits(levels, render).unwrap_or_default()
}

fn intro(stacks: &[StackStatus]) -> String {
    let scanned = stacks
        .iter()
        .filter_map(|status| status.report.outcome.as_ref().ok());
    let findings: Vec<_> = scanned.flat_map(|status| &status.findings).collect();
    let stacks = counted(stacks.len(), "stack");
    let drift = match by_severity(findings.iter().copied()) {
        Some(severities) => format!("**{}: {severities}.**", counted(findings.len(), "finding")),
        None => "**No drift in what the last scans checked.**".to_owned(),
    };
    format!(
        "{drift} DriftGuard watches {stacks} in this repository. To act, tick a box (this needs write permission): it is \
         cleared when the action is done."
    )
}

/// Describes a failed scan: why it failed, and how to scan again.
fn given_up(scan: &FailedScan) -> String {
    let subject = match scan.stack.as_str() {
        "" => "the scan of this repository".to_owned(),
        stack => format!("the scan of {}", code(stack)),
    };
    let problem = excerpt(&scan.problem, MAX_PROBLEM_LENGTH);
    format!(
        "{}: {subject} failed: {}. The next push or schedule scans again, and so does a box below.",
        minute(scan.at),
        sentence(&problem)
    )
}

/// Describes a parked job: why it is parked, and how to retry it.
fn not_run(job: &ParkedJob) -> String {
    let (work, id) = (sentence(&job.work), code(&job.id));
    let remedy = code(&format!("driftguard jobs retry {}", job.id));
    match job.culprit {
        true => format!(
            "{work} ({id}) stopped the server each time it ran. The operator of this server finds the cause in the log, \
             and can retry it with {remedy}."
        ),
        false => format!("{work} ({id}) waits for the one above."),
    }
}

fn stack(status: &StackStatus, now: i64, detail: Detail) -> StackSection {
    let report = &status.report;
    let scanned = report.outcome.as_ref().ok();
    let full = detail == Detail::Full;
    let few = |lines: Vec<String>| lines.into_iter().take(detail.most_lines()).collect();
    let mut findings: Vec<_> = scanned
        .map(|scanned| scanned.findings.iter().collect())
        .unwrap_or_default();
    findings.sort_by_key(|finding: &&Finding| std::cmp::Reverse(finding.severity));
    let shown: Vec<_> = findings
        .iter()
        .take(detail.most_findings())
        .copied()
        .collect();
    let mut stack = StackSection {
        name: code(report.name.as_str()),
        posture: scanned
            .and_then(|scanned| posture(scanned.summary.posture))
            .unwrap_or_default(),
        drift: drift(status),
        cost: scanned.map(monthly).unwrap_or_default(),
        checked: scanned.map(checked).unwrap_or_default(),
        last: match status.scanned_at {
            0 => "never".to_owned(),
            at => minute(at),
        },
        next: match status.next_scan {
            Some(at) if at <= now => "now".to_owned(),
            Some(at) => minute(at),
            None => "with the next push".to_owned(),
        },
        pulls: numbers(&status.pulls),
        tells: false,
        scan: boxes::line(&format!("scan {}", report.name), "Scan now"),
        error: report.outcome.as_ref().err().map(|error| match full {
            true => sentence(&error.message),
            false => sentence(&excerpt(&error.message, MAX_ERROR_LENGTH)),
        }),
        rows: shown.iter().map(|finding| row(finding, status)).collect(),
        boxes: match full {
            true => shown
                .iter()
                .flat_map(|finding| choices(finding, status))
                .collect(),
            false => Vec::new(),
        },
        waiting: few(waiting(status)),
        agreed: few(scanned.map(agreed_lines).unwrap_or_default()),
        aside: few(scanned.map(set_aside).unwrap_or_default()),
        unchecked: few(scanned
            .map(|scanned| unchecked(&scanned.coverage))
            .unwrap_or_default()),
    };
    stack.tells = stack.has_details();
    stack
}

fn drift(status: &StackStatus) -> String {
    match &status.report.outcome {
        Ok(scanned) => by_severity(scanned.findings.iter()).unwrap_or_else(|| "none".to_owned()),
        Err(_) => "not known".to_owned(),
    }
}

fn monthly(scanned: &Scanned) -> String {
    let delta = scanned.summary.monthly_cost_delta;
    match delta.amount.0.is_zero() {
        true => String::new(),
        false => signed(delta.amount),
    }
}

fn checked(scanned: &Scanned) -> String {
    let summary = &scanned.summary;
    format!("{} of {}", summary.checked, summary.resources)
}

/// Formats the numbers of pull requests as GitHub links them: `#3, #4`.
pub fn numbers(pulls: &[u64]) -> String {
    let listed = pulls.iter().take(MAX_NUMBERS);
    let numbers: Vec<_> = listed.map(|number| format!("#{number}")).collect();
    match pulls.len() - numbers.len() {
        0 => numbers.join(", "),
        more => format!("{} and {more} more", numbers.join(", ")),
    }
}

fn row(finding: &Finding, status: &StackStatus) -> FindingRow {
    let price = cost(finding).map(|cost| sentence(&format!(", {cost}")).to_string());
    let who = who_briefly(finding).map(|who| format!(", by {who}"));
    FindingRow {
        severity: finding.severity.as_str(),
        name: code(&name(finding)).in_cell(),
        event: in_cell(&format!(
            "{}{}{}",
            describe(finding, Sides::Drift),
            price.unwrap_or_default(),
            who.unwrap_or_default()
        )),
        state: state(finding, status),
    }
}

/// Describes the state of a finding: its decision, else its proposed fix.
fn state(finding: &Finding, status: &StackStatus) -> String {
    let decided = status
        .decisions
        .iter()
        .find(|decision| decision.finding == finding.id);
    if let Some(decided) = decided {
        let person = sentence(&decided.person);
        match &decided.choice {
            Choice::Decline { pull } => return format!("declined by {person} in #{pull}"),
            Choice::Ignore { .. } => {
                return format!("accepted by {person}: merge the pull request that records it");
            }
            Choice::Applying { pull, .. } => {
                return format!("#{pull} is merged and not applied yet");
            }
            _ => {}
        }
    }
    let kind = finding.fix.as_ref().map(|fix| fix.kind);
    match kind {
        None => "no fix proposed".to_owned(),
        Some(FixKind::Refused) => {
            let explain = code(&format!("/driftguard explain {}", finding.id));
            format!("needs a person: {explain} tells why")
        }
        Some(kind) => {
            let direction = kind.as_str();
            match status.carried.get(&finding.id) {
                Some(pull) => format!("{direction}: #{pull}"),
                None => match status.undecided.get(&finding.id) {
                    Some(undecided) => {
                        let closed_by = sentence(&undecided.closed_by).to_string();
                        let undecided = Undecided {
                            closed_by,
                            ..undecided.clone()
                        };
                        format!("{direction}: {}", waits(&undecided))
                    }
                    None => {
                        format!("{direction}: no pull request yet, the stack's check tells why")
                    }
                },
            }
        }
    }
}

/// Returns the boxes that fix a finding in another direction.
fn choices(finding: &Finding, status: &StackStatus) -> Vec<String> {
    let rests = status
        .decisions
        .iter()
        .any(|decision| decision.finding == finding.id && decision.choice.rests());
    let kind = finding.fix.as_ref().map(|fix| fix.kind);
    let kind = kind.filter(|_| !rests);
    let name = code(&name(finding));
    let line = |verb: &str, text: String| boxes::line(&format!("{verb} {}", finding.id), &text);
    let adopt = || match finding.kind {
        Kind::Unmanaged => line("import", format!("import {name}: add it to the code")),
        Kind::Deleted => line("adopt", format!("remove {name}: drop it from the code")),
        _ => line(
            "adopt",
            format!("adopt {name}: change the code to match AWS"),
        ),
    };
    let restore = || {
        line(
            "restore",
            format!("restore {name}: apply, so that AWS matches the code again"),
        )
    };
    match kind {
        Some(FixKind::Restore) => vec![adopt()],
        Some(FixKind::Adopt | FixKind::Import | FixKind::Remove) => vec![restore()],
        Some(FixKind::Refused) | None if finding.kind == Kind::Unmanaged => match finding.under {
            Some(_) => vec![adopt()],
            None => Vec::new(),
        },
        Some(FixKind::Refused) | None => vec![adopt(), restore()],
    }
}

/// Lists what is merged and not applied.
fn waiting(status: &StackStatus) -> Vec<String> {
    let Ok(scanned) = &status.report.outcome else {
        return Vec::new();
    };
    let edited = scanned
        .set_aside
        .iter()
        .filter(|finding| finding.verdict == Verdict::NotApplied)
        .map(aside);
    let merged = scanned.findings.iter().filter_map(|finding| {
        let mut decisions = status.decisions.iter();
        let decided = decisions.find(|decision| decision.finding == finding.id)?;
        match decided.choice {
            Choice::Applying { pull, .. } => {
                Some(format!("{}: #{pull} is merged", code(&name(finding))))
            }
            _ => None,
        }
    });
    merged.chain(edited).collect()
}

/// Lists what people accepted or ignore.
fn set_aside(scanned: &Scanned) -> Vec<String> {
    let verdicts = [Verdict::Ignored, Verdict::Accepted];
    let kept = scanned
        .set_aside
        .iter()
        .filter(|finding| verdicts.contains(&finding.verdict));
    kept.map(aside).collect()
}
