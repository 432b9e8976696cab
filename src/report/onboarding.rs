//! What the pull request says that brings the first settings.

use super::lines::what;
use super::markdown::{Markdown, block, code, sentence};
use super::not_scanned::{StackRow, rows};
use super::pull_request::{LONGEST, PullRequestText};
use super::words::{by_severity, counted, name};
use crate::model::{Finding, StackName, StackReport, boxes};
use askama::Template;

/// The order of the box that accepts what has drifted by now.
pub const START_QUIET: &str = "start quiet";

/// The title of the pull request.
pub const SET_UP: &str = "Set up DriftGuard";

/// How many findings, and how many stacks, are listed.
const LISTED: usize = 100;

/// What is known of a repository that has no settings yet.
pub struct Onboarding<'a> {
    /// The stacks that were found: name and folder.
    pub stacks: &'a [(StackName, String)],
    /// The role to make.
    pub role: NeededRole<'a>,
    /// What a first scan shows.
    pub first: &'a FirstLook,
}

/// The role that a repository's AWS is read with.
pub struct NeededRole<'a> {
    /// The external id of the repository.
    pub external_id: &'a str,
    /// The trust policy, as JSON.
    pub trust: &'a str,
    /// The permissions, as JSON.
    pub permissions: &'a str,
    /// The stacks whose states the permissions leave out: the code does not say where they are.
    pub unknown_states: &'a [&'a str],
}

/// How many of them are named.
const NAMED: usize = 10;

impl NeededRole<'_> {
    /// What is missing in the permissions, and how to add it.
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
                "Left out: the states of {}{more}, as the code does not say where they are. Name each as \
                 `state: s3://bucket/key` in `.driftguard.yml`; `driftguard iam-policy --state s3://bucket/prefix` prints \
                 the permissions with it.",
                names.join(", ")
            )
        })
    }
}

/// What a first scan shows, before anything is merged.
#[derive(Debug, Clone, PartialEq)]
pub enum FirstLook {
    /// No role is named yet.
    NoRole,
    /// A role is named by somebody who may not write.
    NotCounted,
    /// The settings or the role cannot be used, and why.
    Wrong(String),
    /// AWS gave no clear answer yet about a role: it is tried again.
    NotProbed(String),
    /// The repository is public: nothing is told of its drift.
    Public,
    /// Each stack as it is today.
    Scanned(Vec<StackReport>),
}

#[derive(Template)]
#[template(path = "onboarding.md", escape = "none")]
struct Page {
    intro: &'static str,
    status: String,
    needs_role: bool,
    quiet: &'static str,
    start: Option<String>,
    rows: Vec<Row>,
    more: Option<String>,
    stacks: Vec<(String, String)>,
    more_stacks: Option<String>,
    external_id: Markdown,
    trust: Markdown,
    permissions: Markdown,
    missing_states: Option<String>,
}

struct Row {
    stack: Markdown,
    severity: &'static str,
    name: String,
    event: String,
}

/// The texts of the pull request.
pub fn onboarding_page(known: &Onboarding<'_>) -> PullRequestText {
    let reports: &[StackReport] = match known.first {
        FirstLook::Scanned(reports) => reports,
        _ => &[],
    };
    let scanned = reports.iter().any(|one| one.outcome.is_ok());
    let mut findings: Vec<(&StackReport, &Finding)> = Vec::new();
    for report in reports {
        let found = report.outcome.iter().flat_map(|one| &one.findings);
        findings.extend(found.map(|finding| (report, finding)));
    }
    findings.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    let mut text = String::new();
    for listed in [LISTED, LISTED / 4, LISTED / 20, 0] {
        let page = page(known, &findings, scanned, listed);
        text = page.render().unwrap_or_default();
        if text.chars().count() <= LONGEST {
            break;
        }
    }
    PullRequestText {
        title: SET_UP.to_owned(),
        body: text,
        message: "Add the settings of DriftGuard\n".to_owned(),
    }
}

/// The page, with so many findings and stacks listed.
fn page(
    known: &Onboarding<'_>,
    findings: &[(&StackReport, &Finding)],
    scanned: bool,
    listed: usize,
) -> Page {
    let row = |(report, finding): &(&StackReport, &Finding)| Row {
        stack: code(report.name.as_str()),
        severity: finding.severity.as_str(),
        name: code(&name(finding)).in_cell(),
        event: what(finding).in_cell(),
    };
    let more = |count: usize| (count > listed).then(|| format!("And {} more.", count - listed));
    Page {
        intro: "DriftGuard compares the Terraform code and states of this repository with AWS, and opens pull requests that \
                fix drift. This one adds its settings, filled in from the stacks that it found. DriftGuard only reads AWS \
                and the states.",
        status: status(known.first, findings),
        needs_role: !scanned,
        quiet: match findings.is_empty() {
            true => "There is no drift to decide on.",
            false => "Tick the box to accept all of it for now, or leave the box to get pull requests that fix it.",
        },
        start: (!findings.is_empty()).then(|| {
            boxes::line(
                START_QUIET,
                "Accept all of today's drift: adds an entry for each finding to `.driftguard.yml` on this branch",
            )
        }),
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
        permissions: block("json", known.role.permissions),
        missing_states: known.role.missing_states(),
    }
}

/// The comment that tells what notifications are signed with. It is no part of the description: of that every version
/// stays readable at GitHub, and a comment can be deleted.
pub fn notify_secret(secret: &str) -> String {
    format!(
        "Where `notify` names an address in `.driftguard.yml`, what is posted there is signed with {}.",
        code(secret)
    )
}

/// What is answered to somebody who had the secret rotated.
pub fn secret_rotated(private: bool, repository: &str) -> String {
    let shown = match private {
        true => "a comment here shows the new one".to_owned(),
        false => format!(
            "everybody sees this repository, so it is not shown here: on the server {} prints it",
            code(&format!("driftguard notification-secret {repository}"))
        ),
    };
    format!(
        "Notifications are signed with another secret from now on, and no longer with the earlier one; {shown}."
    )
}

fn status(first: &FirstLook, findings: &[(&StackReport, &Finding)]) -> String {
    match first {
        FirstLook::NoRole => "**DriftGuard cannot read AWS yet: no role is set.**".to_owned(),
        FirstLook::NotCounted => "**A role is named on this branch, and it does not count:** the last commit here has to be \
                                  by somebody with write permission."
            .to_owned(),
        FirstLook::Wrong(why) => format!("**The settings on this branch cannot be used:** {}", sentence(why)),
        FirstLook::NotProbed(why) => format!("**The role on this branch could not be probed yet:** {}", sentence(why)),
        FirstLook::Public => "This repository is public, so nothing is told here of its drift, and no pull requests are \
                              opened unless `pull_requests.public: true` allows them."
            .to_owned(),
        FirstLook::Scanned(reports) => scanned(reports, findings),
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
    match failed.len() == rows.len() && !failed.is_empty() {
        true => failed.join("\n\n"),
        false => [vec![drift], failed].concat().join("\n\n"),
    }
}
