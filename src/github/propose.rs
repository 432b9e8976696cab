//! One rolling pull request on a branch of its own: opened, updated, left alone, withdrawn.

use super::app::Caller;
use super::error::GithubError;
use super::repository::{Repository, escaped};
use crate::model::boxes;
use anyhow::Context;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How GitHub says that a branch is gone.
const NO_REFERENCE: &str = "Reference does not exist";

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
    /// Who is asked for a review.
    pub reviewers: &'a Reviewers,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether what others committed to the branch is dropped.
    pub recreate: bool,
    /// The number under which it is known to be open, dressed with labels and reviewers.
    pub known: Option<u64>,
}

/// Who is asked for a review.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reviewers {
    /// Logins.
    pub people: Vec<String>,
    /// The slugs of teams of the repository's owner.
    pub teams: Vec<String>,
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
        if let (Some(pull), Some(_), false) = (&open, &tip, wanted.recreate)
            && self.is_taken_over(pull.number).await?
        {
            return Ok(Proposing::TakenOver(pull.number));
        }
        if let (None, Some(tip), false) = (&open, &tip, wanted.recreate)
            && !self.is_own(&self.author(tip).await?).await?
        {
            let message = "somebody else's commit is its newest: delete the branch, or open a pull request from it";
            return Err(GithubError::Invalid {
                what: format!("a new pull request from {}", wanted.branch),
                message: message.to_owned(),
            });
        }
        let moved = self.commit(wanted, tip).await?;
        let Some(pull) = open else {
            return self.open(wanted).await.map(Proposing::Opened);
        };
        // The try that opened it may have ended there. Later on people may have chosen otherwise.
        if wanted.known != Some(pull.number) {
            self.dress(pull.number, wanted).await?;
        }
        if pull.title != wanted.title || pull.body != boxes::carry(&pull.body, wanted.body) {
            // As it is by now: a box may have been ticked meanwhile.
            let now = self.issue(pull.number).await?;
            let body = boxes::carry(&now.map_or(pull.body, |now| now.body), wanted.body);
            let body = json!({"title": wanted.title, "body": body});
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
        self.say(pull.number, "closed", "", comment).await?;
        self.patch(
            &format!("pulls/{}", pull.number),
            json!({"state": "closed"}),
        )
        .await?;
        self.drop_branch(branch).await?;
        Ok(Some(pull.number))
    }

    /// Takes a branch away; one that is gone already is no error.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn drop_branch(&self, branch: &str) -> Result<(), GithubError> {
        let path = self.path(&format!("git/refs/heads/{}", escaped(branch)));
        match self.github.delete(self.caller, &path).await {
            Ok(()) => Ok(()),
            Err(GithubError::Invalid { message, .. }) if message.contains(NO_REFERENCE) => Ok(()),
            Err(error) if error.is_missing() => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn open_pull(&self, branch: &str) -> Result<Option<Pull>, GithubError> {
        let head = escaped(&format!("{}:{branch}", self.name.owner()));
        let found: Vec<Value> = self
            .get(&format!("pulls?state=open&head={head}&per_page=100"))
            .await?;
        let bot = self.github.bot().await?;
        let ours = |pull: &&Value| {
            pull["head"]["ref"].as_str() == Some(branch)
                && pull["user"]["login"].as_str() == Some(bot)
        };
        Ok(found.iter().find(ours).and_then(Pull::read))
    }

    /// Whether somebody else than the App committed to a pull request.
    async fn is_taken_over(&self, number: u64) -> Result<bool, GithubError> {
        Ok(self.last_person(number).await?.is_some())
    }

    /// The login of who, beside the App, made the newest commit of a pull request; none where nobody did.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn last_person(&self, number: u64) -> Result<Option<String>, GithubError> {
        let bot = self.github.bot().await?;
        let commits: Vec<Value> = self
            .get(&format!("pulls/{number}/commits?per_page=100"))
            .await?;
        let logins = commits
            .iter()
            .map(|commit| commit["author"]["login"].as_str().unwrap_or_default());
        Ok(logins.rev().find(|login| *login != bot).map(str::to_owned))
    }

    /// Adds a commit with these files to a branch.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn append(
        &self,
        branch: &str,
        message: &str,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), GithubError> {
        let Some(tip) = self.tip(branch).await? else {
            return Err(GithubError::NotFound(branch.to_owned()));
        };
        let tree = self.write_tree(&tip, files).await?;
        let body = json!({"message": message, "tree": tree, "parents": [tip]});
        let commit = self.post("git/commits", body, true).await?;
        let path = format!("git/refs/heads/{}", escaped(branch));
        let moved = self.patch(&path, json!({"sha": commit["sha"], "force": false}));
        moved.await.map(drop)
    }

    /// Brings the branch to one commit with these files: whether it moved.
    async fn commit(
        &self,
        wanted: &Proposed<'_>,
        tip: Option<String>,
    ) -> Result<bool, GithubError> {
        let tree = self.write_tree(wanted.commit, wanted.files).await?;
        if let Some(tip) = &tip {
            let now: Value = self.get(&format!("git/commits/{tip}")).await?;
            let parents: Vec<_> = now["parents"].as_array().into_iter().flatten().collect();
            let same_parent =
                matches!(parents.as_slice(), [one] if one["sha"].as_str() == Some(wanted.commit));
            if same_parent && now["tree"]["sha"] == tree {
                return Ok(false);
            }
        }
        let body = json!({"message": wanted.message, "tree": tree, "parents": [wanted.commit]});
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

    /// Gives a new pull request its labels, and asks for reviews. That GitHub refuses one of these is no reason to have no
    /// pull request: an owner may have left, or a team may not see the repository.
    async fn dress(&self, number: u64, wanted: &Proposed<'_>) -> Result<(), GithubError> {
        if !wanted.labels.is_empty() {
            let path = format!("issues/{number}/labels");
            let labels = json!({"labels": wanted.labels});
            passed_over(self.post(&path, labels, true).await)?;
        }
        let path = format!("pulls/{number}/requested_reviewers");
        let Reviewers { people, teams } = wanted.reviewers;
        for person in people {
            let body = json!({"reviewers": [person]});
            passed_over(self.post(&path, body, true).await)?;
        }
        let caller = match self.caller {
            Caller::Installation(installation, id) => Caller::Teams(installation, id),
            caller => caller,
        };
        for team in teams {
            let body = json!({"team_reviewers": [team]});
            let path = self.path(&path);
            passed_over(self.github.post(caller, &path, body, true).await)?;
        }
        Ok(())
    }

    async fn open(&self, wanted: &Proposed<'_>) -> Result<u64, GithubError> {
        let body = |draft: bool| {
            json!({
                "title": wanted.title, "body": wanted.body, "head": wanted.branch, "base": wanted.base, "draft": draft,
            })
        };
        let made = match self.post("pulls", body(wanted.draft), false).await {
            // Not every plan has drafts of private repositories.
            Err(GithubError::Invalid { message, .. })
                if wanted.draft && message.to_lowercase().contains("draft") =>
            {
                self.post("pulls", body(false), false).await
            }
            made => made,
        };
        let number = made?["number"].as_u64();
        let number = number.context("GitHub does not tell the pull request's number")?;
        self.dress(number, wanted).await?;
        Ok(number)
    }
}

/// What GitHub refused is logged, and nothing more.
fn passed_over(asked: Result<Value, GithubError>) -> Result<(), GithubError> {
    match asked {
        Ok(_) => Ok(()),
        Err(
            error @ (GithubError::Invalid { .. }
            | GithubError::Forbidden { .. }
            | GithubError::NotFound(_)),
        ) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "a label or a reviewer was refused"
            );
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// An open pull request.
struct Pull {
    number: u64,
    title: String,
    body: String,
}

impl Pull {
    fn read(pull: &Value) -> Option<Self> {
        Some(Self {
            number: pull["number"].as_u64()?,
            title: pull["title"].as_str()?.to_owned(),
            body: pull["body"].as_str().unwrap_or_default().to_owned(),
        })
    }
}
