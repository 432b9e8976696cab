//! GitHub's JSON, reduced to the fields that are read.

use serde::Deserialize;

/// A user, bot or organization.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Account {
    /// The login.
    #[serde(default)]
    pub login: String,
    /// `User`, `Bot` or `Organization`.
    #[serde(rename = "type", default)]
    pub kind: String,
}

/// An issue or pull request that was created.
#[derive(Debug, Deserialize)]
pub(super) struct CreatedIssue {
    /// The number of the issue or pull request.
    pub number: u64,
}

/// A comment that was created.
#[derive(Debug, Deserialize)]
pub(super) struct CreatedComment {
    /// GitHub's id of the comment.
    pub id: u64,
}

/// A commit, tree or blob that is referred to.
#[derive(Debug, Deserialize)]
pub(super) struct GitObject {
    /// The id of the object.
    pub sha: String,
}

/// A ref.
#[derive(Debug, Deserialize)]
pub(super) struct Ref {
    /// The full name of the ref, such as `refs/heads/main`.
    #[serde(rename = "ref")]
    pub name: String,
    /// The object that the ref points to.
    pub object: GitObject,
}

/// A commit of the repositories API.
#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    /// The account of the author; `None` where GitHub knows none.
    author: Option<Account>,
}

impl Commit {
    /// Returns the login of the author; empty where GitHub knows none.
    pub fn author(self) -> String {
        login(self.author)
    }
}

/// A commit of the git database API.
#[derive(Debug, Deserialize)]
pub(super) struct GitCommit {
    /// The tree of the commit.
    pub tree: GitObject,
    /// The parents of the commit.
    #[serde(default)]
    pub parents: Vec<GitObject>,
}

/// Returns the login of an account; empty where the account was deleted.
pub(super) fn login(account: Option<Account>) -> String {
    account.unwrap_or_default().login
}
