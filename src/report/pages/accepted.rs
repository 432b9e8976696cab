//! Writes the page of what people accept, by when it ends.

use super::pager::Pager;
use super::prose::Prose;
use super::{Crumb, Frame, fields};
use crate::model::{AcceptedDifference, RepositoryName, StackName};
use crate::report::when::day;
use crate::report::words::excerpt;
use askama::Template;

/// The page of what people accept.
#[derive(Debug, Template)]
#[template(path = "pages/accepted.html")]
pub struct AcceptedPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The login of the account.
    pub account: String,
    /// The repository that the list is filtered by; empty for all.
    pub repository: String,
    /// The differences, what ends soonest first.
    pub rows: Vec<AcceptedRow>,
    /// Whether the list starts here.
    pub is_first: bool,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// An accepted difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedRow {
    until: String,
    has_ended: bool,
    severity: &'static str,
    name: String,
    reason: Prose,
    owner: String,
    /// The path of the stack's page below `/orgs`, and that of the finding's.
    stack_link: String,
    link: String,
    stack: String,
    repository: String,
}

impl AcceptedRow {
    /// Describes an accepted difference of a stack. `now` is in epoch milliseconds.
    pub fn new(
        accepted: &AcceptedDifference,
        (repository, stack): (&RepositoryName, &StackName),
        now: i64,
    ) -> Self {
        let stack_link = format!("{repository}/{stack}");
        let until = accepted.until.clone();
        Self {
            // Such texts sort as days do, and a time of the same day behind its day.
            has_ended: until.as_ref().is_some_and(|until| *until < day(now)),
            until: until.unwrap_or_else(|| "for good".to_owned()),
            severity: accepted.severity.as_str(),
            name: excerpt(&accepted.name, 300),
            reason: Prose::of(&excerpt(&accepted.reason, 400)),
            owner: excerpt(&accepted.owner, 100),
            link: format!("{stack_link}/findings/{}", accepted.finding),
            stack_link,
            stack: stack.to_string(),
            repository: repository.to_string(),
        }
    }
}

impl AcceptedPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            Crumb::here("Accepted differences"),
        ]
    }

    fn pager(&self) -> Pager {
        let start = (!self.is_first).then(|| self.part(""));
        let next = self.next.as_ref();
        let next = next.map(|place| (self.part(place), "What ends later"));
        Pager::new(start, next)
    }

    /// Returns the link to the part behind a place.
    fn part(&self, place: &str) -> String {
        fields(&[("repository", &self.repository), ("after", place)])
    }
}
