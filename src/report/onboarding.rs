//! Writes the onboarding pull request, which adds the first settings.

use super::change::Sides;
use super::lines::describe;
use super::markdown::{Markdown, block, code, sentence};
use super::not_scanned::{StackRow, rows};
use super::pull_request::PullRequestText;
use super::size::{first_that_fits, some};
use super::words::{by_severity, counted, name};
use crate::model::{Finding, Severity, StackName, StackReport, boxes};
use askama::Template;

/// The order of the box that accepts the existing drift.
pub const START_QUIET: &str = "start quiet";

/// The title of the pull request.
pub const SET_UP: &str = "Set up DriftGuard";

/// How many findings, and how many stacks, are listed.
const LISTED: usize = 100;

/// How many reasons of stacks that could not be scanned are told, and in how many characters.
const MAX_FAILED: usize = 20;
const MAX_FAILED_LENGTH: usize = 12_000;

/// What is known of a repository without settings.
pub struct Onboarding<'a> {
    /// The stacks, by name and folder.
    pub stacks: &'a [(StackName, String)],
    /// The role to create.
    pub role: NeededRole<'a>,
    /// The result of the first scan.
    pub first: &'a FirstScan,
}

/// The role that DriftGuard reads a repository's AWS account with.
pub struct NeededRole<'a> {
    /// The external id of the repository.
    pub external_id: &'a str,
    /// The trust policy, as JSON.
    pub trust: &'a str,
    /// The permissions policy, as JSON.
    pub permissions: &'a str,
    /// The stacks whose states the permissions leave out, since the code does not name their location.
    pub unknown_states: &'a [&'a str],
}

/// How many of these stacks are named.
const NAMED: usize = 10;

/// How many characters of permissions are shown: a longer policy is none that IAM takes.
const MAX_PERMISSIONS_LENGTH: usize = 16_000;

impl NeededRole<'_> {
    /// Shows the permissions policy, or how to print one that is too long.
    pub(super) fn permissions(&self) -> Markdown {
        match self.permissions.len() {
            0..=MAX_PERMISSIONS_LENGTH => block("json", self.permissions),
            _ => sentence(
                "The states are in so many buckets that the policy is too long to be shown: `driftguard iam-policy` prints \
                 it, and `driftguard iam-policy --state s3://bucket/prefix` the part for some of them.",
            ),
        }
    }

    /// Explains which states the permissions leave out, and how to add them.
    pub(super) fn missing_states(&self) -> Option<String> {
        let (first, rest) = self
            .unknown_states
            .split_at(NAMED.min(self.unknown_states.len()));
        let names: Vec<_> = first.iter().map(|name| code(name).to_string()).collect();
        let more = match rest.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        (!names.is_empty()).then(|| {
            format!(
                "Left out: the states of {}{more}, because the code does not say where they are. Name each as \
                 `state: s3://bucket/key` in `.driftguard.yml`; `driftguard iam-policy --state s3://bucket/prefix` prints \
                 the permissions with it.",
                names.join(", ")
            )
        })
    }
}

/// The result of a first scan, before anything is merged.
#[derive(Debug, Clone, PartialEq)]
pub enum FirstScan {
    /// No role is named yet.
    NoRole,
    /// A role is named by a person without write permission.
    NotCounted,
    /// The settings or the role cannot be used, for this reason.
    Wrong(String),
    /// AWS gave no clear answer about a role yet: the probe is retried.
    NotProbed(String),
    /// The repository is public: its drift is not shown.
    Public,
    /// The report of each stack.
    Scanned(Vec<StackReport>),
}

#[derive(Template)]
#[template(path = "onboarding.md", escape = "none")]
struct OnboardingPage {
    heading: &'static str,
    intro: &'static str,
    status: String,
    needs_role: bool,
    quiet: String,
    start: Option<String>,
    rows: Vec<FindingRow>,
    more: Option<String>,
    stacks: Vec<(String, String)>,
    more_stacks: Option<String>,
    external_id: Markdown,
    trust: Markdown,
    permissions: Markdown,
    missing_states: Option<String>,
}

struct FindingRow {
    stack: Markdown,
    severity: &'static str,
    name: String,
    event: String,
}

/// Writes the texts of the pull request.
pub fn onboarding_page(known: &Onboarding<'_>) -> PullRequestText {
    let reports: &[StackReport] = match known.first {
        FirstScan::Scanned(reports) => reports,
        _ => &[],
    };
    let scanned = reports.iter().any(|report| report.outcome.is_ok());
    let mut findings: Vec<(&StackReport, &Finding)> = Vec::new();
    for report in reports {
        let found = report.outcome.iter().flat_map(|scanned| &scanned.findings);
        findings.extend(found.map(|finding| (report, finding)));
    }
    findings.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    let render = |listed| page(known, &findings, scanned, listed).render();
    let body = first_that_fits([LISTED, LISTED / 4, LISTED / 20, 0], render);
    PullRequestText {
        title: SET_UP.to_owned(),
        body: body.unwrap_or_default(),
        message: "Add the settings of DriftGuard\n".to_owned(),
    }
}

/// Writes the page, with a number of findings and stacks listed.
fn page(
    known: &Onboarding<'_>,
    findings: &[(&StackReport, &Finding)],
    scanned: bool,
    listed: usize,
) -> OnboardingPage {
    let row = |(report, finding): &(&StackReport, &Finding)| FindingRow {
        stack: code(report.name.as_str()),
        severity: finding.severity.as_str(),
        name: code(&name(finding)).in_cell(),
        event: describe(finding, Sides::Drift).in_cell(),
    };
    let more = |count: usize| (count > listed).then(|| format!("And {} more.", count - listed));
    OnboardingPage {
        heading: Sides::Drift.heading(),
        intro: "DriftGuard compares the Terraform code and states of this repository with AWS, and opens pull requests that \
                fix drift. This one adds its settings, filled in from the stacks that it found. DriftGuard only reads AWS \
                and the states.",
        status: status(known.first, findings),
        needs_role: !scanned,
        quiet: quiet(findings),
        start: start(findings),
        rows: findings.iter().take(listed).map(row).collect(),
        more: more(findings.len()),
        stacks: known
            .stacks
            .iter()
            .take(listed)
            .map(|(name, folder)| {
                let folder = if folder.is_empty() { "." } else { folder };
                (code(name.as_str()).in_cell(), code(folder).in_cell())
            })
            .collect(),
        more_stacks: more(known.stacks.len()),
        external_id: code(known.role.external_id),
        trust: block("json", known.role.trust),
        permissions: known.role.permissions(),
        missing_states: known.role.missing_states(),
    }
}

/// Explains the choice between accepting today's drift and fixing it. What accepting means is said of the severe ones.
fn quiet(findings: &[(&StackReport, &Finding)]) -> String {
    if findings.is_empty() {
        return "There is no drift to decide on.".to_owned();
    }
    let severe = findings
        .iter()
        .map(|(_, finding)| *finding)
        .filter(|finding| finding.severity >= Severity::High);
    let severe = by_severity(severe).map(|severe| format!(", {severe} included"));
    format!(
        "Leave the box below unticked to get pull requests that fix it, or tick it to accept all of it{}: no pull \
         request will then propose a fix.",
        severe.unwrap_or_default()
    )
}

/// Returns the box that accepts today's drift; `None` where there is none.
fn start(findings: &[(&StackReport, &Finding)]) -> Option<String> {
    let severities = by_severity(findings.iter().map(|(_, finding)| *finding))?;
    let subject = match findings.len() {
        1 => format!("today's finding ({severities})"),
        count => format!("all {count} findings of today ({severities})"),
    };
    Some(boxes::line(
        START_QUIET,
        &format!(
            "Accept {subject}: adds an entry for each to `accept` in `.driftguard.yml` on this branch"
        ),
    ))
}

/// Writes the comment with the notification secret. The description must not hold it: GitHub keeps every version of
/// that, while a comment can be deleted.
pub fn notify_secret(secret: &str) -> String {
    format!(
        "Where `notify` names an address in `.driftguard.yml`, what is posted there is signed with {}.",
        code(secret)
    )
}

/// Writes the reply to a person who rotated the secret.
pub fn secret_rotated(private: bool, repository: &str) -> String {
    let shown = match private {
        true => "a comment here shows the new one".to_owned(),
        false => format!(
            "everybody sees this repository, so it is not shown here: on the server {} prints it",
            code(&format!("driftguard notification-secret {repository}"))
        ),
    };
    format!(
        "Notifications are now signed with a new secret, and no longer with the earlier one; {shown}."
    )
}

fn status(first: &FirstScan, findings: &[(&StackReport, &Finding)]) -> String {
    match first {
        FirstScan::NoRole => "**DriftGuard cannot read AWS yet: no role is set.**".to_owned(),
        FirstScan::NotCounted => "**A role is named on this branch, and it does not count:** the last commit here has to be \
                                  by somebody with write permission."
            .to_owned(),
        FirstScan::Wrong(why) => format!("**The settings on this branch cannot be used:** {}", sentence(why)),
        FirstScan::NotProbed(why) => format!("**The role on this branch could not be probed yet:** {}", sentence(why)),
        FirstScan::Public => "This repository is public, so its drift is not shown here, and no pull requests are \
                              opened unless `pull_requests.public: true` allows them."
            .to_owned(),
        FirstScan::Scanned(reports) => scanned(reports, findings),
    }
}

fn scanned(reports: &[StackReport], findings: &[(&StackReport, &Finding)]) -> String {
    let drift = match by_severity(findings.iter().map(|(_, finding)| *finding)) {
        Some(severities) => format!(
            "**DriftGuard can read AWS. Today's drift: {}: {severities}.**",
            counted(findings.len(), "finding")
        ),
        None => "**DriftGuard can read AWS, and found no drift.**".to_owned(),
    };
    let rows = rows(reports);
    let failed = rows.iter().filter_map(|row| match row {
        StackRow::Scanned(..) => None,
        StackRow::NotScanned(row) => {
            let names = row.names(|name| code(name).to_string());
            let reason = sentence(&row.error.message);
            Some(format!("{names} could not be scanned: {reason}"))
        }
    });
    let failed: Vec<_> = failed.collect();
    let is_none_scanned = failed.len() == rows.len() && !failed.is_empty();
    let failed = some(failed, MAX_FAILED, MAX_FAILED_LENGTH);
    match is_none_scanned {
        true => failed.join("\n\n"),
        false => [vec![drift], failed].concat().join("\n\n"),
    }
}
