//! GitHub's webhook payloads, reduced to the fields that DriftGuard acts on.
//!
//! Payloads are stored as JSON until their job is done: the form may grow, but what an earlier version wrote is read.

use super::{InstallationId, RepositoryId, RepositoryName};
use serde::{Deserialize, Serialize};

/// The payload of one webhook delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookPayload {
    /// The App installation that the delivery belongs to: the tenant.
    pub installation: InstallationId,
    /// The login of the account that installed the App; empty where the payload lacks it.
    pub account: String,
    /// The repository that the event happened in; `None` for events of the installation itself.
    pub repository: Option<RepositoryInfo>,
    /// The user or bot that triggered the event.
    #[serde(default)]
    pub sender: Sender,
    /// The event, with its action.
    pub event: WebhookEvent,
}

/// The user or bot that triggered an event. Enough to skip what bots do, and never proof of a permission.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sender {
    /// The login; empty where the payload lacks it.
    pub login: String,
    /// Whether the sender is a bot.
    pub bot: bool,
}

/// A repository as a payload describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryInfo {
    /// GitHub's id, which survives renames and transfers.
    pub id: RepositoryId,
    /// The name at the time of the event.
    pub name: RepositoryName,
    /// The default branch; `None` where the payload lacks it.
    pub default_branch: Option<String>,
    /// Whether the repository is private. One whose payload lacks the field counts as public: nothing is published then.
    pub private: bool,
}

/// An event that DriftGuard subscribes to, or that reaches every App.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEvent {
    /// A ref moved.
    Push {
        /// The full ref, such as `refs/heads/main`.
        reference: String,
        /// The commit that the ref points to now.
        commit: String,
        /// Whether the ref was deleted.
        deleted: bool,
    },
    /// A pull request changed.
    PullRequest {
        /// What happened to the pull request.
        action: PullRequestAction,
        /// The number of the pull request.
        number: u64,
        /// The head branch.
        branch: String,
        /// Whether the pull request was merged.
        merged: bool,
        /// The orders of the boxes that are ticked in the description.
        #[serde(default)]
        ticked: Vec<String>,
    },
    /// The App was installed, uninstalled, suspended or unsuspended.
    Installation {
        /// What happened to the installation.
        action: InstallationAction,
        /// The repositories that a new installation can access.
        repositories: Vec<RepositoryInfo>,
    },
    /// The installation gained or lost access to repositories.
    Repositories {
        /// The repositories that the installation gained access to.
        added: Vec<RepositoryInfo>,
        /// The repositories that the installation lost access to.
        removed: Vec<RepositoryInfo>,
    },
    /// A repository was renamed, transferred, archived, deleted, or changed its visibility.
    Repository {
        /// What happened to the repository.
        action: RepositoryAction,
    },
    /// A comment of an issue or pull request changed.
    Comment {
        /// What happened to the comment.
        action: CommentAction,
        /// The number of the issue or pull request.
        issue: u64,
        /// GitHub's id of the comment.
        comment: u64,
        /// Whether the comment may hold a command.
        #[serde(rename = "asks")]
        mentions_command: bool,
    },
    /// An issue changed.
    Issue {
        /// What happened to the issue.
        action: IssueAction,
        /// The number of the issue.
        number: u64,
        /// The orders of the boxes that are ticked in the issue.
        ticked: Vec<String>,
    },
    /// A check run or a check suite changed.
    Check {
        /// What happened to the check.
        action: CheckAction,
        /// The commit that the check belongs to.
        commit: String,
        /// The numbers of the pull requests whose head is that commit.
        pulls: Vec<u64>,
    },
}

/// An action of `pull_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestAction {
    /// The pull request was opened.
    Opened,
    /// The head branch moved.
    Synchronize,
    /// The closed pull request was opened again.
    Reopened,
    /// The draft was marked as ready for review.
    ReadyForReview,
    /// The title or the description was edited.
    Edited,
    /// The pull request was closed, merged or not.
    Closed,
    /// An action that DriftGuard ignores, such as `labeled`.
    #[serde(other)]
    Other,
}

/// An action of `installation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationAction {
    /// The App was installed.
    Created,
    /// The App was uninstalled.
    Deleted,
    /// The installation was suspended.
    Suspend,
    /// The suspension ended.
    Unsuspend,
    /// An action that DriftGuard ignores, such as `new_permissions_accepted`.
    #[serde(other)]
    Other,
}

/// An action of `repository`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryAction {
    /// The repository became public.
    Publicized,
    /// The repository became private.
    Privatized,
    /// The repository has a new owner.
    Transferred,
    /// The repository became read-only.
    Archived,
    /// The repository is writable again.
    Unarchived,
    /// The repository was deleted.
    Deleted,
    /// An action of which only the payload's description of the repository matters, such as `renamed`.
    #[serde(other)]
    Other,
}

/// An action of `issue_comment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentAction {
    /// The comment was written.
    Created,
    /// An action that DriftGuard ignores, such as `edited`.
    #[serde(other)]
    Other,
}

/// An action of `issues`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueAction {
    /// The title or the body was edited.
    Edited,
    /// An action that DriftGuard ignores, such as `opened`.
    #[serde(other)]
    Other,
}

/// An action of `check_run` and `check_suite`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckAction {
    /// A person asked to run the check again.
    Rerequested,
    /// An action that DriftGuard ignores, such as `completed`.
    #[serde(other)]
    Other,
}

impl WebhookEvent {
    /// Returns GitHub's name of the event; `check` for both `check_run` and `check_suite`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Push { .. } => "push",
            Self::PullRequest { .. } => "pull_request",
            Self::Installation { .. } => "installation",
            Self::Repositories { .. } => "installation_repositories",
            Self::Repository { .. } => "repository",
            Self::Comment { .. } => "issue_comment",
            Self::Issue { .. } => "issues",
            Self::Check { .. } => "check",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn payloads_that_an_earlier_version_stored_are_read() {
        let comment =
            r#"{"comment": {"action": "created", "issue": 3, "comment": 9, "asks": true}}"#;
        assert_eq!(
            serde_json::from_str::<WebhookEvent>(comment).unwrap(),
            WebhookEvent::Comment {
                action: CommentAction::Created,
                issue: 3,
                comment: 9,
                mentions_command: true,
            }
        );
        let pull = |action: &str| {
            let json = format!(
                r#"{{"pull_request": {{"action": "{action}", "number": 7, "branch": "b", "merged": false}}}}"#
            );
            match serde_json::from_str(&json).unwrap() {
                WebhookEvent::PullRequest { action, .. } => action,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(pull("ready_for_review"), PullRequestAction::ReadyForReview);
        assert_eq!(pull("labeled"), PullRequestAction::Other);
    }

    #[test]
    fn actions_keep_githubs_names() {
        let json = |action: InstallationAction| serde_json::to_string(&action).unwrap();
        assert_eq!(json(InstallationAction::Suspend), r#""suspend""#);
        assert_eq!(json(InstallationAction::Unsuspend), r#""unsuspend""#);
    }
}
