//! What a worker does in the stories that are about scans alone: errands and GitHub come to nothing.

use driftguard::queue::RunContext;
use driftguard::queue::job::{ErrandOrder, JobError, Process, ScanOrder};

/// What a story's scans do.
pub trait Scan: Send + Sync + 'static {
    fn scan(
        &self,
        order: ScanOrder,
        run: &RunContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Sees an errand that comes to nothing.
    fn see(&self, _: ErrandOrder) {}
}

/// A process that does nothing else.
pub struct ScansOnly<S>(pub S);

impl<S: Scan> Process for ScansOnly<S> {
    async fn scan(&self, order: ScanOrder, run: &RunContext) -> Result<(), JobError> {
        self.0.scan(order, run).await
    }

    async fn run(&self, order: ErrandOrder, _: &RunContext) -> Result<(), JobError> {
        self.0.see(order);
        Ok(())
    }

    async fn acknowledge(&self, _: &ErrandOrder) -> anyhow::Result<()> {
        Ok(())
    }

    async fn redeliver(&self) -> anyhow::Result<()> {
        Ok(())
    }
}
