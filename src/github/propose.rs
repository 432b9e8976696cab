//! One rolling pull request on a branch of its own.

use super::error::GithubError;
use super::repository::{Repository, escaped};
use anyhow::Context;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A pull request as it is to be.
#[derive(Debug, Clone)]
pub struct Proposed<'a> {
    /// The branch, which is its identity.
    pub branch: &'a str,
    /// The branch that it goes to.
    pub base: &'a str,
    /// The commit of that branch that it stands on.
    pub commit: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its body.
    pub body: &'a str,
    /// The message of its one commit.
    pub message: &'a str,
    /// The files that change, each with its whole new content.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// Its labels.
    pub labels: &'a [String],
    /// Whether it is a draft.
    pub draft: bool,
}

/// What became of it, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposing {
    /// It is new.
    Opened(u64),
    /// It was there, and says something else now.
    Updated(u64),
    /// It was there as it is to be.
    Unchanged(u64),
    /// A person committed to its branch: it is left alone.
    TakenOver(u64),
}

impl Proposing {
    /// Its number.
    pub fn number(self) -> u64 {
        match self {
            Self::Opened(number)
            | Self::Updated(number)
            | Self::Unchanged(number)
            | Self::TakenOver(number) => number,
        }
    }
}

impl Repository {
    /// Opens the pull request, or brings the one that is open to what it is to be.
    ///
    /// # Errors
    /// Those of any request; it may simply be called again.
    pub async fn propose(&self, wanted: &Proposed<'_>) -> Result<Proposing, GithubError> {
        let open = self.open_pull(wanted.branch).await?;
        let tip = self.tip(wanted.branch).await?;
        if let (Some(pull), Some(_)) = (&open, &tip)
            && self.is_taken_over(pull.number).await?
        {
            return Ok(Proposing::TakenOver(pull.number));
        }
        let moved = self.commit(wanted, tip).await?;
        let Some(pull) = open else {
            return self.open(wanted).await.map(Proposing::Opened);
        };
        // The try that opened it may have ended there.
        if !pull.labelled {
            self.label(pull.number, wanted.labels).await?;
        }
        if pull.title != wanted.title || pull.body != wanted.body {
            let body = json!({"title": wanted.title, "body": wanted.body});
            self.patch(&format!("pulls/{}", pull.number), body).await?;
            return Ok(Proposing::Updated(pull.number));
        }
        Ok(match moved {
            true => Proposing::Updated(pull.number),
            false => Proposing::Unchanged(pull.number),
        })
    }

    /// Closes the pull request of a branch with a comment, and takes the branch away: its number, if one was open.
    ///
    /// # Errors
    /// Those of any request; it may simply be called again.
    pub async fn withdraw(&self, branch: &str, comment: &str) -> Result<Option<u64>, GithubError> {
        let Some(pull) = self.open_pull(branch).await? else {
            return Ok(None);
        };
        if self.is_taken_over(pull.number).await? {
            return Ok(None);
        }
        self.comment(pull.number, comment).await?;
        self.patch(
            &format!("pulls/{}", pull.number),
            json!({"state": "closed"}),
        )
        .await?;
        let path = self.path(&format!("git/refs/heads/{}", escaped(branch)));
        match self.github.delete(self.caller, &path).await {
            // It is gone already.
            Ok(()) | Err(GithubError::Invalid { .. } | GithubError::NotFound(_)) => {
                Ok(Some(pull.number))
            }
            Err(error) => Err(error),
        }
    }

    async fn open_pull(&self, branch: &str) -> Result<Option<Pull>, GithubError> {
        let head = escaped(&format!("{}:{branch}", self.name.owner()));
        let found: Vec<Value> = self
            .get(&format!("pulls?state=open&head={head}&per_page=100"))
            .await?;
        let pull = found
            .iter()
            .find(|pull| pull["head"]["ref"].as_str() == Some(branch));
        Ok(pull.and_then(Pull::read))
    }

    /// Whether somebody else than the App committed to a pull request.
    async fn is_taken_over(&self, number: u64) -> Result<bool, GithubError> {
        let bot = self.github.bot().await?;
        let commits: Vec<Value> = self
            .get(&format!("pulls/{number}/commits?per_page=100"))
            .await?;
        let own = |commit: &Value| commit["author"]["login"].as_str() == Some(bot);
        Ok(!commits.iter().all(own))
    }

    /// Brings the branch to one commit with these files: whether it moved.
    async fn commit(
        &self,
        wanted: &Proposed<'_>,
        tip: Option<String>,
    ) -> Result<bool, GithubError> {
        let entry = |(path, bytes): (&String, &Vec<u8>)| json!({"path": path, "mode": "100644", "type": "blob", "content": String::from_utf8_lossy(bytes)});
        let entries: Vec<_> = wanted.files.iter().map(entry).collect();
        let base: Value = self.get(&format!("git/commits/{}", wanted.commit)).await?;
        let body = json!({"base_tree": base["tree"]["sha"], "tree": entries});
        let tree = self.post("git/trees", body, true).await?;
        if let Some(tip) = &tip {
            let now: Value = self.get(&format!("git/commits/{tip}")).await?;
            let parents: Vec<_> = now["parents"].as_array().into_iter().flatten().collect();
            let same_parent =
                matches!(parents.as_slice(), [one] if one["sha"].as_str() == Some(wanted.commit));
            if same_parent && now["tree"]["sha"] == tree["sha"] {
                return Ok(false);
            }
        }
        let body =
            json!({"message": wanted.message, "tree": tree["sha"], "parents": [wanted.commit]});
        let commit = self.post("git/commits", body, true).await?;
        match tip {
            Some(_) => {
                let path = format!("git/refs/heads/{}", escaped(wanted.branch));
                self.patch(&path, json!({"sha": commit["sha"], "force": true}))
                    .await?;
            }
            None => {
                let body =
                    json!({"ref": format!("refs/heads/{}", wanted.branch), "sha": commit["sha"]});
                self.post("git/refs", body, false).await?;
            }
        }
        Ok(true)
    }

    async fn label(&self, number: u64, labels: &[String]) -> Result<(), GithubError> {
        if labels.is_empty() {
            return Ok(());
        }
        let path = format!("issues/{number}/labels");
        self.post(&path, json!({"labels": labels}), true)
            .await
            .map(drop)
    }

    async fn open(&self, wanted: &Proposed<'_>) -> Result<u64, GithubError> {
        let body = json!({
            "title": wanted.title, "body": wanted.body, "head": wanted.branch, "base": wanted.base, "draft": wanted.draft,
        });
        let pull = self.post("pulls", body, false).await?;
        let number = pull["number"]
            .as_u64()
            .context("GitHub does not tell the pull request's number")?;
        self.label(number, wanted.labels).await?;
        Ok(number)
    }
}

/// An open pull request.
struct Pull {
    /// Whether it carries any label: a person may have chosen others.
    labelled: bool,
    number: u64,
    title: String,
    body: String,
}

impl Pull {
    fn read(pull: &Value) -> Option<Self> {
        let labels = pull["labels"].as_array();
        Some(Self {
            labelled: labels.is_some_and(|labels| !labels.is_empty()),
            number: pull["number"].as_u64()?,
            title: pull["title"].as_str()?.to_owned(),
            body: pull["body"].as_str().unwrap_or_default().to_owned(),
        })
    }
}
