//! Stores which scans are requested: one row per stack, so that many pushes become one scan of the newest commit.
//!
//! The row counts requests and answered requests; a scan waits while the two differ. The row stays when nothing waits,
//! so that a push that is processed late does not bring an older commit back. Which of two requests is older is known
//! only by their processes' clocks, so none is dropped for its age: where they arrive in another order, the scan is of
//! the branch as it is then.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;

/// A request for a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRequest<'a> {
    /// The repository.
    pub repository: RepositoryId,
    /// The stack; `None` for the whole repository.
    pub stack: Option<&'a str>,
    /// The commit; `None` for the head of the default branch.
    pub commit: Option<&'a str>,
    /// When the scan was requested, in epoch milliseconds by the clock of the process that received the request: the
    /// newest commit wins.
    pub asked_at: i64,
}

/// A scan that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingScan {
    /// The newest requested commit; `None` for the head of the default branch.
    pub commit: Option<String>,
    /// The count of requests, for `answer_scan`.
    asked: i64,
}

impl Tenant<'_> {
    /// Requests a scan. One that waits already takes the newer commit. The same request again changes nothing.
    pub async fn request_scan(&self, request: &ScanRequest<'_>) -> anyhow::Result<()> {
        sqlx::query(
            "insert into waiting_scans (installation, repository, stack, commit_id, asked_at, asked, answered)
             values ($1, $2, $3, $4, $5, 1, 0)
             on conflict (installation, repository, stack) do update set
                 commit_id = case
                     when excluded.asked_at < waiting_scans.asked_at then ''
                     when excluded.commit_id <> '' then excluded.commit_id
                     when waiting_scans.asked > waiting_scans.answered then waiting_scans.commit_id
                     else '' end,
                 asked_at = case when excluded.asked_at > waiting_scans.asked_at
                     then excluded.asked_at else waiting_scans.asked_at end,
                 asked = waiting_scans.asked + 1
             where excluded.asked_at <> waiting_scans.asked_at or excluded.commit_id <> waiting_scans.commit_id",
        )
        .bind(&self.id)
        .bind(request.repository.to_string())
        .bind(request.stack.unwrap_or_default())
        .bind(request.commit.unwrap_or_default())
        .bind(request.asked_at)
        .execute(self.pool)
        .await
        .context("while asking for a scan")?;
        Ok(())
    }

    /// Returns the waiting scan, if there is one.
    pub async fn waiting_scan(
        &self,
        repository: RepositoryId,
        stack: Option<&str>,
    ) -> anyhow::Result<Option<WaitingScan>> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "select commit_id, asked from waiting_scans
             where installation = $1 and repository = $2 and stack = $3 and asked > answered",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.unwrap_or_default())
        .fetch_optional(self.pool)
        .await
        .context("while looking for a waiting scan")?;
        Ok(row.map(|(commit, asked)| WaitingScan {
            commit: (!commit.is_empty()).then_some(commit),
            asked,
        }))
    }

    /// Records a finished scan. Later requests still wait.
    pub async fn answer_scan(
        &self,
        repository: RepositoryId,
        stack: Option<&str>,
        waiting: &WaitingScan,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update waiting_scans set answered = $4
             where installation = $1 and repository = $2 and stack = $3 and answered < $4",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.unwrap_or_default())
        .bind(waiting.asked)
        .execute(self.pool)
        .await
        .context("while recording that a scan was made")?;
        Ok(())
    }
}
