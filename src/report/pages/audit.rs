//! Writes the page of the audit log: who decided what, when, and where.

use super::pager::Pager;
use super::prose::Prose;
use super::{Crumb, Frame, fields};
use crate::model::{AuditEntry, AuditVia, RepositoryName};
use crate::report::when::minute;
use crate::report::words::excerpt;
use askama::Template;

/// The page of the audit log.
#[derive(Debug, Template)]
#[template(path = "pages/audit.html")]
pub struct AuditPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The login of the account.
    pub account: String,
    /// The repository and the person that the list is filtered by; empty for all.
    pub repository: String,
    /// The login of the person.
    pub person: String,
    /// The entries, the newest first.
    pub rows: Vec<AuditRow>,
    /// Whether the list starts here.
    pub is_first: bool,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    at: String,
    person: String,
    via: &'static str,
    action: String,
    detail: Prose,
    repository: String,
    stack: String,
    finding: String,
}

impl AuditRow {
    /// Describes an entry about the whole organisation.
    pub fn of_organisation(entry: &AuditEntry) -> Self {
        Self::of(entry, String::new())
    }

    /// Describes an entry about a repository.
    pub fn new(entry: &AuditEntry, repository: &RepositoryName) -> Self {
        Self::of(entry, repository.to_string())
    }

    fn of(entry: &AuditEntry, repository: String) -> Self {
        Self {
            at: minute(entry.at),
            person: excerpt(&entry.person, 100),
            via: match entry.via {
                AuditVia::Comment => "a comment",
                AuditVia::Box => "a box",
                AuditVia::PullRequest => "a pull request",
                AuditVia::Page => "a page",
                AuditVia::Api => "the API",
            },
            action: excerpt(&entry.action, 40),
            detail: Prose::of(&entry.detail),
            repository,
            stack: entry.stack.clone(),
            finding: entry.finding.clone(),
        }
    }
}

impl AuditPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            Crumb::here("Audit log"),
        ]
    }

    /// Returns the link to a part of the list, with the same filter; to the start where there is no place.
    fn part(&self, place: &str) -> String {
        fields(&[
            ("repository", &self.repository),
            ("person", &self.person),
            ("after", place),
        ])
    }

    fn pager(&self) -> Pager {
        let start = (!self.is_first).then(|| self.part(""));
        let next = self.next.as_ref();
        Pager::new(
            start,
            next.map(|place| (self.part(place), "Earlier decisions")),
        )
    }

    fn is_filtered(&self) -> bool {
        !self.repository.is_empty() || !self.person.is_empty()
    }
}
