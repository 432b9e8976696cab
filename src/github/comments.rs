//! Reads and writes comments, and checks people's permissions.

use super::error::GithubError;
use super::json::{Account, CreatedComment};
use super::repository::{Repository, escaped};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// How many items a page of a list has.
pub(super) const PAGE: usize = 100;

/// The suffix of Apps' logins, which people's cannot have.
const BOT_SUFFIX: &str = "[bot]";

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// GitHub's id of the comment.
    pub id: u64,
    /// The author's login.
    pub author: String,
    /// Whether the author is a bot.
    pub bot: bool,
    /// The body, in Markdown.
    pub body: String,
    /// When the comment was written, as GitHub formats it.
    pub created_at: String,
}

/// A comment as GitHub describes it.
#[derive(Deserialize)]
struct CommentFields {
    id: u64,
    user: Option<Account>,
    body: Option<String>,
    created_at: Option<String>,
}

impl From<CommentFields> for Comment {
    fn from(comment: CommentFields) -> Self {
        let author = comment.user.unwrap_or_default();
        Self {
            id: comment.id,
            bot: author.kind == "Bot",
            author: author.login,
            body: comment.body.unwrap_or_default(),
            created_at: comment.created_at.unwrap_or_default(),
        }
    }
}

impl Repository {
    /// Returns a comment; `None` where it was deleted.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn comment(&self, id: u64) -> Result<Option<Comment>, GithubError> {
        let path = format!("issues/comments/{id}");
        match self.get::<CommentFields>(&path).await {
            Ok(found) => Ok(Some(found.into())),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds an eyes reaction to a comment. Adding it again changes nothing.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn react(&self, comment: u64) -> Result<(), GithubError> {
        let path = format!("issues/comments/{comment}/reactions");
        let body = json!({"content": "eyes"});
        let _: IgnoredAny = self.post(&path, body, true).await?;
        Ok(())
    }

    /// Returns the first comment of the App's with these last words on an issue or pull request, since a time in
    /// GitHub's format; of all where that is empty. No more than a page is held: anybody may comment, as long as GitHub
    /// lets them.
    async fn find_comment(
        &self,
        issue: u64,
        since: &str,
        end: &str,
    ) -> Result<Option<Comment>, GithubError> {
        let bot = self.github.bot().await?;
        let mut query = format!("issues/{issue}/comments?per_page={PAGE}");
        if !since.is_empty() {
            query.push_str(&format!("&since={}", escaped(since)));
        }
        for page in 1.. {
            let page: Vec<CommentFields> = self.get(&format!("{query}&page={page}")).await?;
            let is_last = page.len() < PAGE;
            let mut comments = page.into_iter().map(Comment::from);
            let found =
                comments.find(|comment| comment.author == bot && comment.body.ends_with(end));
            if found.is_some() || is_last {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Returns the ids of the App's comments in the repository: all, or those with a marker.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn own_comments(&self, marker: Option<&str>) -> Result<Vec<u64>, GithubError> {
        let end = marker.map(marked);
        let bot = self.github.bot().await?;
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("issues/comments?per_page={PAGE}&page={page}");
            let found: Vec<CommentFields> = self.get(&path).await?;
            let is_last = found.len() < PAGE;
            let comments = found.into_iter().map(Comment::from);
            let own = comments.filter(|comment| {
                let fits = |end: &String| comment.body.ends_with(end);
                comment.author == bot && end.as_ref().is_none_or(fits)
            });
            all.extend(own.map(|comment| comment.id));
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Updates the App's comment with this marker, or creates it, and returns its id.
    ///
    /// # Errors
    /// As any request: see `GithubError`. Calling it again is safe.
    pub async fn upsert_comment(
        &self,
        issue: u64,
        marker: &str,
        since: &str,
        text: &str,
    ) -> Result<u64, GithubError> {
        let marked = marked(marker);
        let body = format!("{text}\n\n{marked}");
        // At its end, where nobody else's words can bring it.
        match self.find_comment(issue, since, &marked).await? {
            Some(known) if known.body == body => Ok(known.id),
            Some(known) => {
                self.edit_comment(known.id, &body).await?;
                Ok(known.id)
            }
            None => {
                let path = format!("issues/{issue}/comments");
                let body = json!({"body": body});
                let created: CreatedComment = self.post(&path, body, false).await?;
                Ok(created.id)
            }
        }
    }

    /// Edits a comment of the App's.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn edit_comment(&self, id: u64, body: &str) -> Result<(), GithubError> {
        let path = format!("issues/comments/{id}");
        self.patch(&path, json!({"body": body})).await.map(drop)
    }

    /// Deletes a comment of the App's, with its edit history.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn delete_comment(&self, id: u64) -> Result<(), GithubError> {
        let path = self.path(&format!("issues/comments/{id}"));
        self.github.delete(self.caller, &path).await
    }

    /// Returns whether a person has write permission now.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn may_write(&self, login: &str) -> Result<bool, GithubError> {
        Ok(self.permission(login).await? != Permission::Less)
    }

    /// Returns a person's permission now. An App's account has none, whatever it may do.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn permission(&self, login: &str) -> Result<Permission, GithubError> {
        Ok(match self.collaborator(login).await? {
            Some(found) => found.permission(),
            None => Permission::Less,
        })
    }

    /// Returns what the person with this login and id may do now. The login may be somebody else's by now.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn person_access(
        &self,
        login: &str,
        person: u64,
    ) -> Result<PersonAccess, GithubError> {
        let found = self.collaborator(login).await?;
        let is_same = |user: &Collaborated| user.id == person;
        Ok(match found {
            Some(found) if found.user.as_ref().is_some_and(is_same) => match found.permission() {
                Permission::Less => PersonAccess::Less,
                Permission::Admin | Permission::Write => PersonAccess::Write,
            },
            _ => PersonAccess::SomebodyElse,
        })
    }

    /// Returns what GitHub says of a person; `None` where nobody has the login, or an App.
    async fn collaborator(&self, login: &str) -> Result<Option<Collaborator>, GithubError> {
        if login.is_empty() || login.ends_with(BOT_SUFFIX) {
            return Ok(None);
        }
        let path = format!("collaborators/{}/permission", escaped(login));
        match self.get(&path).await {
            Ok(found) => Ok(Some(found)),
            Err(GithubError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A person, as GitHub describes what they may do.
#[derive(Deserialize)]
struct Collaborator {
    permission: Option<String>,
    user: Option<Collaborated>,
}

#[derive(Deserialize)]
struct Collaborated {
    id: u64,
}

impl Collaborator {
    fn permission(&self) -> Permission {
        // GitHub returns `maintain` as `write`, `triage` as `read`.
        match self.permission.as_deref() {
            Some("admin") => Permission::Admin,
            Some("write") => Permission::Write,
            _ => Permission::Less,
        }
    }
}

/// What a person with a certain id may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonAccess {
    /// Push, at least.
    Write,
    /// Read at most.
    Less,
    /// Nobody has the login, or somebody with another id.
    SomebodyElse,
}

/// A person's permission in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Everything, including the settings.
    Admin,
    /// Push.
    Write,
    /// Read at most.
    Less,
}

/// Returns the line that marks a comment of the App's.
fn marked(marker: &str) -> String {
    format!("<!-- driftguard: {marker} -->")
}
