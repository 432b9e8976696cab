//! Reads and writes issues, and what pull requests share with them.

use super::comments::PAGE;
use super::error::GithubError;
use super::json::{Account, CreatedIssue, login};
use super::repository::{Repository, escaped};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// An issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The number.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The body, in Markdown.
    pub body: String,
    /// Whether the issue is open.
    pub open: bool,
    /// The login of the author.
    pub author: String,
    /// The login of whoever closed the issue; empty where nobody did, or GitHub does not name them.
    pub closed_by: String,
    /// Whether an App closed the issue, with a token of its own.
    pub closed_by_bot: bool,
    /// When the issue was closed, in epoch milliseconds.
    pub closed_at: Option<i64>,
    /// Whether the issue is a pull request.
    pub pull: bool,
    /// Whether the issue is a merged pull request.
    pub merged: bool,
}

/// An issue as GitHub describes it.
#[derive(Deserialize)]
struct IssueFields {
    number: u64,
    title: Option<String>,
    body: Option<String>,
    state: Option<String>,
    user: Option<Account>,
    closed_by: Option<Account>,
    closed_at: Option<String>,
    pull_request: Option<PullRequestFields>,
}

/// The fields that only pull requests have.
#[derive(Deserialize)]
struct PullRequestFields {
    merged_at: Option<String>,
}

impl From<IssueFields> for Issue {
    fn from(issue: IssueFields) -> Self {
        let closed_at = issue
            .closed_at
            .and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let pull = issue.pull_request.as_ref();
        let closed_by = issue.closed_by.unwrap_or_default();
        Self {
            number: issue.number,
            title: issue.title.unwrap_or_default(),
            body: issue.body.unwrap_or_default(),
            open: issue.state.as_deref() == Some("open"),
            author: login(issue.user),
            closed_by_bot: closed_by.kind == "Bot",
            closed_by: closed_by.login,
            closed_at: closed_at.map(|at| at.as_millisecond()),
            pull: pull.is_some(),
            merged: pull.is_some_and(|pull| pull.merged_at.is_some()),
        }
    }
}

impl Repository {
    /// Returns an issue or pull request; `None` where it is gone, or issues are turned off.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn issue(&self, number: u64) -> Result<Option<Issue>, GithubError> {
        match self.get::<IssueFields>(&format!("issues/{number}")).await {
            Ok(found) => Ok(Some(found.into())),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns whether an account is the App's own.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn is_own(&self, login: &str) -> Result<bool, GithubError> {
        Ok(self.github.bot().await? == login)
    }

    /// Returns all issues and pull requests of the App, the newest first.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn own_issues(&self) -> Result<Vec<Issue>, GithubError> {
        let mut all = Vec::new();
        for page in 1.. {
            let found = self.own_issues_on(page).await?;
            let is_last = found.len() < PAGE;
            all.extend(found);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Returns a page of the App's issues and pull requests, the newest first.
    async fn own_issues_on(&self, page: u64) -> Result<Vec<Issue>, GithubError> {
        let creator = escaped(self.github.bot().await?);
        let path = format!("issues?state=all&creator={creator}&per_page={PAGE}&page={page}");
        let found: Vec<IssueFields> = self.get(&path).await?;
        Ok(found.into_iter().map(Issue::from).collect())
    }

    /// Returns the newest issue of the App whose body has a marker; pull requests are left out.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn find_issue(&self, marker: &str) -> Result<Option<Issue>, GithubError> {
        for page in 1.. {
            let issues = self.own_issues_on(page).await?;
            let is_last = issues.len() < PAGE;
            let is_meant = |issue: &Issue| !issue.pull && issue.body.contains(marker);
            let found = issues.into_iter().find(is_meant);
            if found.is_some() || is_last {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Opens an issue, and returns its number.
    ///
    /// # Errors
    /// As any request: see `GithubError`. A caller that retries looks for the issue first.
    pub async fn open_issue(&self, title: &str, body: &str) -> Result<u64, GithubError> {
        let body = json!({"title": title, "body": body});
        let created: CreatedIssue = self.post("issues", body, false).await?;
        Ok(created.number)
    }

    /// Updates the texts of an issue or pull request, and returns whether GitHub stored them: it was seen to answer 200
    /// to a body that is too long, and to keep the old one.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn update_issue(
        &self,
        issue: &Issue,
        title: &str,
        body: &str,
    ) -> Result<bool, GithubError> {
        if issue.title == title && issue.body == body {
            return Ok(true);
        }
        let path = format!("issues/{}", issue.number);
        self.patch(&path, json!({"title": title, "body": body}))
            .await?;
        let now = self.issue(issue.number).await?;
        // A box that was ticked since is no sign that the text was not kept.
        let plain = |body: &str| body.replace("- [x] ", "- [ ] ");
        Ok(now.is_none_or(|now| same_text(&plain(&now.body), &plain(body))))
    }

    /// Closes an issue or pull request.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn close_issue(&self, number: u64) -> Result<(), GithubError> {
        let path = format!("issues/{number}");
        self.patch(&path, json!({"state": "closed"}))
            .await
            .map(drop)
    }

    /// Reopens a closed issue.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn reopen_issue(&self, number: u64) -> Result<(), GithubError> {
        let path = format!("issues/{number}");
        self.patch(&path, json!({"state": "open"})).await.map(drop)
    }

    /// Assigns a person. Returns false where that person cannot be assigned in this repository.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn assign(&self, number: u64, login: &str) -> Result<bool, GithubError> {
        let asked: Result<IgnoredAny, _> = self.get(&format!("assignees/{}", escaped(login))).await;
        match asked {
            Ok(_) => {}
            Err(GithubError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        let path = format!("issues/{number}/assignees");
        let body = json!({"assignees": [login]});
        let _: IgnoredAny = self.post(&path, body, true).await?;
        Ok(true)
    }
}

/// Returns whether a text is stored as it was sent: GitHub changes line ends, and trims.
fn same_text(stored: &str, sent: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    plain(stored) == plain(sent)
}
