//! Records what GitHub refused of a redaction, and decides whether the rest goes on.

use crate::github::GithubError;
use crate::queue::job::JobError;

/// How many requests may fail before a try ends: GitHub is down then, and another try does the rest.
const MAX_FAILURES: usize = 10;

/// The progress of a try to redact everything.
#[derive(Default)]
pub(super) struct Progress {
    failures: Vec<GithubError>,
    /// The first refusal by GitHub.
    refused: Option<GithubError>,
}

impl Progress {
    /// Records the result of one step, and returns whether it succeeded. After a refusal the rest goes on; a rate limit
    /// ends the try, and so do many failures.
    pub(super) fn record(&mut self, done: Result<(), GithubError>) -> Result<bool, JobError> {
        let error = match done {
            Ok(()) => return Ok(true),
            Err(error) => error,
        };
        let ends = matches!(
            error,
            GithubError::Limited { .. } | GithubError::Suspended(_)
        );
        if is_refused(&error) {
            tracing::warn!(error = format!("{error:#}"), "a text could not be emptied");
            self.refused.get_or_insert(error);
        } else if ends || self.failures.len() + 1 >= MAX_FAILURES {
            return Err(error.into());
        } else {
            self.failures.push(error);
        }
        Ok(false)
    }

    /// Returns a retryable error where a step failed, else the first refusal.
    pub(super) fn end(self) -> Result<Option<GithubError>, JobError> {
        match self.failures.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(self.refused),
        }
    }
}

/// Returns whether GitHub answered and refused, for now or for good.
fn is_refused(error: &GithubError) -> bool {
    matches!(error, GithubError::NotFound(_) | GithubError::Gone { .. }) || error.is_refusal()
}
