//! Comments, and who may give orders in them.

use super::error::GithubError;
use super::repository::{Repository, escaped};
use anyhow::Context;
use serde_json::{Value, json};

/// How many items a page of a list holds.
pub(super) const PAGE: usize = 100;

/// How the logins of Apps end, and those of people cannot.
const APP: &str = "[bot]";

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// GitHub's number for it.
    pub id: u64,
    /// The login of who wrote it.
    pub author: String,
    /// Whether that is a program.
    pub bot: bool,
    /// Markdown.
    pub body: String,
    /// When it was written, as GitHub tells.
    pub created_at: String,
}

impl Comment {
    fn read(comment: &Value) -> Option<Self> {
        Some(Self {
            id: comment["id"].as_u64()?,
            author: comment["user"]["login"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            bot: comment["user"]["type"].as_str() == Some("Bot"),
            body: comment["body"].as_str().unwrap_or_default().to_owned(),
            created_at: comment["created_at"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

impl Repository {
    /// A comment as it is now; none where it was deleted.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn comment(&self, id: u64) -> Result<Option<Comment>, GithubError> {
        let found = self.get::<Value>(&format!("issues/comments/{id}")).await;
        match found {
            Ok(found) => Ok(Comment::read(&found)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Shows the author of a comment that it was seen. Shown twice, it is there once.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn react(&self, comment: u64) -> Result<(), GithubError> {
        let path = format!("issues/comments/{comment}/reactions");
        self.post(&path, json!({"content": "eyes"}), true)
            .await
            .map(drop)
    }

    /// The comments of an issue or pull request since a moment, as GitHub writes it; all where it is empty.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn comments(&self, issue: u64, since: &str) -> Result<Vec<Comment>, GithubError> {
        let mut all = Vec::new();
        let mut query = format!("issues/{issue}/comments?per_page={PAGE}");
        if !since.is_empty() {
            query.push_str(&format!("&since={}", escaped(since)));
        }
        for page in 1.. {
            let found: Vec<Value> = self.get(&format!("{query}&page={page}")).await?;
            all.extend(found.iter().filter_map(Comment::read));
            if found.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }

    /// The comments of ours in the repository, all or those with a marker: their numbers.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn own_comments(&self, marker: Option<&str>) -> Result<Vec<u64>, GithubError> {
        let end = marker.map(marked);
        let bot = self.github.bot().await?;
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("issues/comments?per_page={PAGE}&page={page}");
            let found: Vec<Value> = self.get(&path).await?;
            let comments = found.iter().filter_map(Comment::read);
            let own = comments.filter(|comment| {
                let fits = |end: &String| comment.body.ends_with(end);
                comment.author == bot && end.as_ref().is_none_or(fits)
            });
            all.extend(own.map(|comment| comment.id));
            if found.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }

    /// Says something once: the comment of ours that holds this marker is brought to that text, or written. Its number.
    ///
    /// # Errors
    /// Those of any request; it may simply be called again.
    pub async fn say(
        &self,
        issue: u64,
        marker: &str,
        since: &str,
        text: &str,
    ) -> Result<u64, GithubError> {
        let marked = marked(marker);
        let body = format!("{text}\n\n{marked}");
        let bot = self.github.bot().await?;
        let known = self.comments(issue, since).await?;
        let known = known
            .into_iter()
            // At its end, where nobody else's words can bring it.
            .find(|comment| comment.author == bot && comment.body.ends_with(&marked));
        match known {
            Some(known) if known.body == body => Ok(known.id),
            Some(known) => {
                self.edit_comment(known.id, &body).await?;
                Ok(known.id)
            }
            None => {
                let path = format!("issues/{issue}/comments");
                let made = self.post(&path, json!({"body": body}), false).await?;
                let id = made["id"].as_u64();
                Ok(id.context("GitHub does not tell the comment's number")?)
            }
        }
    }

    /// Changes a comment of ours.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn edit_comment(&self, id: u64, body: &str) -> Result<(), GithubError> {
        let path = format!("issues/comments/{id}");
        self.patch(&path, json!({"body": body})).await.map(drop)
    }

    /// Deletes a comment of ours: its history goes with it.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn delete_comment(&self, id: u64) -> Result<(), GithubError> {
        let path = self.path(&format!("issues/comments/{id}"));
        self.github.delete(self.caller, &path).await
    }

    /// Whether a person may write to the repository, as GitHub knows now.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn may_write(&self, login: &str) -> Result<bool, GithubError> {
        Ok(self.permission(login).await? != Permission::Less)
    }

    /// What a person may do in the repository, as GitHub knows now. An App's account is no person, whatever it may do.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn permission(&self, login: &str) -> Result<Permission, GithubError> {
        if login.is_empty() || login.ends_with(APP) {
            return Ok(Permission::Less);
        }
        let path = format!("collaborators/{}/permission", escaped(login));
        match self.get::<Value>(&path).await {
            // `maintain` is told as `write`, `triage` as `read`.
            Ok(found) => Ok(match found["permission"].as_str() {
                Some("admin") => Permission::Admin,
                Some("write") => Permission::Write,
                _ => Permission::Less,
            }),
            Err(GithubError::NotFound(_)) => Ok(Permission::Less),
            Err(error) => Err(error),
        }
    }
}

/// What a person may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Everything, its settings included.
    Admin,
    /// Push.
    Write,
    /// Read at most.
    Less,
}

/// The line that tells a comment of ours from every other.
fn marked(marker: &str) -> String {
    format!("<!-- driftguard: {marker} -->")
}
