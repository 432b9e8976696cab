//! The seam through which the API asks GitHub, as the App, whether a person may still write to a repository.

use crate::model::{InstallationId, RepositoryId};
use std::pin::Pin;
use std::time::Duration;

/// A person, and the repository that they may write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteCheck {
    /// The installation.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// The login of the person. It may be somebody else's by now.
    pub login: String,
    /// GitHub's id of the person.
    pub person: u64,
}

/// What GitHub says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAccess {
    /// The person may write.
    Granted,
    /// The person may not write.
    Denied,
    /// Nobody has this login, or somebody else does.
    NobodyThere,
    /// The App does not see the repository any more.
    RepositoryLost,
}

/// GitHub does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnknown {
    /// Why, for people.
    pub reason: String,
    /// After how long it may.
    pub retry_after: Duration,
}

/// An answer of GitHub's that is to come.
pub type AccessAnswer<'a> =
    Pin<Box<dyn Future<Output = Result<WriteAccess, AccessUnknown>> + Send + 'a>>;

/// Asks GitHub, now.
pub trait AccessChecker: Send + Sync + 'static {
    /// Asks whether a person may write.
    fn write_access(&self, asked: WriteCheck) -> AccessAnswer<'_>;
}
