//! Issues, and what a pull request has in common with them.

use super::comments::PAGE;
use super::error::GithubError;
use super::repository::{Repository, escaped};
use anyhow::Context;
use serde_json::{Value, json};

/// An issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Whether it is open.
    pub open: bool,
    /// The login of who opened it.
    pub author: String,
    /// The login of who closed it; empty where nobody did, or GitHub does not tell.
    pub closed_by: String,
    /// When it was closed, in epoch milliseconds.
    pub closed_at: Option<i64>,
    /// Whether it is a pull request.
    pub pull: bool,
    /// Whether it is one that went in.
    pub merged: bool,
}

impl Issue {
    fn read(issue: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(Self {
            number: issue["number"].as_u64()?,
            title: text(&issue["title"]),
            body: text(&issue["body"]),
            open: issue["state"].as_str() == Some("open"),
            author: text(&issue["user"]["login"]),
            closed_by: text(&issue["closed_by"]["login"]),
            closed_at: issue["closed_at"]
                .as_str()
                .and_then(|at| at.parse::<jiff::Timestamp>().ok())
                .map(|at| at.as_millisecond()),
            pull: issue["pull_request"].is_object(),
            merged: issue["pull_request"]["merged_at"].is_string(),
        })
    }
}

impl Repository {
    /// An issue or pull request as it is now; none where it is gone, or issues are turned off.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn issue(&self, number: u64) -> Result<Option<Issue>, GithubError> {
        match self.get::<Value>(&format!("issues/{number}")).await {
            Ok(found) => Ok(Issue::read(&found)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether an account is the App's own.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn is_own(&self, login: &str) -> Result<bool, GithubError> {
        Ok(self.github.bot().await? == login)
    }

    /// All issues and pull requests of ours, the newest first.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn own_issues(&self) -> Result<Vec<Issue>, GithubError> {
        let creator = escaped(self.github.bot().await?);
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("issues?state=all&creator={creator}&per_page={PAGE}&page={page}");
            let found: Vec<Value> = self.get(&path).await?;
            all.extend(found.iter().filter_map(Issue::read));
            if found.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }

    /// The issue of ours whose body holds a marker, the newest first; pull requests are none.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn find_issue(&self, marker: &str) -> Result<Option<Issue>, GithubError> {
        let all = self.own_issues().await?;
        Ok(all
            .into_iter()
            .find(|issue| !issue.pull && issue.body.contains(marker)))
    }

    /// Opens an issue: its number.
    ///
    /// # Errors
    /// Those of any request. Whoever calls it again looks for the issue first.
    pub async fn open_issue(&self, title: &str, body: &str) -> Result<u64, GithubError> {
        let body = json!({"title": title, "body": body});
        let made = self.post("issues", body, false).await?;
        let number = made["number"].as_u64();
        Ok(number.context("GitHub does not tell the issue's number")?)
    }

    /// Changes the text of an issue or pull request, and reads it back: whether it says that now. GitHub was seen to
    /// answer 200 to a body that is too long, and to keep the old one.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn write_issue(
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
    /// Those of any request.
    pub async fn close_issue(&self, number: u64) -> Result<(), GithubError> {
        let path = format!("issues/{number}");
        self.patch(&path, json!({"state": "closed"}))
            .await
            .map(drop)
    }

    /// Opens a closed issue again.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn reopen_issue(&self, number: u64) -> Result<(), GithubError> {
        let path = format!("issues/{number}");
        self.patch(&path, json!({"state": "open"})).await.map(drop)
    }

    /// Assigns a person: false where GitHub does not let that person be assigned here.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn assign(&self, number: u64, login: &str) -> Result<bool, GithubError> {
        let asked: Result<Value, _> = self.get(&format!("assignees/{}", escaped(login))).await;
        match asked {
            Ok(_) => {}
            Err(GithubError::NotFound(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        let path = format!("issues/{number}/assignees");
        self.post(&path, json!({"assignees": [login]}), true)
            .await?;
        Ok(true)
    }
}

/// GitHub keeps a text but for the ends of its lines, and blanks at its own.
fn same_text(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    plain(one) == plain(other)
}
