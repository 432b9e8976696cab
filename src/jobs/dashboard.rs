//! Refreshes the dashboard without a scan.

use super::context::RepositoryContext;
use super::steps::dashboard;
use crate::queue::job::JobError;

/// Brings the dashboard to what is known.
pub(super) async fn run(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    dashboard::refresh(context).await
}
