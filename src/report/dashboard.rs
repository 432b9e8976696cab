//! What the dashboard says: how each stack stands, and the boxes that act.

use super::agreed::agreed_lines;
use super::coverage::unchecked;
use super::lines::{Detail, aside, what};
use super::markdown::{Markdown, code, in_cell, sentence};
use super::pull_request::LONGEST;
use super::undecided::waits;
use super::when::minute;
use super::words::{by_severity, cost, counted, excerpt, name, posture, signed};
use crate::model::{
    Choice, FailedScan, Finding, FixKind, Kind, ParkedJob, Scanned, Severity, Standing, Undecided,
    Verdict, boxes,
};
use askama::Template;

/// The dashboard's title.
pub const DASHBOARD: &str = "DriftGuard dashboard";

/// What tells the dashboard from every other issue.
pub const DASHBOARD_MARKER: &str = "<!-- driftguard: dashboard -->";

#[derive(Template)]
#[template(path = "dashboard.md", escape = "none")]
struct Page {
    intro: String,
    parked: Vec<String>,
    failed: Vec<String>,
    stacks: Vec<Stack>,
    scan_all: String,
    dropped: Option<&'static str>,
    marker: &'static str,
}

struct Stack {
    name: Markdown,
    posture: String,
    drift: String,
    cost: String,
    checked: String,
    last: String,
    next: String,
    pulls: String,
    /// Whether there is more to tell than its row.
    tells: bool,
    scan: String,
    error: Option<Markdown>,
    rows: Vec<Row>,
    boxes: Vec<String>,
    waiting: Vec<String>,
    agreed: Vec<String>,
    aside: Vec<String>,
    unchecked: Vec<String>,
}

struct Row {
    severity: &'static str,
    name: String,
    event: String,
    state: String,
}

/// What a dashboard shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// How each stack stands.
    pub standings: Vec<Standing>,
    /// What does not run.
    pub parked: Vec<ParkedJob>,
    /// The scans that were given up.
    pub failed: Vec<FailedScan>,
}

/// How many characters are told of why a scan was given up.
const LONGEST_PROBLEM: usize = 500;

/// How many parked jobs are listed, and how many failed scans.
const MOST_PARKED: usize = 10;

/// The dashboard's text, the worst stack first; in less detail where it would be longer than GitHub takes. `now` is in
/// epoch milliseconds.
pub fn dashboard(overview: &Overview, now: i64, at_most: Detail) -> String {
    let Overview {
        standings,
        parked,
        failed,
    } = overview;
    let mut sorted: Vec<_> = standings.iter().collect();
    sorted.sort_by_key(|standing| std::cmp::Reverse(worst(standing)));
    let mut text = String::new();
    let all = Detail::ALL.map(|detail| (detail, usize::MAX));
    let fewer = [(Detail::Count, 200), (Detail::Count, 50)];
    let tries = all.into_iter().chain(fewer);
    for (detail, most) in tries.filter(|(detail, _)| *detail >= at_most) {
        let page = Page {
            intro: intro(standings),
            parked: parked.iter().take(MOST_PARKED).map(not_run).collect(),
            failed: failed.iter().take(MOST_PARKED).map(given_up).collect(),
            stacks: sorted
                .iter()
                .take(most)
                .map(|standing| stack(standing, now, detail))
                .collect(),
            scan_all: boxes::line("scan", "Scan all stacks now"),
            dropped: (detail != Detail::Full)
                .then_some("GitHub limits the length of this text: the stacks' checks show more."),
            marker: DASHBOARD_MARKER,
        };
        text = page.render().unwrap_or_default();
        if text.chars().count() <= LONGEST {
            break;
        }
    }
    text
}

/// What kind of thing a stack's worst trouble is.
fn worst(standing: &Standing) -> (Option<Severity>, bool) {
    match &standing.report.outcome {
        Ok(scanned) => (scanned.findings.iter().map(|one| one.severity).max(), false),
        Err(_) => (None, true),
    }
}

fn intro(standings: &[Standing]) -> String {
    let scanned = standings
        .iter()
        .filter_map(|one| one.report.outcome.as_ref().ok());
    let findings: Vec<_> = scanned.flat_map(|one| &one.findings).collect();
    let stacks = counted(standings.len(), "stack");
    let drift = match by_severity(findings.iter().copied()) {
        Some(severities) => format!("**{}: {severities}.**", counted(findings.len(), "finding")),
        None => "**No drift in what the last scans checked.**".to_owned(),
    };
    format!(
        "{drift} DriftGuard watches {stacks} in this repository. To act, tick a box (this needs write permission): it is \
         cleared when the action is done."
    )
}

/// A scan that was given up, why, and how it is made again.
fn given_up(scan: &FailedScan) -> String {
    let what = match scan.stack.as_str() {
        "" => "the scan of this repository".to_owned(),
        stack => format!("the scan of {}", code(stack)),
    };
    let problem = excerpt(&scan.problem, LONGEST_PROBLEM);
    format!(
        "{}: {what} failed: {}. The next push or schedule scans again, and so does a box below.",
        minute(scan.at),
        sentence(&problem)
    )
}

/// What does not run, why, and how it runs again.
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

fn stack(standing: &Standing, now: i64, detail: Detail) -> Stack {
    let report = &standing.report;
    let scanned = report.outcome.as_ref().ok();
    let full = detail == Detail::Full;
    let few = |lines: Vec<String>| match detail {
        Detail::Full => lines,
        Detail::Short => lines.into_iter().take(20).collect(),
        _ => Vec::new(),
    };
    let most = match detail {
        Detail::Full => usize::MAX,
        Detail::Short => 50,
        Detail::Table => 10,
        Detail::Count => 0,
    };
    let mut findings: Vec<_> = scanned
        .map(|one| one.findings.iter().collect())
        .unwrap_or_default();
    findings.sort_by_key(|finding: &&Finding| std::cmp::Reverse(finding.severity));
    let shown: Vec<_> = findings.iter().take(most).copied().collect();
    let mut stack = Stack {
        name: code(report.name.as_str()),
        posture: scanned
            .and_then(|one| posture(one.summary.posture))
            .unwrap_or_default(),
        drift: drift(standing),
        cost: scanned.map(monthly).unwrap_or_default(),
        checked: scanned.map(checked).unwrap_or_default(),
        last: match standing.scanned_at {
            0 => "never".to_owned(),
            at => minute(at),
        },
        next: match standing.next_scan {
            Some(at) if at <= now => "now".to_owned(),
            Some(at) => minute(at),
            None => "with the next push".to_owned(),
        },
        pulls: numbers(&standing.pulls),
        tells: false,
        scan: boxes::line(&format!("scan {}", report.name), "Scan now"),
        error: report
            .outcome
            .as_ref()
            .err()
            .map(|error| sentence(&error.message)),
        rows: shown.iter().map(|finding| row(finding, standing)).collect(),
        boxes: match full {
            true => shown
                .iter()
                .flat_map(|finding| choices(finding, standing))
                .collect(),
            false => Vec::new(),
        },
        waiting: few(waiting(standing)),
        agreed: few(scanned.map(agreed_lines).unwrap_or_default()),
        aside: few(scanned.map(set_aside).unwrap_or_default()),
        unchecked: few(scanned
            .map(|one| unchecked(&one.coverage))
            .unwrap_or_default()),
    };
    stack.tells = stack.error.is_some()
        || !stack.rows.is_empty()
        || !stack.waiting.is_empty()
        || !stack.agreed.is_empty()
        || !stack.aside.is_empty()
        || !stack.unchecked.is_empty();
    stack
}

fn drift(standing: &Standing) -> String {
    match &standing.report.outcome {
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

/// The numbers of pull requests, as GitHub links them: `#3, #4`.
pub fn numbers(pulls: &[u64]) -> String {
    let numbers: Vec<_> = pulls.iter().map(|number| format!("#{number}")).collect();
    numbers.join(", ")
}

fn row(finding: &Finding, standing: &Standing) -> Row {
    let price = cost(finding).map(|cost| sentence(&format!(", {cost}")).to_string());
    Row {
        severity: finding.severity.as_str(),
        name: code(&name(finding)).in_cell(),
        event: in_cell(&format!("{}{}", what(finding), price.unwrap_or_default())),
        state: state(finding, standing),
    }
}

/// How a finding stands: what people decided, else what is proposed.
fn state(finding: &Finding, standing: &Standing) -> String {
    let decided = standing
        .decisions
        .iter()
        .find(|one| one.finding == finding.id);
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
        Some(FixKind::Refused) => "needs a person: see its check".to_owned(),
        Some(kind) => {
            let what = kind.as_str();
            match standing.carried.get(&finding.id) {
                Some(pull) => format!("{what}: #{pull}"),
                None => match standing.undecided.get(&finding.id) {
                    Some(undecided) => {
                        let closed_by = sentence(&undecided.closed_by).to_string();
                        let undecided = Undecided {
                            closed_by,
                            ..undecided.clone()
                        };
                        format!("{what}: {}", waits(&undecided))
                    }
                    None => format!("{what}: no pull request yet, see its check"),
                },
            }
        }
    }
}

/// The boxes that send a finding another way than it goes.
fn choices(finding: &Finding, standing: &Standing) -> Vec<String> {
    let rests = standing
        .decisions
        .iter()
        .any(|one| one.finding == finding.id && one.choice.rests());
    let kind = finding.fix.as_ref().map(|fix| fix.kind);
    let kind = kind.filter(|_| !rests);
    let name = code(&name(finding));
    let line = |verb: &str, text: String| boxes::line(&format!("{verb} {}", finding.id), &text);
    let adopt = || match finding.kind {
        Kind::Unmanaged => line("import", format!("import {name}: the code manages it")),
        Kind::Deleted => line("adopt", format!("remove {name}: the code drops it")),
        _ => line("adopt", format!("adopt {name}: the code follows AWS")),
    };
    let restore = || {
        line(
            "restore",
            format!("restore {name}: an apply makes AWS match the code"),
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

/// What is merged and not applied.
fn waiting(standing: &Standing) -> Vec<String> {
    let Ok(scanned) = &standing.report.outcome else {
        return Vec::new();
    };
    let edited = scanned
        .set_aside
        .iter()
        .filter(|finding| finding.verdict == Verdict::NotApplied)
        .map(aside);
    let merged = scanned.findings.iter().filter_map(|finding| {
        let mut decisions = standing.decisions.iter();
        let decided = decisions.find(|one| one.finding == finding.id)?;
        match decided.choice {
            Choice::Applying { pull, .. } => {
                Some(format!("{}: #{pull} is merged", code(&name(finding))))
            }
            _ => None,
        }
    });
    merged.chain(edited).collect()
}

/// What people want left as it is.
fn set_aside(scanned: &Scanned) -> Vec<String> {
    let wanted = [Verdict::Ignored, Verdict::Accepted];
    let kept = scanned
        .set_aside
        .iter()
        .filter(|finding| wanted.contains(&finding.verdict));
    kept.map(aside).collect()
}
