//! Writes the page of an organisation's findings, across its stacks.

use super::choices::FilterChoice;
use super::history::{OccurrenceRow, name};
use super::pager::Pager;
use super::{Crumb, Frame, escaped, fields};
use crate::model::{Ending, Kind, Occurrence, RepositoryName, Severity, StackName};
use crate::report::words::excerpt;
use askama::Template;

/// The longest text of a filter, in characters.
const MAX_TEXT: usize = 200;

/// The kinds to choose from, with what people read.
const KINDS: [(Kind, &str, &str); 3] = [
    (Kind::Modified, "modified", "changed"),
    (Kind::Deleted, "deleted", "gone from AWS"),
    (Kind::Unmanaged, "unmanaged", "in no Terraform state"),
];

/// What is searched for, as the address has it. What cannot be read filters nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingSearch {
    /// In the address, type, id, account or region.
    pub text: String,
    /// Of this severity alone.
    pub severity: Option<Severity>,
    /// Of this kind alone.
    pub kind: Option<Kind>,
    /// Those that ended in this way; `None` for those that are open.
    pub ending: Option<Ending>,
    /// Of this resource type alone; empty for all.
    pub tf_type: String,
    /// In the name of the repository.
    pub repository: String,
}

impl FindingSearch {
    /// Reads a search from the fields of an address.
    pub fn new<'a>(field: impl Fn(&str) -> &'a str) -> Self {
        let text = |name: &str| -> String {
            let plain = field(name).chars().filter(|c| !c.is_control());
            plain
                .collect::<String>()
                .trim()
                .chars()
                .take(MAX_TEXT)
                .collect()
        };
        let kind = KINDS.iter().find(|(_, name, _)| *name == field("kind"));
        let mut endings = Ending::ALL.into_iter();
        Self {
            text: text("q"),
            severity: Severity::named(field("severity")),
            kind: kind.map(|(kind, ..)| *kind),
            ending: endings.find(|ending| ending.as_str() == field("status")),
            tf_type: text("type"),
            repository: text("repository"),
        }
    }

    fn severities(&self) -> Vec<FilterChoice> {
        let choice = |severity: Severity| {
            FilterChoice::new(severity.as_str(), self.severity == Some(severity))
        };
        Severity::ALL.map(choice).to_vec()
    }

    fn kinds(&self) -> Vec<FilterChoice> {
        KINDS
            .map(|(kind, value, label)| {
                FilterChoice::labelled(value, label, self.kind == Some(kind))
            })
            .to_vec()
    }

    fn endings(&self) -> Vec<FilterChoice> {
        let choice = |ending: Ending| {
            let label = match ending {
                Ending::Resolved => "resolved",
                Ending::SetAside => "set aside",
                Ending::Changed => "drifted further",
            };
            FilterChoice::labelled(ending.as_str(), label, self.ending == Some(ending))
        };
        Ending::ALL.map(choice).to_vec()
    }

    /// Returns the link to a part of the list, with the same filter; to the start where there is no place.
    fn part(&self, place: &str) -> String {
        let kind = KINDS.iter().find(|(kind, ..)| self.kind == Some(*kind));
        fields(&[
            ("q", self.text.as_str()),
            ("severity", self.severity.map_or("", Severity::as_str)),
            ("kind", kind.map_or("", |(_, name, _)| name)),
            ("status", self.ending.map_or("", Ending::as_str)),
            ("type", &self.tf_type),
            ("repository", &self.repository),
            ("after", place),
        ])
    }

    fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

/// The page of an organisation's findings.
#[derive(Debug, Template)]
#[template(path = "pages/findings.html")]
pub struct FindingsPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The login of the account.
    pub account: String,
    /// What is searched for.
    pub search: FindingSearch,
    /// The findings, the most severe first.
    pub rows: Vec<FoundRow>,
    /// Whether the list starts here.
    pub is_first: bool,
    /// Whether GitHub has more repositories than were read.
    pub is_cut: bool,
    /// Where the list goes on.
    pub next: Option<String>,
}

/// A finding in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRow {
    severity: &'static str,
    name: String,
    place: String,
    event: &'static str,
    stack: String,
    repository: String,
    /// The path of the stack's page below `/orgs`, and that of the finding's.
    stack_link: String,
    link: String,
    first_seen: String,
    last_seen: String,
    ending: String,
}

impl FoundRow {
    /// Describes the time during which scans of a stack reported a finding.
    pub fn new(
        occurrence: &Occurrence,
        (repository, stack): (&RepositoryName, &StackName),
    ) -> Self {
        let row = OccurrenceRow::of(occurrence);
        let stack_link = format!("{repository}/{stack}");
        let place = [
            occurrence.account.as_ref().map(ToString::to_string),
            occurrence.region.as_ref().map(ToString::to_string),
        ];
        let place: Vec<_> = place.into_iter().flatten().collect();
        Self {
            severity: row.severity,
            name: excerpt(&name(occurrence), 400),
            place: place.join(", "),
            event: event(occurrence),
            stack: stack.to_string(),
            repository: repository.to_string(),
            link: format!("{stack_link}/findings/{}", escaped(&occurrence.finding.0)),
            stack_link,
            first_seen: row.first_seen,
            last_seen: row.last_seen,
            ending: row.ending,
        }
    }
}

/// Describes what happened to a resource, in a few words.
pub(super) fn event(occurrence: &Occurrence) -> &'static str {
    match (occurrence.kind, &occurrence.parent_type) {
        (Kind::Deleted, _) => "gone from AWS",
        (Kind::Unmanaged, Some(_)) => "added outside Terraform",
        (Kind::Unmanaged, None) => "in no Terraform state",
        (Kind::Modified | Kind::CodeOnly | Kind::StateOnly, _) => "changed outside Terraform",
    }
}

impl FindingsPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            Crumb::here("Findings"),
        ]
    }

    fn pager(&self) -> Pager {
        let start = (!self.is_first).then(|| self.search.part(""));
        let next = self.next.as_ref().map(|place| {
            let text = match self.rows.is_empty() {
                true => "Search on",
                false => "Further findings",
            };
            (self.search.part(place), text)
        });
        Pager::new(start, next)
    }
}
