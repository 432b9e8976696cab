//! Records the report of a stack, with what it changes of the stack's history.

use crate::model::{HistoryUpdate, RepositoryId, ScanCourse, ScanTotals, StackReport};
use crate::pulls::history_update;
use crate::store::{ScanRecord, Tenant};
use anyhow::Context;

/// How many scans of a stack are kept.
const MAX_SCANS: u32 = 50;

/// Where the report of a stack is recorded.
pub(in crate::jobs) struct RecordedStack<'a> {
    pub tenant: &'a Tenant<'a>,
    /// The repository; `RepositoryId::NONE` for a workspace of the API.
    pub repository: RepositoryId,
    /// The scanned commit; empty where there is none.
    pub commit: &'a str,
    /// How the scan went.
    pub course: &'a ScanCourse,
}

impl RecordedStack<'_> {
    /// Records a report, and deletes the oldest ones.
    pub(in crate::jobs) async fn record(
        &self,
        report: &StackReport,
        finished_at: i64,
    ) -> anyhow::Result<()> {
        let (tenant, id, commit) = (self.tenant, self.repository, self.commit);
        let stack = report.name.as_str();
        let record = ScanRecord {
            id: format!("{id}/{stack}/{commit}@{finished_at}"),
            repository: id,
            stack: stack.to_owned(),
            commit: commit.to_owned(),
            outcome: serde_json::to_value(report).context("while writing a scan's outcome")?,
            finished_at,
        };
        let (mut totals, update) = match &report.outcome {
            Ok(scanned) => {
                let before = tenant.open_occurrences(id, &report.name).await?;
                let update = history_update(&before, scanned, finished_at);
                (ScanTotals::of(scanned, commit, finished_at), update)
            }
            Err(error) => {
                let failed = ScanTotals::failed(&error.message, commit, finished_at);
                (failed, HistoryUpdate::default())
            }
        };
        totals.course = self.course.clone();
        tenant
            .record_completed_scan(&record, &totals, &update)
            .await?;
        tenant.delete_scans_of(id, stack, MAX_SCANS).await
    }
}
