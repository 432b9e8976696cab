//! Writes the page of a repository: its stacks, the most urgent first, what waits, and its pull requests that ended.

use super::organisation::StackRow;
use super::pager::Pager;
use super::prose::Prose;
use super::stack::Fact;
use super::waits::WaitingList;
use super::{Crumb, Frame, PullRow};
use crate::model::{Proposal, RepositoryName};
use crate::report::when::minute;
use askama::Template;

/// How many pull requests that ended are listed.
pub const MAX_ENDED_PULLS: usize = 20;

/// What is known of a repository. Times are in epoch milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct RepositoryFacts<'a> {
    /// The login of the account.
    pub account: &'a str,
    /// The repository.
    pub name: &'a RepositoryName,
    /// GitHub's pages, without a trailing slash.
    pub github_pages: &'a str,
    /// The default branch; `None` until GitHub named it.
    pub default_branch: Option<&'a str>,
    /// The number of the dashboard's issue.
    pub dashboard: Option<u64>,
    /// Why nothing of it can be scanned, and since when.
    pub problem: Option<(&'a str, i64)>,
    /// Its pull requests that ended, the newest first: those that are listed, and the one behind them.
    pub ended: &'a [Proposal],
}

/// The page of a repository.
#[derive(Debug, Template)]
#[template(path = "pages/repository.html")]
pub struct RepositoryPage {
    frame: Frame,
    account: String,
    name: String,
    /// The name without the account.
    short: String,
    facts: Vec<Fact>,
    problem: Option<(Prose, String)>,
    waits: WaitingList,
    rows: Vec<StackRow>,
    pulls: Vec<PullRow>,
    has_more_pulls: bool,
    /// Whether the list of stacks starts here.
    is_first: bool,
    /// Where the list of stacks goes on.
    next: Option<String>,
}

impl RepositoryPage {
    /// Prepares the page with a part of the repository's stacks. `is_first` is whether their list starts here, and `next`
    /// where it goes on.
    pub fn new(
        frame: Frame,
        context: &RepositoryFacts<'_>,
        mut waits: WaitingList,
        rows: Vec<StackRow>,
        is_first: bool,
        next: Option<String>,
    ) -> Self {
        let url = format!("{}/{}", context.github_pages, context.name);
        let pulls = context.ended.iter().take(MAX_ENDED_PULLS);
        let problem = context.problem;
        waits.is_beside_problem = problem.is_some();
        Self {
            account: context.account.to_owned(),
            name: context.name.to_string(),
            short: context.name.name().to_owned(),
            facts: facts(context, &url, !rows.is_empty()),
            problem: problem.map(|(text, since)| (Prose::sentence(text), minute(since))),
            waits,
            rows,
            pulls: PullRow::all(pulls, &url),
            has_more_pulls: context.ended.len() > MAX_ENDED_PULLS,
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
        let next = next.map(|place| format!("?after={}", super::escaped(place)));
        Pager::new(start, next.map(|href| (href, "Further stacks")))
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            Crumb::here(&self.short),
        ]
    }
}

/// Tells where the repository is, and where its dashboard and its settings are.
fn facts(context: &RepositoryFacts<'_>, url: &str, has_stacks: bool) -> Vec<Fact> {
    let mut facts = vec![Fact::new("At GitHub", context.name.to_string()).linked(url.to_owned())];
    let branch = context.default_branch;
    facts.extend(branch.map(|branch| Fact::new("Default branch", branch)));
    facts.extend(context.dashboard.map(|number| {
        let dashboard = Fact::new("Dashboard", format!("#{number}"));
        dashboard.linked(format!("{url}/issues/{number}"))
    }));
    if let Some(branch) = branch.filter(|_| has_stacks || context.problem.is_some()) {
        let file = ".driftguard.yml";
        let link = format!("{url}/blob/{}/{file}", super::escaped(branch));
        facts.push(Fact::new("Settings", file).linked(link));
    }
    facts
}
