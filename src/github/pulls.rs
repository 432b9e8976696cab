//! Reads other people's pull requests.

use super::comments::PAGE;
use super::error::GithubError;
use super::json::GitObject;
use super::repository::Repository;
use serde::Deserialize;

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

    /// Returns the head commits of all pull requests, open or closed.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn pull_heads(&self) -> Result<Vec<String>, GithubError> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("pulls?state=all&per_page={PAGE}&page={page}");
            let found: Vec<PullRequestFields> = self.get(&path).await?;
            let is_last = found.len() < PAGE;
            all.extend(found.into_iter().map(|pull| pull.head.sha));
            if is_last {
                break;
            }
        }
        Ok(all)
    }
}
