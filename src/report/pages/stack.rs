//! Writes the page of a stack: findings, what is set aside, coverage, pull requests.

use super::actions::StackActions;
use super::choices::FilterChoice;
use super::history::{HistoryView, StackHistory};
use super::orders::OrderForms;
use super::pager::Pager;
use super::prose::Prose;
use super::stack_rows::{AsideRow, CoverageRow, FindingRow};
use super::{Crumb, Frame, PullRow, escaped, next_scan, repository_path};
use crate::model::{Finding, Money, RepositoryName, Scanned, Severity, StackName, StackReport};
use crate::report::chart::ChartError;
use crate::report::when::minute;
use crate::report::words::{excerpt, name, posture, signed};
use askama::Template;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// How many findings a page lists.
const PAGE: usize = 100;
/// How many differences that are set aside, and how many rows of coverage, are listed.
const MAX_ROWS: usize = 500;
/// The longest text that is searched for, in characters.
const MAX_QUERY: usize = 200;

/// What is known of a stack beside its report. Times are in epoch milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct StackContext<'a> {
    /// The login of the account.
    pub account: &'a str,
    /// The repository.
    pub repository: &'a RepositoryName,
    /// The stack.
    pub stack: &'a StackName,
    /// GitHub's pages, without a trailing slash.
    pub github_pages: &'a str,
    /// The scanned commit; empty where there is none.
    pub commit: &'a str,
    /// When the last scan finished; 0 where there is none.
    pub scanned_at: i64,
    /// When the next one is due.
    pub next_at: Option<i64>,
    /// Why a later scan was given up, if one was.
    pub failure: Option<&'a str>,
    /// The current time.
    pub now: i64,
}

/// Which findings of a stack are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingFilter {
    severity: Option<Severity>,
    tf_type: String,
    query: String,
    page: usize,
}

impl FindingFilter {
    /// Reads a filter from the parts of an address; what is none filters nothing.
    pub fn new(severity_name: &str, tf_type: &str, query: &str, page: usize) -> Self {
        Self {
            severity: Severity::named(severity_name),
            tf_type: tf_type.chars().take(MAX_QUERY).collect(),
            query: query.trim().chars().take(MAX_QUERY).collect(),
            page: page.clamp(1, 1_000_000),
        }
    }

    /// Returns the severities to choose from.
    fn severities(&self) -> Vec<FilterChoice> {
        let choice = |severity: Severity| {
            FilterChoice::new(severity.as_str(), self.severity == Some(severity))
        };
        Severity::ALL.map(choice).to_vec()
    }

    /// Returns the types to choose from.
    fn types(&self, findings: &[Finding]) -> Vec<FilterChoice> {
        let types: BTreeSet<_> = findings.iter().map(|it| it.tf_type.as_str()).collect();
        let choice = |tf_type: &str| FilterChoice::new(tf_type, self.tf_type == tf_type);
        types.into_iter().map(choice).collect()
    }

    /// Returns the link to a part of the findings, with the same filter.
    fn part(&self, page: usize) -> String {
        let severity = self.severity.map_or("", Severity::as_str);
        let [tf_type, query] = [&self.tf_type, &self.query].map(|it| escaped(it));
        format!("?severity={severity}&type={tf_type}&q={query}&page={page}")
    }

    fn is_set(&self) -> bool {
        self.severity.is_some() || !self.tf_type.is_empty() || !self.query.is_empty()
    }

    fn fits(&self, finding: &Finding) -> bool {
        let query = self.query.to_lowercase();
        let found = |text: &str| text.to_lowercase().contains(&query);
        let mut texts = finding.attributes.iter().map(|it| it.path.as_str());
        self.severity.is_none_or(|it| it == finding.severity)
            && (self.tf_type.is_empty() || self.tf_type == finding.tf_type)
            && (query.is_empty()
                || found(&name(finding))
                || found(&finding.id.0)
                || finding.import_id.as_deref().is_some_and(found)
                || texts.any(found))
    }
}

/// The page of a stack.
#[derive(Debug, Template)]
#[template(path = "pages/stack.html")]
pub struct StackPage {
    frame: Frame,
    account: String,
    stack: String,
    /// The path of this page.
    link: String,
    repository: String,
    /// The way to the repository's page.
    way: Crumb,
    facts: Vec<Fact>,
    error: Option<Prose>,
    failure: Option<Prose>,
    notes: Vec<Prose>,
    is_partial: bool,
    /// How many findings the stack has, and how many fit the filter.
    total: usize,
    fitting: usize,
    rows: Vec<FindingRow>,
    filter: FindingFilter,
    severities: Vec<FilterChoice>,
    types: Vec<FilterChoice>,
    /// The links to the parts before and behind this one.
    previous: Option<String>,
    next: Option<String>,
    set_aside: Vec<AsideRow>,
    more_aside: usize,
    coverage: Vec<CoverageRow>,
    more_coverage: usize,
    pulls: Vec<PullRow>,
    history: Option<HistoryView>,
    orders: OrderForms,
}

/// A fact with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub name: &'static str,
    pub value: String,
    pub url: Option<String>,
}

impl Fact {
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            url: None,
        }
    }

    /// Adds the link of a fact.
    pub fn linked(self, url: String) -> Self {
        Self {
            url: Some(url),
            ..self
        }
    }
}

impl StackPage {
    /// Prepares the page from the last report; `None` where the stack was not scanned yet.
    pub fn new(
        frame: Frame,
        context: &StackContext<'_>,
        report: Option<&StackReport>,
        actions: &StackActions,
        filter: FindingFilter,
    ) -> Self {
        let repository_url = format!("{}/{}", context.github_pages, context.repository);
        let link = stack_link(&frame, context.repository, context.stack);
        let scanned = report.and_then(|report| report.outcome.as_ref().ok());
        let empty = Scanned::default();
        let shown = scanned.unwrap_or(&empty);
        let mut fitting: Vec<_> = (shown.findings.iter())
            .filter(|finding| filter.fits(finding))
            .collect();
        fitting.sort_by_key(|finding| Reverse(finding.severity));
        let pages = fitting.len().div_ceil(PAGE).max(1);
        let page = filter.page.clamp(1, pages);
        let listed = fitting.iter().skip((page - 1) * PAGE).take(PAGE);
        let row = |finding: &&Finding| {
            FindingRow::new(finding, &link, actions, &repository_url, context.now)
        };
        let mut coverage: Vec<_> = shown.coverage.iter().collect();
        coverage.sort_by_key(|row| row.is_known());
        Self {
            account: context.account.to_owned(),
            stack: context.stack.to_string(),
            repository: context.repository.to_string(),
            way: repository_crumb(context.repository),
            facts: facts(context, report, &repository_url),
            error: error(report).map(|error| Prose::sentence(&error)),
            failure: context.failure.map(Prose::sentence),
            notes: shown.notes.iter().map(|note| Prose::of(note)).collect(),
            is_partial: scanned.is_some_and(Scanned::is_partial),
            total: shown.findings.len(),
            fitting: fitting.len(),
            rows: listed.map(row).collect(),
            severities: filter.severities(),
            types: filter.types(&shown.findings),
            previous: (page > 1).then(|| filter.part(page - 1)),
            next: (page < pages).then(|| filter.part(page + 1)),
            set_aside: (shown.set_aside.iter().take(MAX_ROWS))
                .map(|finding| AsideRow::new(finding, &link))
                .collect(),
            more_aside: shown.set_aside.len().saturating_sub(MAX_ROWS),
            more_coverage: coverage.len().saturating_sub(MAX_ROWS),
            coverage: (coverage.into_iter().take(MAX_ROWS))
                .map(CoverageRow::new)
                .collect(),
            pulls: PullRow::all(actions.proposals(), &repository_url),
            history: None,
            orders: OrderForms::default(),
            link,
            filter,
            frame,
        }
    }

    /// Adds what became of findings, and what the scans came to.
    pub fn with_history(self, history: &StackHistory<'_>) -> Result<Self, ChartError> {
        let history = Some(HistoryView::new(history, &self.link)?);
        Ok(Self { history, ..self })
    }

    /// Adds what the person may order.
    pub fn with_orders(self, orders: OrderForms) -> Self {
        Self { orders, ..self }
    }

    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            self.way.clone(),
            Crumb::here(&self.stack),
        ]
    }

    fn pager(&self) -> Pager {
        Pager::of_pages(self.previous.as_ref(), self.next.as_ref())
    }
}

/// Returns the step to a repository's page.
pub(super) fn repository_crumb(repository: &RepositoryName) -> Crumb {
    Crumb::to(repository.name(), repository_path(repository))
}

/// Returns the path of a stack's page.
pub(super) fn stack_link(frame: &Frame, repository: &RepositoryName, stack: &StackName) -> String {
    format!("{}/orgs/{repository}/{stack}", frame.base)
}

/// Returns why a stack could not be scanned.
fn error(report: Option<&StackReport>) -> Option<String> {
    match report {
        None => Some("It was not scanned yet.".to_owned()),
        Some(report) => Some(report.outcome.as_ref().err()?.message.clone()),
    }
}

fn facts(
    context: &StackContext<'_>,
    report: Option<&StackReport>,
    repository_url: &str,
) -> Vec<Fact> {
    let repository = Fact::new("Repository", context.repository.to_string());
    let mut facts = vec![repository.linked(repository_url.to_owned())];
    if let Some(report) = report {
        let folder = match report.path.as_str() {
            "" => ".".to_owned(),
            path => excerpt(path, 300),
        };
        facts.push(Fact::new("Folder", folder));
        let backend = report.backend.as_ref();
        facts.extend(backend.map(|it| Fact::new("State", excerpt(&it.location, 300))));
    }
    let scanned = report.and_then(|report| report.outcome.as_ref().ok());
    facts.extend(scanned.into_iter().flat_map(scan_facts));
    let last = match context.scanned_at {
        0 => "never".to_owned(),
        at => minute(at),
    };
    facts.push(Fact::new("Last scan", last));
    if !context.commit.is_empty() {
        let short: String = context.commit.chars().take(12).collect();
        let url = format!("{repository_url}/commit/{}", context.commit);
        facts.push(Fact::new("Commit", short).linked(url));
    }
    let next = next_scan(context.next_at, context.now);
    facts.push(Fact::new("Next scan", next));
    facts
}

/// Tells what a scan says of the stack as a whole.
fn scan_facts(scanned: &Scanned) -> Vec<Fact> {
    let (summary, state) = (&scanned.summary, &scanned.state);
    let mut facts = Vec::new();
    facts.extend(state.terraform_version.as_ref().map(|version| {
        let serial = state.serial.map(|serial| format!(", serial {serial}"));
        let version = format!("Terraform {version}{}", serial.unwrap_or_default());
        Fact::new("Written by", version)
    }));
    let checked = format!("{} of {} resources", summary.checked, summary.resources);
    facts.push(Fact::new("Checked", checked));
    facts.extend(posture(summary.posture).map(|text| Fact::new("Posture", text)));
    let delta = summary.monthly_cost_delta;
    let cost = match (delta.amount == Money::ZERO, delta.not_priced) {
        (true, 0) => "none".to_owned(),
        (true, count) => format!("{count} not priced"),
        (false, 0) => format!("{} a month", signed(delta.amount)),
        (false, count) => format!("{} a month, {count} not priced", signed(delta.amount)),
    };
    facts.push(Fact::new("Cost of the drift", cost));
    facts
}
