//! Writes the page of a stack's scans: when, how long, on what, and what was not checked.

use super::pager::Pager;
use super::prose::Prose;
use super::stack::{StackContext, repository_crumb, stack_link};
use super::{Crumb, Frame};
use crate::model::{ScanTotals, Severity};
use crate::report::when::minute;
use crate::report::words::{counted, excerpt};
use askama::Template;

/// The page of a stack's scans.
#[derive(Debug, Template)]
#[template(path = "pages/scans.html")]
pub struct ScansPage {
    frame: Frame,
    account: String,
    repository: String,
    stack: String,
    stack_link: String,
    /// The way to the repository's page.
    way: Crumb,
    rows: Vec<ScanRow>,
    is_first: bool,
    next: Option<String>,
}

/// A scan.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ScanRow {
    at: String,
    took: String,
    /// The commit, and the link to it.
    commit: Option<(String, String)>,
    requested_by: &'static str,
    aws_calls: String,
    problem: Option<Prose>,
    severities: Vec<(&'static str, u64)>,
    checked: String,
    unchecked: Vec<(String, Prose)>,
    unknown: usize,
}

impl ScansPage {
    /// Prepares the page of some scans, the newest first. `next` is where the list goes on.
    pub fn new(
        frame: Frame,
        context: &StackContext<'_>,
        scans: &[ScanTotals],
        is_first: bool,
        next: Option<String>,
    ) -> Self {
        let repository_url = format!("{}/{}", context.github_pages, context.repository);
        Self {
            account: context.account.to_owned(),
            repository: context.repository.to_string(),
            stack: context.stack.to_string(),
            stack_link: stack_link(&frame, context.repository, context.stack),
            way: repository_crumb(context.repository),
            rows: (scans.iter())
                .map(|scan| ScanRow::new(scan, &repository_url))
                .collect(),
            is_first,
            next,
            frame,
        }
    }

    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn pager(&self) -> Pager {
        let start = (!self.is_first).then(|| "?".to_owned());
        let next = self.next.as_ref();
        let next = next.map(|before| (format!("?before={before}"), "Earlier scans"));
        Pager::new(start, next)
    }

    fn crumbs(&self) -> Vec<Crumb> {
        let path = self.stack_link.strip_prefix(&self.frame.base);
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            self.way.clone(),
            Crumb::to(&self.stack, path.unwrap_or_default().to_owned()),
            Crumb::here("Scans"),
        ]
    }
}

impl ScanRow {
    fn new(scan: &ScanTotals, repository_url: &str) -> Self {
        let (course, summary) = (&scan.course, &scan.summary);
        let severities = scan.findings.iter().zip(Severity::ALL);
        let severities = severities.filter(|(count, _)| **count > 0);
        let has_failed = !scan.problem.is_empty();
        let short: String = scan.commit.chars().take(12).collect();
        let url = format!("{repository_url}/commit/{}", scan.commit);
        Self {
            at: minute(scan.finished_at),
            took: match course.begun_at {
                0 => String::new(),
                begun_at => took(scan.finished_at - begun_at),
            },
            commit: (!short.is_empty()).then_some((short, url)),
            requested_by: match course.requested_by.as_str() {
                "push" => "a push or GitHub",
                "schedule" => "the schedule",
                "command" => "a person",
                "event" => "a change in AWS",
                "api" => "the API",
                _ => "",
            },
            aws_calls: course
                .aws_calls
                .map_or_else(String::new, |it| it.to_string()),
            problem: has_failed.then(|| Prose::sentence(&excerpt(&scan.problem, 400))),
            severities: severities
                .map(|(count, severity)| (severity.as_str(), *count))
                .collect(),
            checked: match has_failed {
                true => String::new(),
                false => format!("{} of {}", summary.checked, summary.resources),
            },
            unchecked: (scan.unchecked.iter())
                .map(|(tf_type, reason)| (excerpt(tf_type, 100), Prose::of(&excerpt(reason, 200))))
                .collect(),
            unknown: summary.unknown,
        }
    }
}

/// Describes how long a scan took: most take less than a few minutes.
fn took(milliseconds: i64) -> String {
    let seconds = usize::try_from(milliseconds / 1_000).unwrap_or_default();
    match seconds {
        0 => "less than a second".to_owned(),
        1..120 => counted(seconds, "second"),
        _ => counted(seconds / 60, "minute"),
    }
}
