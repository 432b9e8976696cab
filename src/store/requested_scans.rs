//! Stores the scans that were requested through the API.

use super::limit_locks::lock_limits;
use super::old_rows::OldRows;
use super::{Store, Tenant};
use crate::model::{RepositoryId, StackName, WorkspaceId};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::time::Duration;

/// How far a requested scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanStatus {
    /// It waits for its turn.
    Queued,
    /// It runs.
    Running,
    /// It left a report.
    Done,
    /// It left none.
    Failed,
}

impl ScanStatus {
    /// Returns the name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// A scan that was requested through the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedScan {
    /// The id.
    pub id: String,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// How far it is.
    pub status: ScanStatus,
    /// Why it failed; empty where it did not.
    pub problem: String,
    /// When it was requested, in epoch milliseconds.
    pub requested_at: i64,
    /// When the recorded scan finished, or it failed without one, in epoch milliseconds; `None` until then, and for those
    /// that failed in an earlier version.
    pub finished_at: Option<i64>,
    /// Whether its process renews it no more, though it neither is done nor failed.
    pub is_abandoned: bool,
}

type Row = (String, String, String, String, String, i64, i64, i64);

impl Store {
    /// Deletes what was requested before a moment.
    pub async fn delete_requested_scans(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "requested_scans",
            key: "scan",
            condition: "requested_at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Stores a request of a moment, by the clock that scans begin by, unless another scan of the workspace runs. Returns
    /// whether it was stored. It must be renewed within `alive`; `None` for one that a job of the queue runs.
    pub async fn add_requested_scan(
        &self,
        id: &str,
        workspace: &WorkspaceId,
        (requested_at, alive): (i64, Option<Duration>),
    ) -> anyhow::Result<bool> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        if alive.is_some() {
            lock_limits(&begun, &self.id).await?;
        }
        let (now, alive) = (self.clock, alive.map(super::milliseconds));
        let statement = format!(
            "insert into requested_scans
                 (scan, installation, repository, stack, status, problem, requested_at, finished_at, alive_until)
             select $1, $2, $3, $4, 'queued', '', $6, 0, case when $5 = 0 then 0 else {now} + $5 end
             where $5 = 0 or not exists (
                 select 1 from requested_scans where installation = $2 and repository = $3 and stack = $4
                     and status in ('queued', 'running') and alive_until > {now})"
        );
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(id)
            .bind(&self.id)
            .bind(workspace.repository.to_string())
            .bind(workspace.stack.as_str())
            .bind(alive.unwrap_or_default())
            .bind(requested_at)
            .execute(begun.handle())
            .await
            .context("while saving the request of a scan")?;
        let committed = begun.commit().await;
        committed.context("while saving the request of a scan")?;
        Ok(done.rows_affected() == 1)
    }

    /// Renews a scan that runs.
    pub async fn renew_requested_scan(&self, id: &str, alive: Duration) -> anyhow::Result<()> {
        let statement = format!(
            "update requested_scans set status = 'running', alive_until = {} + $3
             where installation = $1 and scan = $2 and status in ('queued', 'running')",
            self.clock
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(id)
            .bind(super::milliseconds(alive))
            .execute(self.pool)
            .await
            .context("while renewing a requested scan")?;
        Ok(())
    }

    /// Records how a requested scan ended: with the recorded scan that finished at a moment, or why there is none, at the
    /// time of the database.
    pub async fn end_requested_scan(&self, id: &str, end: Result<i64, &str>) -> anyhow::Result<()> {
        let (status, problem, finished_at) = match end {
            Ok(finished_at) => (ScanStatus::Done, "", finished_at),
            Err(problem) => (ScanStatus::Failed, problem, 0),
        };
        let statement = format!(
            "update requested_scans set status = $3, problem = $4,
                 finished_at = case when $5 = 0 then {} else $5 end
             where installation = $1 and scan = $2 and status in ('queued', 'running')",
            self.clock
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(id)
            .bind(status.as_str())
            .bind(super::storable(problem))
            .bind(finished_at)
            .execute(self.pool)
            .await
            .context("while recording the end of a requested scan")?;
        Ok(())
    }

    /// Returns a requested scan, where its repository is reached.
    pub async fn requested_scan(&self, id: &str) -> anyhow::Result<Option<RequestedScan>> {
        let statement = format!(
            "select scan, repository, stack, status, problem, requested_at, finished_at,
                 case when alive_until > 0 and alive_until <= {} then 1 else 0 end
             from requested_scans where installation = $1 and scan = $2 and {}",
            self.clock,
            self.reached("$3")
        );
        let row: Option<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(id)
            .bind(&self.key)
            .fetch_optional(self.pool)
            .await
            .context("while reading a requested scan")?;
        Ok(row.and_then(requested))
    }
}

fn requested(row: Row) -> Option<RequestedScan> {
    let (id, repository, stack, status, problem, requested_at, finished_at, is_late) = row;
    let status = ScanStatus::named(&status)?;
    let is_open = matches!(status, ScanStatus::Queued | ScanStatus::Running);
    Some(RequestedScan {
        id,
        workspace: WorkspaceId {
            repository: RepositoryId(repository.parse().ok()?),
            stack: StackName::new(&stack)?,
        },
        status,
        problem,
        requested_at,
        finished_at: (finished_at > 0).then_some(finished_at),
        is_abandoned: is_open && is_late != 0,
    })
}
