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
    /// What happened.
    pub event: Event,
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
        /// Whether a program did it.
        by_bot: bool,
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
    /// A repository was renamed, transferred, deleted, made public or private.
    Repository {
        /// Such as `renamed`.
        action: String,
    },
    /// An issue, comment, check run or check suite.
    Other {
        /// GitHub's name for the event.
        name: String,
        /// Such as `created`.
        action: String,
    },
}
