//! Runs work in a task of its own.

use anyhow::Context;
use tokio::task::JoinSet;

/// Work in a task of its own: a panic ends only this work, and dropping it ends the work.
pub(super) struct OwnTask<T>(JoinSet<T>);

impl<T: Send + 'static> OwnTask<T> {
    /// Starts the work.
    pub(super) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        let mut task = JoinSet::new();
        task.spawn(work);
        Self(task)
    }

    /// Waits for the end of the work.
    ///
    /// # Errors
    /// The work panicked.
    pub(super) async fn end(&mut self) -> anyhow::Result<T> {
        let ended = self.0.join_next().await;
        Ok(ended.context("the work has ended before")??)
    }
}
