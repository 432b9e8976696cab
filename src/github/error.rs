//! What a request can fail with, as far as a caller goes another way for it.

/// Why GitHub did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// It is not there, or the installation may not see it: GitHub does not tell these apart.
    #[error("GitHub has no {0}, or the App may not see it: check that it is installed there")]
    NotFound(String),
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
    /// Too many requests, for longer than it is worth waiting.
    #[error("GitHub asks to wait {seconds} s before {what}")]
    Limited {
        /// The request.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// No answer, or none that could be read.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl GithubError {
    /// Whether GitHub understood, and will not: another try has the same end.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Invalid { .. } | Self::Forbidden { .. })
    }
}
