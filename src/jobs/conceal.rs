//! Redacts what DriftGuard published about drift in a repository that was made public.

use super::context::RepositoryContext;
use super::steps::redact::{Redaction, redact_published};
use crate::queue::job::JobError;
use anyhow::anyhow;
use std::time::Duration;

/// The pause before the next commits are searched.
const NEXT_TRY: Duration = Duration::from_secs(1);

/// Redacts all texts of DriftGuard, and closes its open issues and pull requests. A repeated run continues where the
/// last one stopped. If GitHub refuses a change, the rest is still redacted and the job is retried; once it is given
/// up, a check reports it.
pub(super) async fn run(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    let (store, id) = (&context.services.store, context.id);
    store.inherit_published(id, context.installation).await?;
    match redact_published(context).await? {
        Redaction::Complete => Ok(()),
        Redaction::Refused(refused) => Err(JobError::Retry(
            anyhow::Error::from(refused).context("a text could not be emptied"),
        )),
        Redaction::Unfinished => Err(JobError::Later(
            anyhow!("more commits are searched for check runs"),
            NEXT_TRY,
        )),
    }
}
