//! Writes the list of organisations, and the page of each: its stacks, the most urgent first.

use super::pager::Pager;
use super::stack_filter::StackFilter;
use super::waits::WaitingList;
use super::{Crumb, Frame, SeverityCount, next_scan, repository_path};
use crate::model::{Money, RepositoryName, Severity, StackName, StackSummary};
use crate::report::when::minute;
use crate::report::words::{excerpt, signed};
use askama::Template;

/// How many characters of a scan's error a list shows.
const MAX_ERROR: usize = 160;

/// An organisation, or a person's own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// The login.
    pub name: String,
}

/// The list of the organisations that a person sees.
#[derive(Debug, Template)]
#[template(path = "pages/organisations.html")]
pub struct OrganisationsPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The organisations, by name.
    pub organisations: Vec<Organisation>,
    /// Whether GitHub has more of them.
    pub is_cut: bool,
    /// Whether the person operates the server.
    pub is_operator: bool,
}

impl OrganisationsPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        Vec::new()
    }
}

/// The page of an organisation.
#[derive(Debug, Template)]
#[template(path = "pages/organisation.html")]
pub struct OrganisationPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The login.
    pub name: String,
    /// Which stacks are listed.
    pub filter: StackFilter,
    /// What waits; `None` on a later part of the list.
    pub waits: Option<WaitingList>,
    /// The stacks, the most urgent first.
    pub rows: Vec<StackRow>,
    /// Whether to link to the keys of the API, which are for owners.
    pub shows_keys: bool,
    /// Whether the list starts here.
    pub is_first: bool,
    /// Whether GitHub has more repositories than were read.
    pub is_cut: bool,
    /// Where the list goes on.
    pub next: Option<String>,
}

impl OrganisationPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![Crumb::here(&self.name)]
    }

    fn pager(&self) -> Pager {
        let start = (!self.is_first).then(|| self.filter.part(""));
        let next = self.next.as_ref();
        Pager::new(
            start,
            next.map(|place| (self.filter.part(place), "Further stacks")),
        )
    }
}

/// What is known of a stack in a list. Times are in epoch milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct StackFacts<'a> {
    /// The stack.
    pub name: &'a StackName,
    /// The last scan in brief.
    pub summary: Option<&'a StackSummary>,
    /// When the last scan finished; 0 where there is none.
    pub scanned_at: i64,
    /// When the next one is due.
    pub next_at: Option<i64>,
}

/// A stack in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackRow {
    pub(super) name: String,
    pub(super) repository: String,
    /// The path of the repository's page.
    pub(super) repository_link: String,
    /// The path of its page below `/orgs`.
    pub(super) link: String,
    pub(super) folder: String,
    /// Why it could not be scanned, or that it was not yet.
    pub(super) problem: Option<String>,
    pub(super) severities: Vec<SeverityCount>,
    pub(super) is_partial: bool,
    pub(super) checked: String,
    pub(super) posture: String,
    pub(super) declared: String,
    pub(super) cost: String,
    pub(super) scanned: String,
    pub(super) next: String,
}

impl StackRow {
    /// Describes a stack of a repository. `now` is in epoch milliseconds.
    pub fn new(facts: StackFacts<'_>, repository: &RepositoryName, now: i64) -> Self {
        let unknown = StackSummary::default();
        let summary = facts.summary.unwrap_or(&unknown);
        let error = summary.error.as_deref();
        let error = error.map(|error| excerpt(error, MAX_ERROR));
        let is_known = facts.summary.is_some() && error.is_none();
        let problem = match facts.summary {
            Some(_) => error,
            None => Some("not scanned yet".to_owned()),
        };
        let posture = summary.posture;
        let declared = posture.declared.filter(|it| Some(*it) != posture.live);
        let delta = summary.monthly_cost_delta;
        Self {
            name: facts.name.to_string(),
            repository: repository.to_string(),
            repository_link: repository_path(repository),
            link: format!("{repository}/{}", facts.name),
            folder: excerpt(&summary.path, 300),
            problem,
            severities: counts(summary),
            is_partial: summary.is_partial,
            checked: match is_known {
                true => format!("{} of {}", summary.checked, summary.resources),
                false => String::new(),
            },
            posture: posture.live.map(|it| it.to_string()).unwrap_or_default(),
            declared: declared.map(|it| it.to_string()).unwrap_or_default(),
            cost: match delta.amount == Money::ZERO {
                true => String::new(),
                false => signed(delta.amount),
            },
            scanned: match facts.scanned_at {
                0 => "never".to_owned(),
                at => minute(at),
            },
            next: next_scan(facts.next_at, now),
        }
    }
}

fn counts(summary: &StackSummary) -> Vec<SeverityCount> {
    let all = Severity::ALL.into_iter();
    let counts = all.filter_map(|severity| {
        Some(SeverityCount {
            name: severity.as_str(),
            count: *summary.findings.get(&severity)?,
        })
    });
    counts.collect()
}
