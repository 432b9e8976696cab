//! What a worker does in the stories that are about scans alone: tasks and GitHub come to nothing.

use driftguard::queue::RunContext;
use driftguard::queue::job::{JobError, JobHandler, ScanJob, TaskJob};

/// What a story's scans do.
pub trait Scan: Send + Sync + 'static {
    fn scan(
        &self,
        order: ScanJob,
        run: &RunContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Sees a task that comes to nothing.
    fn see(&self, _: TaskJob) {}
}

/// A process that does nothing else.
pub struct ScansOnly<S>(pub S);

impl<S: Scan> JobHandler for ScansOnly<S> {
    async fn scan(&self, order: ScanJob, run: &RunContext) -> Result<(), JobError> {
        self.0.scan(order, run).await
    }

    async fn run(&self, order: TaskJob, _: &RunContext) -> Result<(), JobError> {
        self.0.see(order);
        Ok(())
    }

    async fn acknowledge(&self, _: &TaskJob) -> anyhow::Result<()> {
        Ok(())
    }

    async fn redeliver(&self) -> anyhow::Result<bool> {
        Ok(true)
    }
}
