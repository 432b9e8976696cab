//! The errors of requests, as far as callers distinguish them.

use std::time::Duration;

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// The resource does not exist, or the installation may not see it: GitHub does not distinguish these.
    #[error("GitHub has no {0}, or the App may not see it: check that it is installed there")]
    NotFound(String),
    /// The resource was turned off or deleted for good, such as the issues of a repository, or a comment.
    #[error("GitHub no longer has {what}: {message}")]
    Gone {
        /// The request.
        what: String,
        /// GitHub's message.
        message: String,
    },
    /// The account suspended the installation: no request succeeds until it is unsuspended, which is delivered as an
    /// event.
    #[error("the installation is suspended: GitHub refused {0}")]
    Suspended(String),
    /// The App lacks a permission.
    #[error("GitHub refused {what}: {message}: check the App's permissions")]
    Forbidden {
        /// The request.
        what: String,
        /// GitHub's message.
        message: String,
    },
    /// GitHub rejected the request.
    #[error("GitHub refused {what}: {message}")]
    Invalid {
        /// The request.
        what: String,
        /// GitHub's message.
        message: String,
    },
    /// The repository has no code scanning, or the installation does not allow uploads.
    #[error(
        "code scanning takes no results: {0}: enable it for the repository and accept the App's permission to write security events, or set `code_scanning: false` in .driftguard.yml"
    )]
    NoCodeScanning(String),
    /// A rate limit allows no such request, for longer than a job should wait.
    #[error("GitHub allows no {what} for another {} s", pause.as_secs())]
    Limited {
        /// The request.
        what: String,
        /// When to retry.
        pause: Duration,
    },
    /// GitHub did not respond, or responded with a server error.
    #[error("GitHub did not answer {what}: {problem}: see https://www.githubstatus.com")]
    Unavailable {
        /// The request.
        what: String,
        /// What happened instead.
        problem: String,
        /// Whether GitHub counts as down.
        away: bool,
    },
    /// The response cannot be read: a damaged archive, or more than a scan accepts.
    #[error("GitHub's answer to {what} cannot be read: {problem}")]
    Broken {
        /// The request.
        what: String,
        /// What is wrong with the response.
        problem: String,
    },
    /// The request was not sent: the job no longer holds the repository's lease.
    #[error("{0} was not sent: the job no longer holds the repository")]
    NotHeld(String),
    /// The repository is larger than a scan accepts. The text names the limit, and the remedy.
    #[error("{0}")]
    TooLarge(String),
    /// Other repositories take all the memory for files.
    #[error("all memory for the files of repositories is taken")]
    NoMemory,
    /// Any other error.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl GithubError {
    /// Returns whether the resource does not exist, as far as the App may see.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NotFound(_) | Self::Gone { .. })
    }

    /// Returns whether GitHub rejected the request, so that a retry would fail as well.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Invalid { .. } | Self::Forbidden { .. })
    }
}
