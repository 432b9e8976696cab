//! What GitHub tells, reduced to what is acted on.

use super::{InstallationId, RepositoryId, RepositoryName};
use serde::{Deserialize, Serialize};

/// One delivery's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The tenant it is about.
    pub installation: InstallationId,
    /// The login of the account that the App is installed on; empty where the delivery does not tell.
    pub account: String,
    /// The repository it is about, where it is about one.
    pub repository: Option<Origin>,
    /// Who did it.
    #[serde(default)]
    pub sender: Sender,
    /// What happened.
    pub event: Event,
}

/// Who did something, as a delivery tells: enough to pass over what programs do, and never a permission.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sender {
    /// The login; empty where the delivery does not tell.
    pub login: String,
    /// Whether it is a program.
    pub bot: bool,
}

/// A repository as a delivery describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its number.
    pub id: RepositoryId,
    /// Its name at that moment.
    pub name: RepositoryName,
    /// None where the delivery does not tell.
    pub default_branch: Option<String>,
    /// Whether only members see it. What a delivery does not tell counts as public: nothing is published then.
    pub private: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A ref moved.
    Push {
        /// The whole ref, such as `refs/heads/main`.
        reference: String,
        /// Where it points now.
        commit: String,
        /// Whether the ref is gone.
        deleted: bool,
    },
    /// Something happened to a pull request.
    PullRequest {
        /// Such as `closed`.
        action: String,
        /// Its number.
        number: u64,
        /// Its branch.
        branch: String,
        /// Whether it went in.
        merged: bool,
        /// The orders of the boxes that are ticked in its description.
        #[serde(default)]
        ticked: Vec<String>,
    },
    /// The App was installed, removed, suspended, unsuspended.
    Installation {
        /// Such as `deleted`.
        action: String,
        /// What it may see from the start.
        repositories: Vec<Origin>,
    },
    /// Repositories were added to the installation, or taken from it.
    Repositories {
        /// Those added.
        added: Vec<Origin>,
        /// Those taken away.
        removed: Vec<Origin>,
    },
    /// A repository was renamed, transferred, archived, deleted, made public or private.
    Repository {
        /// Such as `renamed`.
        action: String,
    },
    /// Something happened to a comment of an issue or pull request.
    Comment {
        /// Such as `created`.
        action: String,
        /// The number of the issue or pull request.
        issue: u64,
        /// GitHub's number for the comment.
        comment: u64,
        /// Whether it may hold a command.
        asks: bool,
    },
    /// Something happened to an issue.
    Issue {
        /// Such as `edited`.
        action: String,
        /// Its number.
        number: u64,
        /// The orders of the boxes that are ticked in it.
        ticked: Vec<String>,
    },
    /// Something happened to a check run, or to a suite of them.
    Check {
        /// Such as `rerequested`.
        action: String,
        /// The commit it stands on.
        commit: String,
        /// The numbers of the pull requests that the commit is the head of.
        pulls: Vec<u64>,
    },
}

impl Event {
    /// Its name: GitHub's, or the part that its names have in common.
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
