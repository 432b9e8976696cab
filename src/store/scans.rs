//! What each scan said.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;
use serde_json::Value;

/// A scan that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRecord {
    /// Names the scan: recording it again replaces it.
    pub id: String,
    /// The repository.
    pub repository: RepositoryId,
    /// The stack; empty for all of the repository.
    pub stack: String,
    /// The commit that was scanned.
    pub commit: String,
    /// What it said, secrets as fingerprints, or `{"error": ...}`.
    pub outcome: Value,
    /// When it ended, in epoch milliseconds.
    pub finished_at: i64,
}

impl Tenant<'_> {
    /// Keeps what a scan said.
    pub async fn record_scan(&self, scan: &ScanRecord) -> anyhow::Result<()> {
        sqlx::query(
            "insert into scans (scan, installation, repository, stack, commit_id, outcome, finished_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (scan) do update set outcome = excluded.outcome, finished_at = excluded.finished_at
             where scans.installation = excluded.installation",
        )
        .bind(&scan.id)
        .bind(&self.id)
        .bind(scan.repository.to_string())
        .bind(&scan.stack)
        .bind(&scan.commit)
        .bind(scan.outcome.to_string())
        .bind(scan.finished_at)
        .execute(self.pool)
        .await
        .context("while recording a scan")?;
        Ok(())
    }

    /// The newest scan of a stack.
    pub async fn last_scan(
        &self,
        repository: RepositoryId,
        stack: &str,
    ) -> anyhow::Result<Option<ScanRecord>> {
        let row: Option<(String, String, String, i64)> = sqlx::query_as(
            "select scan, commit_id, outcome, finished_at from scans
             where installation = $1 and repository = $2 and stack = $3
             order by finished_at desc limit 1",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack)
        .fetch_optional(self.pool)
        .await
        .context("while reading the last scan")?;
        let Some((id, commit, outcome, finished_at)) = row else {
            return Ok(None);
        };
        let outcome = serde_json::from_str(&outcome).context("while reading a scan's outcome")?;
        let stack = stack.to_owned();
        Ok(Some(ScanRecord {
            id,
            repository,
            stack,
            commit,
            outcome,
            finished_at,
        }))
    }
}
