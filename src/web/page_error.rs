//! Why a page is not shown.

use crate::github::UserAccessError;
use axum::extract::rejection::PathRejection;

/// Why a page is not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// There is no such thing, or the person may not look at it: nobody is told which.
    #[error("there is no such page for this person")]
    NotFound,
    /// Nobody is signed in any more.
    #[error("the session is over")]
    SignedOut,
    /// GitHub does not tell what the person sees, for this reason.
    #[error("GitHub did not answer: {0}")]
    GithubAway(String),
    /// The server failed.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<UserAccessError> for PageError {
    fn from(error: UserAccessError) -> Self {
        match error {
            UserAccessError::Ended | UserAccessError::Refused(_) | UserAccessError::NoCode => {
                Self::SignedOut
            }
            UserAccessError::NotFound => Self::NotFound,
            UserAccessError::Unavailable(problem) | UserAccessError::Forbidden(problem) => {
                Self::GithubAway(problem)
            }
        }
    }
}

impl From<PathRejection> for PageError {
    /// An address whose parts cannot be read names nothing.
    fn from(_: PathRejection) -> Self {
        Self::NotFound
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}
