//! One repository.

use super::app::{Caller, GitHub};
use super::error::GithubError;
use super::tarball;
use crate::model::{RepositoryName, Tree};
use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};

/// One repository of an installation.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(super) github: GitHub,
    pub(super) caller: Caller,
    pub(super) name: RepositoryName,
}

/// Where a repository stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch that everything is held to.
    pub default_branch: String,
    /// Its newest commit.
    pub commit: String,
    /// Whether only members see it.
    pub private: bool,
}

impl Repository {
    pub(super) fn new(github: GitHub, caller: Caller, name: RepositoryName) -> Self {
        Self {
            github,
            caller,
            name,
        }
    }

    /// A path of the API below this repository.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.name)
    }

    pub(super) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        rest: &str,
    ) -> Result<T, GithubError> {
        self.github.get(self.caller, &self.path(rest)).await
    }

    pub(super) async fn post(
        &self,
        rest: &str,
        body: Value,
        repeatable: bool,
    ) -> Result<Value, GithubError> {
        self.github
            .post(self.caller, &self.path(rest), body, repeatable)
            .await
    }

    pub(super) async fn patch(&self, rest: &str, body: Value) -> Result<Value, GithubError> {
        self.github.patch(self.caller, &self.path(rest), body).await
    }

    /// Its default branch and that branch's newest commit.
    ///
    /// # Errors
    /// `NotFound` where the App may not see it.
    pub async fn head(&self) -> Result<Head, GithubError> {
        #[derive(Deserialize)]
        struct About {
            default_branch: String,
            private: bool,
        }
        let about: About = self
            .github
            .get(self.caller, &format!("/repos/{}", self.name))
            .await?;
        let commit = self.tip(&about.default_branch).await?;
        Ok(Head {
            commit: commit.with_context(|| format!("{} has no commit yet", self.name))?,
            default_branch: about.default_branch,
            private: about.private,
        })
    }

    /// The newest commit of a branch: none where there is no such branch.
    pub(super) async fn tip(&self, branch: &str) -> Result<Option<String>, GithubError> {
        let found: Result<Value, _> = self
            .get(&format!("git/ref/heads/{}", escaped(branch)))
            .await;
        match found {
            Ok(found) => Ok(found["object"]["sha"].as_str().map(str::to_owned)),
            Err(GithubError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The files of a commit that a scan reads.
    ///
    /// # Errors
    /// When the archive is larger than a scan reads, or is none.
    pub async fn tree(&self, commit: &str) -> Result<Tree, GithubError> {
        let archive = self
            .github
            .bytes(self.caller, &self.path(&format!("tarball/{commit}")))
            .await?;
        let unpacked = tokio::task::spawn_blocking(move || tarball::unpack(&archive)).await;
        let tree = unpacked.context("while unpacking the archive")?;
        Ok(tree.with_context(|| format!("while unpacking {} at {commit}", self.name))?)
    }

    /// Writes a comment on an issue or pull request.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn comment(&self, number: u64, body: &str) -> Result<(), GithubError> {
        let path = format!("issues/{number}/comments");
        // A try that was lost may have written it.
        let before: Vec<Value> = self.get(&format!("{path}?per_page=100")).await?;
        if before
            .iter()
            .any(|comment| comment["body"].as_str() == Some(body))
        {
            return Ok(());
        }
        self.post(&path, json!({"body": body}), false)
            .await
            .map(drop)
    }
}

/// A name as a part of a path.
pub(super) fn escaped(name: &str) -> String {
    let part =
        |part: &str| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}
