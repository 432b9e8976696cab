//! Writes the pages for people, as HTML: each from stored rows alone. askama escapes what stands in them.

mod accepted;
mod actions;
mod audit;
mod callers;
mod choices;
mod finding;
mod findings;
mod history;
mod keys;
mod keys_unknown;
mod message;
mod orders;
mod organisation;
mod pager;
mod past_finding;
mod prose;
mod repository;
mod scans;
mod server;
mod stack;
mod stack_filter;
mod stack_rows;
mod waits;

pub use accepted::{AcceptedPage, AcceptedRow};
pub use actions::StackActions;
pub use audit::{AuditPage, AuditRow};
pub use finding::{FindingContext, FindingPage};
pub use findings::{FindingSearch, FindingsPage, FoundRow};
pub use history::StackHistory;
pub use keys::{KeyRow, KeysPage, OwnKeyForm, OwnKeyRow, OwnKeysPage};
pub use keys_unknown::KeysUnknownPage;
pub use message::{Message, MessagePage, SignInPage};
pub use orders::{OrderForms, PageOrder, REPEATED};
pub use organisation::{Organisation, OrganisationPage, OrganisationsPage, StackFacts, StackRow};
pub use past_finding::PastFindingPage;
pub use repository::{MAX_ENDED_PULLS, RepositoryFacts, RepositoryPage};
pub use scans::ScansPage;
pub use server::{BudgetRow, ServerPage, StoppedRow};
pub use stack::{FindingFilter, StackContext, StackPage};
pub use stack_filter::StackFilter;
pub use waits::{ScanStop, WaitingList, WaitingOrder};

use crate::model::{Proposal, ProposalKind, ProposalState, RepositoryName};
use crate::report::when::minute;

/// What stands around each page.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The path that every link starts with, without a trailing slash.
    pub base: String,
    /// The path of the stylesheet.
    pub stylesheet: String,
    /// The path of the icon.
    pub icon: String,
    /// The login of whoever is signed in.
    pub login: Option<String>,
    /// The token of the session's forms.
    pub form_token: String,
}

/// A step of the way to a page: `None` leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Crumb {
    label: String,
    path: Option<String>,
}

impl Crumb {
    fn to(label: &str, path: String) -> Self {
        Self {
            label: label.to_owned(),
            path: Some(path),
        }
    }

    fn here(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            path: None,
        }
    }
}

/// A count of findings of a severity.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeverityCount {
    name: &'static str,
    count: usize,
}

/// A pull request of DriftGuard's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PullRow {
    number: u64,
    url: String,
    branch: String,
    purpose: &'static str,
    state: &'static str,
    findings: usize,
    opened: String,
}

impl PullRow {
    fn new(proposal: &Proposal, repository_url: &str) -> Self {
        Self {
            number: proposal.number,
            url: format!("{repository_url}/pull/{}", proposal.number),
            branch: proposal.branch.clone(),
            purpose: purpose(proposal.kind()),
            state: match proposal.state {
                ProposalState::Open => "open",
                ProposalState::TakenOver => "open, taken over by a person",
                ProposalState::Closed => "closed: nothing was left to fix",
                ProposalState::Merged => "merged",
                ProposalState::Declined => "declined",
                ProposalState::Undecided => "closed, not decided",
            },
            findings: proposal.findings.len(),
            opened: match proposal.opened_at {
                0 => String::new(),
                at => minute(at),
            },
        }
    }

    /// Returns the rows of pull requests, the open ones first, then the newest.
    fn all<'a>(
        proposals: impl IntoIterator<Item = &'a Proposal>,
        repository_url: &str,
    ) -> Vec<Self> {
        let mut proposals: Vec<_> = proposals.into_iter().collect();
        proposals.sort_by_key(|proposal| {
            let is_closed = !proposal.state.is_open();
            (is_closed, std::cmp::Reverse(proposal.number))
        });
        let rows = proposals.into_iter();
        rows.map(|proposal| Self::new(proposal, repository_url))
            .collect()
    }
}

/// Names what a pull request does.
fn purpose(kind: ProposalKind) -> &'static str {
    match kind {
        ProposalKind::Onboard => "set up",
        ProposalKind::Accept => "accept",
        ProposalKind::Adopt => "adopt",
        ProposalKind::Restore => "restore",
        ProposalKind::Fix => "fix",
    }
}

/// The pages of an organisation that a repository may be named like.
const RESERVED: [&str; 4] = ["accepted", "audit", "findings", "keys"];

/// Returns the path of a repository's page below the pages' own: `/orgs/acme/shop`.
fn repository_path(repository: &RepositoryName) -> String {
    let end = match RESERVED.contains(&repository.name()) {
        true => "/",
        false => "",
    };
    format!("/orgs/{repository}{end}")
}

/// Describes when a stack is scanned next. Times are in epoch milliseconds.
fn next_scan(next_at: Option<i64>, now: i64) -> String {
    match next_at {
        Some(at) if at <= now => "now".to_owned(),
        Some(at) => minute(at),
        None => "with the next push".to_owned(),
    }
}

/// Writes the fields of an address that are set.
fn fields(all: &[(&str, &str)]) -> String {
    let set = all.iter().filter(|(_, value)| !value.is_empty());
    let set: Vec<_> = set
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    format!("?{}", set.join("&"))
}

/// Escapes text for an address; the slashes of a path stay.
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./~".contains(&b);
    text.bytes()
        .map(|b| match plain(b) {
            true => char::from(b).to_string(),
            false => format!("%{b:02X}"),
        })
        .collect()
}
