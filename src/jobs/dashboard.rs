//! Refreshes the dashboard without a scan.

use super::context::RepositoryContext;
use super::steps::dashboard;
use crate::queue::job::JobError;

/// Updates the dashboard from what is stored.
pub(super) async fn run(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    dashboard::refresh(context).await
}
