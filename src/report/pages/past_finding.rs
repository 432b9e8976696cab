//! Writes the page of a finding that the last scan of its stack does not report: what the history knows of it.

use super::findings::event;
use super::history::{OccurrenceRow, name};
use super::stack::{Fact, StackContext, repository_crumb, stack_link};
use super::{Crumb, Frame};
use crate::model::{Ending, Occurrence};
use crate::report::when::minute;
use crate::report::words::excerpt;
use askama::Template;

/// The page of a finding that the last scan does not report.
#[derive(Debug, Template)]
#[template(path = "pages/past_finding.html")]
pub struct PastFindingPage {
    frame: Frame,
    account: String,
    stack: String,
    repository: String,
    stack_link: String,
    /// The way to the repository's page.
    way: Crumb,
    id: String,
    name: String,
    severity: &'static str,
    status: String,
    facts: Vec<Fact>,
    occurrences: Vec<OccurrenceRow>,
}

impl PastFindingPage {
    /// Prepares the page from the times during which the finding was reported, the newest first; `None` where there are
    /// none.
    pub fn new(
        frame: Frame,
        context: &StackContext<'_>,
        occurrences: &[Occurrence],
    ) -> Option<Self> {
        let last = occurrences.first()?;
        let mut facts = vec![
            Fact::new("Type", excerpt(&last.tf_type, 200)),
            Fact::new("What happened", event(last)),
        ];
        let account = last.account.as_ref().map(ToString::to_string);
        facts.extend(account.map(|it| Fact::new("Account", it)));
        let region = last.region.as_ref().map(ToString::to_string);
        facts.extend(region.map(|it| Fact::new("Region", it)));
        Some(Self {
            account: context.account.to_owned(),
            stack: context.stack.to_string(),
            repository: context.repository.to_string(),
            stack_link: stack_link(&frame, context.repository, context.stack),
            way: repository_crumb(context.repository),
            id: last.finding.to_string(),
            name: excerpt(&name(last), 400),
            severity: last.severity.as_str(),
            status: status(last),
            facts,
            occurrences: occurrences.iter().map(OccurrenceRow::of).collect(),
            frame,
        })
    }

    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        let stack = format!("/orgs/{}/{}", self.repository, self.stack);
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            self.way.clone(),
            Crumb::to(&self.stack, stack),
            Crumb::here(&self.id),
        ]
    }
}

/// Tells how a finding stands.
fn status(occurrence: &Occurrence) -> String {
    match occurrence.ending {
        None => format!(
            "The last scan could not check it. It was there at {}, and may be there still.",
            minute(occurrence.last_seen)
        ),
        Some((Ending::Resolved, at)) => format!(
            "It is resolved: the scan of {} found the difference gone.",
            minute(at)
        ),
        Some((Ending::SetAside, at)) => format!(
            "It was set aside at {}: the difference was there, and was no drift any more.",
            minute(at)
        ),
        Some((Ending::Changed, at)) => format!(
            "The resource drifted further by {}: another finding took the place of this one.",
            minute(at)
        ),
    }
}
