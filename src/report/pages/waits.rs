//! Lists what waits in an organisation or a repository: for a person, for an apply, for a worker or for the operator.

use super::prose::Prose;
use super::{Frame, repository_path};
use crate::model::{Decision, Proposal, ProposalKind, ProposalState, RepositoryName, StackName};
use crate::report::when::minute;
use crate::report::words::{counted, excerpt};

/// How many characters of an error are shown.
const MAX_PROBLEM: usize = 200;
/// A list of so many entries is shown at once; a longer one when it is opened.
const SHORT: usize = 5;

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitingRow {
    pub(super) what: String,
    /// Where to look at it.
    pub(super) url: String,
    pub(super) detail: Prose,
    /// The stack, with its page.
    pub(super) stack: Option<(String, String)>,
    /// The repository, with its page.
    pub(super) repository: (String, String),
    pub(super) since: String,
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaitingList {
    /// The path that links start with.
    base: String,
    github_pages: String,
    pub(super) rows: Vec<WaitingRow>,
    /// How many are left out at the end.
    pub(super) more: usize,
    /// Whether there may be others that were not read.
    pub(super) is_cut: bool,
    /// Whether it lists what waits in several repositories, so that each entry names its own.
    pub(super) is_of_many: bool,
    /// Whether the page tells beside the list that nothing of the repository can be scanned.
    pub(super) is_beside_problem: bool,
    pub(super) is_open: bool,
}

/// An order of a person that is not done yet.
#[derive(Debug, Clone, Copy)]
pub struct WaitingOrder<'a> {
    /// The stack that it is about.
    pub stack: Option<&'a StackName>,
    /// The command, without `/driftguard`.
    pub command: &'a str,
    /// The login of the person.
    pub person: &'a str,
    /// When it was sent, in epoch milliseconds.
    pub at: i64,
}

/// A reason for which something is not scanned.
#[derive(Debug, Clone, Copy)]
pub struct ScanStop<'a> {
    /// Since when, in epoch milliseconds.
    pub since: i64,
    /// The reason.
    pub problem: &'a str,
}

impl WaitingList {
    /// Starts a list of what waits in several repositories, or in one. `github_pages` is the address of GitHub's pages,
    /// without a trailing slash.
    pub fn new(frame: &Frame, github_pages: &str, is_of_many: bool) -> Self {
        Self {
            is_of_many,
            base: frame.base.clone(),
            github_pages: github_pages.to_owned(),
            ..Self::default()
        }
    }

    /// Adds an order of a person.
    pub fn add_order(&mut self, order: &WaitingOrder<'_>, repository: &RepositoryName) {
        let mut words = order.command.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let finding = words.next().filter(|word| word.starts_with("f-"));
        let subject = finding.map(|id| format!(" {id}")).unwrap_or_default();
        let stack = order.stack.map(|stack| self.stack(repository, stack));
        let url = match (&stack, finding) {
            (Some((_, link)), Some(finding)) => format!("{link}/findings/{finding}"),
            (Some((_, link)), None) => link.clone(),
            (None, _) => self.repository(repository).1,
        };
        self.rows.push(WaitingRow {
            what: format!("{}{subject}", excerpt(verb, 20)),
            url,
            detail: Prose::of(&format!(
                "asked for by {}, not done yet",
                excerpt(order.person, 100)
            )),
            stack,
            repository: self.repository(repository),
            since: minute(order.at),
        });
    }

    /// Adds that nothing of a repository can be scanned.
    pub fn add_repository_problem(&mut self, stop: ScanStop<'_>, repository: &RepositoryName) {
        let repository = self.repository(repository);
        self.rows.push(WaitingRow {
            what: "No stack can be scanned".to_owned(),
            url: repository.1.clone(),
            detail: Prose::of(&excerpt(stop.problem, MAX_PROBLEM)),
            stack: None,
            repository,
            since: minute(stop.since),
        });
    }

    /// Adds the stacks of a repository that could not be scanned: a row of a single one, and one of many.
    pub fn add_failing(
        &mut self,
        stacks: &[(&StackName, ScanStop<'_>)],
        repository: &RepositoryName,
    ) {
        let Some((first, _)) = stacks.first() else {
            return;
        };
        let oldest = stacks.iter().map(|(_, stop)| *stop);
        let Some(stop) = oldest.min_by_key(|stop| stop.since) else {
            return;
        };
        let stack = (stacks.len() == 1).then(|| self.stack(repository, first));
        let repository = self.repository(repository);
        let what = match stacks.len() {
            1 => format!("{first} could not be scanned"),
            count => format!("{} could not be scanned", counted(count, "stack")),
        };
        let url = match &stack {
            Some((_, link)) => link.clone(),
            None => repository.1.clone(),
        };
        self.rows.push(WaitingRow {
            what,
            url,
            detail: Prose::of(&excerpt(stop.problem, MAX_PROBLEM)),
            stack,
            repository,
            since: minute(stop.since),
        });
    }

    /// Adds a job that is parked. `work` is what it does, and `is_culprit` whether it stopped the server itself.
    pub fn add_parked(
        &mut self,
        work: &str,
        is_culprit: bool,
        since: i64,
        repository: &RepositoryName,
    ) {
        let repository = self.repository(repository);
        let detail = match is_culprit {
            true => "It stopped the server each time it ran: the operator of this server decides.",
            false => "It waits for another job, which stopped the server each time it ran.",
        };
        self.rows.push(WaitingRow {
            what: format!("The {} is parked", excerpt(work, 120)),
            url: repository.1.clone(),
            detail: Prose::of(detail),
            stack: None,
            repository,
            since: minute(since),
        });
    }

    /// Adds a merged restore that waits for its apply, with the decisions about its findings.
    pub fn add_merged(&mut self, pull: u64, decisions: &[&Decision], repository: &RepositoryName) {
        let Some(first) = decisions.first() else {
            return;
        };
        let since = decisions.iter().map(|decision| decision.decided_at).min();
        let restores = counted(decisions.len(), "finding");
        self.rows.push(WaitingRow {
            what: format!("#{pull} is merged, and waits for an apply"),
            url: self.pull_url(repository, pull),
            detail: Prose::of(&format!(
                "restores {restores}: a scan after the apply finds it resolved"
            )),
            stack: Some(self.stack(repository, &first.stack)),
            repository: self.repository(repository),
            since: since.map(minute).unwrap_or_default(),
        });
    }

    /// Adds an open pull request.
    pub fn add_pull(&mut self, proposal: &Proposal, repository: &RepositoryName) {
        let count = proposal.findings.len();
        let findings = counted(count, "finding");
        let what = match proposal.kind() {
            ProposalKind::Onboard => {
                "adds .driftguard.yml: nothing is watched here before it is merged".to_owned()
            }
            ProposalKind::Accept => format!("accepts {}", counted(count, "difference")),
            ProposalKind::Adopt => format!("adopts {findings}"),
            ProposalKind::Restore => format!("restores {findings}"),
            ProposalKind::Fix => format!("fixes {findings}"),
        };
        let detail = match proposal.state {
            ProposalState::TakenOver => "open, taken over by a person",
            _ => "open: merge it, or close it",
        };
        let stack = StackName::new(&proposal.stack);
        self.rows.push(WaitingRow {
            what: format!("#{} {what}", proposal.number),
            url: self.pull_url(repository, proposal.number),
            detail: Prose::of(detail),
            stack: stack.map(|stack| self.stack(repository, &stack)),
            repository: self.repository(repository),
            since: match proposal.opened_at {
                0 => String::new(),
                at => minute(at),
            },
        });
    }

    /// Ends the list behind so many rows. `is_cut` is whether there may be others that were not read.
    #[must_use]
    pub fn end(mut self, most: usize, is_cut: bool) -> Self {
        self.more = self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        self.is_cut = is_cut;
        self.is_open = self.rows.len() <= SHORT || !self.is_of_many;
        self
    }

    /// Returns how many entries there are.
    pub(super) fn count(&self) -> String {
        let all = self.rows.len() + self.more;
        match self.is_cut {
            true => format!("{all} and more"),
            false => all.to_string(),
        }
    }

    /// Returns what stands in place of an empty list.
    pub(super) fn nothing(&self) -> String {
        if self.is_cut {
            let rest = match self.is_of_many {
                true => "there may be others, which the page of each repository lists.",
                false => "there may be others.",
            };
            return format!("Nothing among what was read: {rest}");
        }
        let start = match self.is_beside_problem {
            true => "Nothing else",
            false => "Nothing",
        };
        format!(
            "{start}: no order is to be done, no job is parked, no pull request is open, no merged restore is to be applied, \
             and the last scan of no stack failed."
        )
    }

    fn repository(&self, name: &RepositoryName) -> (String, String) {
        let link = format!("{}{}", self.base, repository_path(name));
        (name.to_string(), link)
    }

    fn stack(&self, repository: &RepositoryName, stack: &StackName) -> (String, String) {
        let link = format!("{}/orgs/{repository}/{stack}", self.base);
        (stack.to_string(), link)
    }

    fn pull_url(&self, repository: &RepositoryName, number: u64) -> String {
        format!("{}/{repository}/pull/{number}", self.github_pages)
    }
}
