//! Enqueues tasks that follow from a job.

use crate::github::GithubError;
use crate::jobs::context::RepositoryContext;
use crate::queue::job::{Job, QueuedJob, RepositoryTask};
use std::time::Duration;

/// Enqueues a task for the repository; a key that was enqueued before is left alone. The queue's rows are beyond the
/// reach of what guards the tables.
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
