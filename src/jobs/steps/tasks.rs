//! Enqueues tasks that follow from a job.

use crate::github::GithubError;
use crate::jobs::context::RepositoryContext;
use crate::queue::job::{Job, QueuedJob, RepositoryTask};
use std::time::Duration;

/// Enqueues a task for the repository; one with a known key is not enqueued again. The lease does not guard the queue's
/// rows.
pub(in crate::jobs) async fn enqueue(
    context: &RepositoryContext<'_>,
    task: RepositoryTask,
    key: String,
) -> anyhow::Result<()> {
    if !context.run.may_write().await {
        return Err(GithubError::NotHeld(key).into());
    }
    let job = Job::Task {
        installation: context.installation,
        repository: context.id,
        task,
    };
    let queue = &context.services.queue;
    queue
        .push(&QueuedJob::new(job, key), Duration::ZERO)
        .await?;
    Ok(())
}
