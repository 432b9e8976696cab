//! What a request can fail with, as far as a caller goes another way for it.

use std::time::Duration;

/// Why GitHub did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// It is not there, or the installation may not see it: GitHub does not tell these apart.
    #[error("GitHub has no {0}, or the App may not see it: check that it is installed there")]
    NotFound(String),
    /// It was there, and is turned off or deleted for good: issues of a repository, a comment.
    #[error("GitHub no longer has {what}: {message}")]
    Gone {
        /// The request.
        what: String,
        /// What GitHub said.
        message: String,
    },
    /// The account suspended the installation: nothing may be asked until it takes that back, which GitHub delivers.
    #[error("the installation is suspended: GitHub refused {0}")]
    Suspended(String),
    /// The App may not.
    #[error("GitHub refused {what}: {message}: check the App's permissions")]
    Forbidden {
        /// The request.
        what: String,
        /// What GitHub said.
        message: String,
    },
    /// The request was understood and refused.
    #[error("GitHub refused {what}: {message}")]
    Invalid {
        /// The request.
        what: String,
        /// What GitHub said.
        message: String,
    },
    /// The repository takes no code scanning results, or the installation has not let the App upload them.
    #[error(
        "code scanning takes no results: {0}: enable it for the repository and accept the App's permission to write security events, or set `code_scanning: false` in .driftguard.yml"
    )]
    NoCodeScanning(String),
    /// GitHub allows no such request for now, for longer than it is worth waiting.
    #[error("GitHub allows no {what} for another {} s", pause.as_secs())]
    Limited {
        /// The request.
        what: String,
        /// When to come again.
        pause: Duration,
    },
    /// GitHub does not answer, or only that it is broken.
    #[error("GitHub did not answer {what}: {problem}: see https://www.githubstatus.com")]
    Unavailable {
        /// The request.
        what: String,
        /// What happened instead.
        problem: String,
        /// Whether it answers nobody, as far as is known.
        away: bool,
    },
    /// It answered, and with something that cannot be read: a damaged archive, or more than a scan takes.
    #[error("GitHub's answer to {what} cannot be read: {problem}")]
    Broken {
        /// The request.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It was never sent: the job that wanted it no longer holds the repository.
    #[error("{0} was not sent: the job no longer holds the repository")]
    NotHeld(String),
    /// A repository is larger than a scan takes. The text names the limit, and what to do.
    #[error("{0}")]
    TooLarge(String),
    /// Other repositories take all the memory that there is for their files.
    #[error("all memory for the files of repositories is taken")]
    NoMemory,
    /// Anything else, such as an answer that cannot be read.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl GithubError {
    /// Whether what was asked about is not there, as far as the App may see.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NotFound(_) | Self::Gone { .. })
    }

    /// Whether GitHub understood, and will not: another try has the same end.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Invalid { .. } | Self::Forbidden { .. })
    }
}
