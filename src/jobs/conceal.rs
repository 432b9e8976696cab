//! Redacts what a repository published of its drift, once it was made public.

use super::context::RepositoryContext;
use super::steps::redact::redact_published;
use crate::queue::job::JobError;

/// Redacts every text of ours, and closes what is open. Repeated, it goes on where it stopped, and in the end finds nothing
/// left to do. What GitHub refuses keeps nothing else, and is tried again; given up, that is told where people look.
pub(super) async fn run(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    let (store, id) = (&context.services.store, context.id);
    store.inherit_published(id, context.installation).await?;
    match redact_published(context).await? {
        Some(refused) => Err(JobError::Retry(
            anyhow::Error::from(refused).context("a text could not be emptied"),
        )),
        None => Ok(()),
    }
}
