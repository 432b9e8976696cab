//! Reads other people's pull requests, and the commits on which the App may have created check runs.

use super::comments::PAGE;
use super::error::GithubError;
use super::json::GitObject;
use super::repository::Repository;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A pull request, with what a check needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Whether the pull request is open.
    pub open: bool,
    /// The head commit.
    pub head: String,
    /// The base branch.
    pub base: String,
}

/// A pull request as GitHub describes it.
#[derive(Deserialize)]
struct PullRequestFields {
    state: Option<String>,
    head: GitObject,
    base: Base,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    name: String,
}

#[derive(Deserialize)]
struct ChangedFile {
    filename: String,
}

/// How many pull requests a page has: each may have many commits.
const PULLS: usize = 10;

/// How many commits of a pull request GitHub lists at most.
const MAX_PULL_COMMITS: usize = 250;

/// A page of commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitPage {
    /// The ids of the commits.
    pub commits: Vec<String>,
    /// Whether no later page matters: there is none, or it is older than the App.
    pub is_last: bool,
}

/// A pull request as GitHub describes it.
#[derive(Deserialize)]
struct PullFields {
    number: u64,
    head: GitObject,
    updated_at: Option<String>,
}

/// A commit as GitHub describes it.
#[derive(Deserialize)]
struct CommitFields {
    sha: String,
    #[serde(default)]
    commit: CommitDates,
}

#[derive(Default, Deserialize)]
struct CommitDates {
    committer: Option<CommitDate>,
}

#[derive(Deserialize)]
struct CommitDate {
    date: Option<String>,
}

impl CommitFields {
    /// Returns whether the commit is known to be older than a time in GitHub's format.
    fn is_before(&self, time: &str) -> bool {
        let committer = self.commit.committer.as_ref();
        let date = committer.and_then(|committer| committer.date.as_deref());
        date.is_some_and(|date| date < time)
    }
}

impl Repository {
    /// Returns a pull request; `None` where there is none with this number.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn pull(&self, number: u64) -> Result<Option<PullRequest>, GithubError> {
        let found: PullRequestFields = match self.get(&format!("pulls/{number}")).await {
            Ok(found) => found,
            Err(GithubError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(PullRequest {
            open: found.state.as_deref() == Some("open"),
            head: found.head.sha,
            base: found.base.name,
        }))
    }

    /// Returns the files that a pull request changes, 3,000 at most, as GitHub lists no more.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn changed_files(&self, number: u64) -> Result<Vec<String>, GithubError> {
        let mut all = Vec::new();
        for page in 1..=30 {
            let path = format!("pulls/{number}/files?per_page={PAGE}&page={page}");
            let found: Vec<ChangedFile> = self.get(&path).await?;
            let is_last = found.len() < PAGE;
            all.extend(found.into_iter().map(|file| file.filename));
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Returns the commits of a page of pull requests, the oldest of which is first. Pull requests that ended before
    /// the App was made are left out.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn pull_commits(&self, page: u64) -> Result<CommitPage, GithubError> {
        let since = self.github.made_at().await?;
        let path =
            format!("pulls?state=all&sort=created&direction=asc&per_page={PULLS}&page={page}");
        let pulls: Vec<PullFields> = self.get(&path).await?;
        let is_last = pulls.len() < PULLS;
        let mut commits = BTreeSet::new();
        for pull in pulls {
            if pull.updated_at.is_some_and(|at| at.as_str() < since) {
                continue;
            }
            commits.extend(self.commits_of_pull(pull.number).await?);
            commits.insert(pull.head.sha);
        }
        Ok(CommitPage {
            commits: commits.into_iter().collect(),
            is_last,
        })
    }

    /// Returns the commits that GitHub lists of a pull request.
    async fn commits_of_pull(&self, number: u64) -> Result<Vec<String>, GithubError> {
        let mut all = Vec::new();
        for page in 1..=MAX_PULL_COMMITS.div_ceil(PAGE) {
            let path = format!("pulls/{number}/commits?per_page={PAGE}&page={page}");
            let found: Vec<CommitFields> = self.get(&path).await?;
            let is_last = found.len() < PAGE;
            all.extend(found.into_iter().map(|commit| commit.sha));
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Returns a page of the history of a commit, the newest of which is first. The App's check runs are on commits
    /// that were newest at some time since the App was made, so the page on which all are older is the last.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn history(&self, head: &str, page: u64) -> Result<CommitPage, GithubError> {
        let since = self.github.made_at().await?;
        let path = format!("commits?sha={head}&per_page={PAGE}&page={page}");
        let found: Vec<CommitFields> = self.get(&path).await?;
        Ok(CommitPage {
            is_last: found.len() < PAGE || found.iter().all(|commit| commit.is_before(since)),
            commits: found.into_iter().map(|commit| commit.sha).collect(),
        })
    }
}
