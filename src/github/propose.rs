//! Opens, updates and closes DriftGuard's pull requests, one per branch.

use super::caller::Caller;
use super::error::GithubError;
use super::json::{Account, Commit, CreatedIssue, GitCommit, GitObject};
use super::repository::{Repository, escaped};
use crate::model::boxes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// GitHub's message about a branch that is gone.
const NO_REFERENCE: &str = "Reference does not exist";

/// A pull request to open or update.
#[derive(Debug, Clone)]
pub struct ProposedPullRequest<'a> {
    /// The head branch, which identifies the pull request.
    pub branch: &'a str,
    /// The base branch.
    pub base: &'a str,
    /// The commit of the base branch that the pull request starts from.
    pub commit: &'a str,
    /// The title.
    pub title: &'a str,
    /// The body.
    pub body: &'a str,
    /// The message of the single commit.
    pub message: &'a str,
    /// The changed files, each with its full new content.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// The labels.
    pub labels: &'a [String],
    /// Who is requested to review.
    pub reviewers: &'a Reviewers,
    /// Whether the pull request is a draft.
    pub draft: bool,
    /// Whether other people's commits to the branch are dropped.
    pub recreate: bool,
    /// The number of the open pull request, if its labels and reviewers are set already.
    pub known: Option<u64>,
}

/// Who is requested to review.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reviewers {
    /// Logins.
    pub people: Vec<String>,
    /// Slugs of teams in the owner's organization.
    pub teams: Vec<String>,
}

/// What happened to a pull request, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposeOutcome {
    /// It was opened.
    Opened(u64),
    /// It was updated.
    Updated(u64),
    /// It was up to date.
    Unchanged(u64),
    /// A person committed to its branch, so it is left alone.
    TakenOver(u64),
}

impl ProposeOutcome {
    /// Returns the number of the pull request.
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
    /// Opens the pull request, or updates the open one.
    ///
    /// # Errors
    /// As any request: see `GithubError`. Calling it again is safe.
    pub async fn propose(
        &self,
        proposed: &ProposedPullRequest<'_>,
    ) -> Result<ProposeOutcome, GithubError> {
        let open = self.open_pull(proposed.branch).await?;
        let tip = self.branch_head(proposed.branch).await?;
        if let (Some(pull), Some(_), false) = (&open, &tip, proposed.recreate)
            && self.is_taken_over(pull.number).await?
        {
            return Ok(ProposeOutcome::TakenOver(pull.number));
        }
        if let (None, Some(tip), false) = (&open, &tip, proposed.recreate)
            && !self.is_own(&self.author(tip).await?).await?
        {
            let message = "somebody else's commit is its newest: delete the branch, or open a pull request from it";
            return Err(GithubError::Invalid {
                what: format!("a new pull request from {}", proposed.branch),
                message: message.to_owned(),
            });
        }
        let moved = self.commit(proposed, tip).await?;
        let Some(pull) = open else {
            return self.open(proposed).await.map(ProposeOutcome::Opened);
        };
        // The try that opened it may have ended there. Later on people may have chosen otherwise.
        if proposed.known != Some(pull.number) {
            self.label_and_request_reviews(pull.number, proposed)
                .await?;
        }
        let shown = pull.body.unwrap_or_default();
        if pull.title != proposed.title || shown != boxes::carry(&shown, proposed.body) {
            // As it is by now: a box may have been ticked meanwhile.
            let now = self.issue(pull.number).await?;
            let body = boxes::carry(&now.map_or(shown, |now| now.body), proposed.body);
            let body = json!({"title": proposed.title, "body": body});
            self.patch(&format!("pulls/{}", pull.number), body).await?;
            return Ok(ProposeOutcome::Updated(pull.number));
        }
        Ok(match moved {
            true => ProposeOutcome::Updated(pull.number),
            false => ProposeOutcome::Unchanged(pull.number),
        })
    }

    /// Closes the open pull request of a branch with a comment, deletes the branch, and returns the number; `None`
    /// where none is open.
    ///
    /// # Errors
    /// As any request: see `GithubError`. Calling it again is safe.
    pub async fn withdraw(&self, branch: &str, comment: &str) -> Result<Option<u64>, GithubError> {
        let Some(pull) = self.open_pull(branch).await? else {
            return Ok(None);
        };
        if self.is_taken_over(pull.number).await? {
            return Ok(None);
        }
        self.upsert_comment(pull.number, "closed", "", comment)
            .await?;
        self.patch(
            &format!("pulls/{}", pull.number),
            json!({"state": "closed"}),
        )
        .await?;
        self.delete_branch(branch).await?;
        Ok(Some(pull.number))
    }

    /// Deletes a branch; one that is gone is no error.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn delete_branch(&self, branch: &str) -> Result<(), GithubError> {
        let path = self.path(&format!("git/refs/heads/{}", escaped(branch)));
        match self.github.delete(self.caller, &path).await {
            Ok(()) => Ok(()),
            Err(GithubError::Invalid { message, .. }) if message.contains(NO_REFERENCE) => Ok(()),
            Err(error) if error.is_missing() => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn open_pull(&self, branch: &str) -> Result<Option<PullRequestFields>, GithubError> {
        let head = escaped(&format!("{}:{branch}", self.name.owner()));
        let mut found: Vec<PullRequestFields> = self
            .get(&format!("pulls?state=open&head={head}&per_page=100"))
            .await?;
        let bot = self.github.bot().await?;
        let is_own = |pull: &PullRequestFields| {
            let author = pull.user.as_ref().map(|user| user.login.as_str());
            pull.head.branch == branch && author == Some(bot)
        };
        let own = found.iter().position(is_own);
        Ok(own.map(|index| found.swap_remove(index)))
    }

    /// Returns whether anybody but the App committed to a pull request.
    async fn is_taken_over(&self, number: u64) -> Result<bool, GithubError> {
        Ok(self.last_person(number).await?.is_some())
    }

    /// Returns the author of the newest commit that is not the App's; `None` where all are.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn last_person(&self, number: u64) -> Result<Option<String>, GithubError> {
        let bot = self.github.bot().await?;
        let authors = self.commit_authors(number).await?;
        Ok(authors.into_iter().rev().find(|login| login != bot))
    }

    /// Returns the login of each commit's author; empty where GitHub knows none.
    async fn commit_authors(&self, number: u64) -> Result<Vec<String>, GithubError> {
        let path = format!("pulls/{number}/commits?per_page=100");
        let commits: Vec<Commit> = self.get(&path).await?;
        Ok(commits.into_iter().map(Commit::author).collect())
    }

    /// Creates a commit, and returns its id.
    async fn create_commit(
        &self,
        message: &str,
        tree: &str,
        parent: &str,
    ) -> Result<String, GithubError> {
        let body = json!({"message": message, "tree": tree, "parents": [parent]});
        let commit: GitObject = self.post("git/commits", body, true).await?;
        Ok(commit.sha)
    }

    /// Adds a commit with these files to a branch.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn append(
        &self,
        branch: &str,
        message: &str,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), GithubError> {
        let Some(tip) = self.branch_head(branch).await? else {
            return Err(GithubError::NotFound(branch.to_owned()));
        };
        let tree = self.write_tree(&tip, files).await?;
        let commit = self.create_commit(message, &tree, &tip).await?;
        let path = format!("git/refs/heads/{}", escaped(branch));
        let moved = self.patch(&path, json!({"sha": commit, "force": false}));
        moved.await.map(drop)
    }

    /// Resets the branch to a single commit with these files, and returns whether it changed.
    async fn commit(
        &self,
        proposed: &ProposedPullRequest<'_>,
        tip: Option<String>,
    ) -> Result<bool, GithubError> {
        let tree = self.write_tree(proposed.commit, proposed.files).await?;
        if let Some(tip) = &tip {
            let now: GitCommit = self.get(&format!("git/commits/{tip}")).await?;
            let same_parent =
                matches!(now.parents.as_slice(), [parent] if parent.sha == proposed.commit);
            if same_parent && now.tree.sha == tree {
                return Ok(false);
            }
        }
        let commit = self
            .create_commit(proposed.message, &tree, proposed.commit)
            .await?;
        match tip {
            Some(_) => {
                let path = format!("git/refs/heads/{}", escaped(proposed.branch));
                self.patch(&path, json!({"sha": commit, "force": true}))
                    .await?;
            }
            None => {
                let body = json!({"ref": format!("refs/heads/{}", proposed.branch), "sha": commit});
                let _: IgnoredAny = self.post("git/refs", body, false).await?;
            }
        }
        Ok(true)
    }

    /// Labels a new pull request, and requests reviews. That GitHub refuses one of these does not fail the pull
    /// request: an owner may have left, or a team may not see the repository.
    async fn label_and_request_reviews(
        &self,
        number: u64,
        proposed: &ProposedPullRequest<'_>,
    ) -> Result<(), GithubError> {
        if !proposed.labels.is_empty() {
            let path = format!("issues/{number}/labels");
            let labels = json!({"labels": proposed.labels});
            log_refusal(self.post(&path, labels, true).await)?;
        }
        let path = format!("pulls/{number}/requested_reviewers");
        let Reviewers { people, teams } = proposed.reviewers;
        for person in people {
            let body = json!({"reviewers": [person]});
            log_refusal(self.post(&path, body, true).await)?;
        }
        let caller = match self.caller {
            Caller::Installation(installation, id) => Caller::Teams(installation, id),
            caller => caller,
        };
        for team in teams {
            let body = json!({"team_reviewers": [team]});
            let path = self.path(&path);
            log_refusal(self.github.post(caller, &path, body, true).await)?;
        }
        Ok(())
    }

    async fn open(&self, proposed: &ProposedPullRequest<'_>) -> Result<u64, GithubError> {
        let body = |draft: bool| {
            json!({
                "title": proposed.title, "body": proposed.body, "head": proposed.branch, "base": proposed.base, "draft": draft,
            })
        };
        let opened: Result<CreatedIssue, _> = self.post("pulls", body(proposed.draft), false).await;
        let created = match opened {
            // Not every plan has drafts of private repositories.
            Err(GithubError::Invalid { message, .. })
                if proposed.draft && message.to_lowercase().contains("draft") =>
            {
                self.post("pulls", body(false), false).await?
            }
            opened => opened?,
        };
        self.label_and_request_reviews(created.number, proposed)
            .await?;
        Ok(created.number)
    }
}

/// Logs what GitHub refused, and continues.
fn log_refusal(asked: Result<Value, GithubError>) -> Result<(), GithubError> {
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

/// An open pull request as GitHub describes it.
#[derive(Deserialize)]
struct PullRequestFields {
    number: u64,
    title: String,
    body: Option<String>,
    head: Head,
    user: Option<Account>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    branch: String,
}
