//! Stores the outcome of each scan.

use super::old_rows::OldRows;
use super::stack_summaries::SummaryUpdate;
use super::subjects::ID_SCHEME;
use super::{Store, Tenant};
use crate::model::{RepositoryId, StackName, StackReport, StackSummary, mask_json};
use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use sqlx::AssertSqlSafe;

/// How many of the last scans of a stack are read to find those that left a report: others failed.
pub const MAX_REPORTS: u32 = 20;

/// A finished scan.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRecord {
    /// The scan's id: recording it again replaces it.
    pub id: String,
    /// The repository.
    pub repository: RepositoryId,
    /// The stack; empty for the whole repository.
    pub stack: String,
    /// The scanned commit.
    pub commit: String,
    /// The report with secrets as fingerprints, or `{"error": ...}`.
    pub outcome: Value,
    /// When the scan finished, in epoch milliseconds.
    pub finished_at: i64,
}

/// A row: id, commit, outcome, end.
pub(super) type Row = (String, String, String, i64);

/// Converts the rows of a stack's scans.
pub(super) fn records(
    repository: RepositoryId,
    stack: &str,
    rows: Vec<Row>,
) -> anyhow::Result<Vec<ScanRecord>> {
    let record = |(id, commit, outcome, finished_at): Row| {
        Ok(ScanRecord {
            id,
            repository,
            stack: stack.to_owned(),
            commit,
            outcome: serde_json::from_str(&outcome).context("while reading a scan's outcome")?,
            finished_at,
        })
    };
    rows.into_iter().map(record).collect()
}

impl Store {
    /// Deletes scans that finished before a moment and were followed by others.
    pub async fn delete_scans(&self, before: i64) -> anyhow::Result<u64> {
        let old = OldRows {
            table: "scans",
            key: "scan",
            condition: "finished_at < $1 and exists (
                 select 1 from scans as later
                 where later.installation = scans.installation and later.repository = scans.repository
                     and later.stack = scans.stack and later.finished_at > scans.finished_at)",
        };
        old.delete(&self.pool, before).await
    }
}

impl Tenant<'_> {
    /// Stores the outcome of a scan, and its summary for lists.
    pub async fn record_scan(&self, scan: &ScanRecord) -> anyhow::Result<()> {
        let mut outcome = scan.outcome.clone();
        mask_json(&mut outcome);
        let summary = match StackReport::deserialize(&outcome) {
            Ok(report) => StackSummary::of(&report),
            Err(_) => StackSummary::given_up(&outcome),
        };
        let transaction = self.pool.begin().await;
        let transaction = transaction.context("while starting a transaction")?;
        sqlx::query(
            "insert into scans (scan, installation, repository, stack, commit_id, outcome, finished_at, scheme)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (scan) do update set outcome = excluded.outcome, finished_at = excluded.finished_at
             where scans.installation = excluded.installation",
        )
        .bind(&scan.id)
        .bind(&self.id)
        .bind(scan.repository.to_string())
        .bind(&scan.stack)
        .bind(&scan.commit)
        .bind(outcome.to_string())
        .bind(scan.finished_at)
        .bind(ID_SCHEME)
        .execute(transaction.handle())
        .await
        .context("while recording a scan")?;
        let update = SummaryUpdate {
            installation: &self.id,
            repository: scan.repository,
            stack: &scan.stack,
            summary: &summary,
            scanned_at: scan.finished_at,
        };
        update.execute(transaction.handle()).await?;
        transaction.commit().await.context("while recording a scan")
    }

    /// Deletes all but the newest scans of a stack.
    pub async fn delete_scans_of(
        &self,
        repository: RepositoryId,
        stack: &str,
        kept: u32,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "delete from scans where installation = $1 and repository = $2 and stack = $3 and finished_at < (
                 select coalesce(min(newest.finished_at), 0) from (
                     select finished_at from scans where installation = $1 and repository = $2 and stack = $3
                     order by finished_at desc limit $4) as newest)",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack)
        .bind(i64::from(kept))
        .execute(self.pool)
        .await
        .context("while deleting a stack's old scans")?;
        Ok(())
    }

    /// Deletes a repository's scans, with their history and summaries.
    pub async fn empty_scans(&self, repository: RepositoryId) -> anyhow::Result<()> {
        for statement in [
            "delete from scans where installation = $1 and repository = $2",
            "delete from finding_history where installation = $1 and repository = $2",
            "delete from stack_history where installation = $1 and repository = $2",
            "delete from accepted_differences where installation = $1 and repository = $2",
            "update stacks set summary = '', urgency_rank = 0, scanned_at = 0, failing_since = 0
             where installation = $1 and repository = $2",
            "update repositories set problem = '', problem_since = 0 where installation = $1 and repository = $2",
            "update api_decisions set problem = '' where installation = $1 and repository = $2",
        ] {
            sqlx::query(statement)
                .bind(&self.id)
                .bind(repository.to_string())
                .execute(self.pool)
                .await
                .context("while deleting a repository's scans")?;
        }
        Ok(())
    }

    /// Returns the newest scans of a stack, the newest first.
    pub async fn last_scans(
        &self,
        repository: RepositoryId,
        stack: &str,
        most: u32,
    ) -> anyhow::Result<Vec<ScanRecord>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select scan, commit_id, outcome, finished_at from scans
             where installation = $1 and repository = $2 and stack = $3
             order by finished_at desc limit $4",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack)
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while reading the last scans")?;
        records(repository, stack, rows)
    }

    /// Returns the scan of a stack that finished at a moment, where the repository is reached.
    pub async fn scan_finished_at(
        &self,
        repository: RepositoryId,
        stack: &str,
        finished_at: i64,
    ) -> anyhow::Result<Option<ScanRecord>> {
        let statement = format!(
            "select scan, commit_id, outcome, finished_at from scans
             where installation = $1 and repository = $2 and stack = $3 and finished_at = $4 and {}
             order by scan limit 1",
            self.reached("$5")
        );
        let row: Option<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(stack)
            .bind(finished_at)
            .bind(&self.key)
            .fetch_optional(self.pool)
            .await
            .context("while reading a scan")?;
        Ok(records(repository, stack, row.into_iter().collect())?.pop())
    }

    /// Reads one of the scans of a stack, counted from the newest, which is 0, where the repository is reached.
    async fn nth_scan(
        &self,
        repository: RepositoryId,
        stack: &str,
        nth: u32,
    ) -> anyhow::Result<Option<Row>> {
        let statement = format!(
            "select scan, commit_id, outcome, finished_at from scans
             where installation = $1 and repository = $2 and stack = $3 and {}
             order by finished_at desc limit 1 offset $4",
            self.reached("$5")
        );
        sqlx::query_as(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(stack)
            .bind(i64::from(nth))
            .bind(&self.key)
            .fetch_optional(self.pool)
            .await
            .context("while reading a scan")
    }

    /// Returns the last reports of a stack, the newest first, which are read one by one: each may take megabytes. A scan
    /// that was given up has no report.
    pub fn reports<'a>(&'a self, repository: RepositoryId, stack: &'a StackName) -> Reports<'a> {
        Reports {
            tenant: self,
            repository,
            stack,
            read: 0,
        }
    }

    /// Returns the newest scan of a stack.
    pub async fn last_scan(
        &self,
        repository: RepositoryId,
        stack: &str,
    ) -> anyhow::Result<Option<ScanRecord>> {
        Ok(self.last_scans(repository, stack, 1).await?.pop())
    }
}

/// The last reports of a stack.
pub struct Reports<'a> {
    tenant: &'a Tenant<'a>,
    repository: RepositoryId,
    stack: &'a StackName,
    /// How many scans were read.
    read: u32,
}

impl Reports<'_> {
    /// Reads the next report, with its scan, whose outcome it was.
    pub async fn next(&mut self) -> anyhow::Result<Option<(StackReport, ScanRecord)>> {
        while self.read < MAX_REPORTS {
            let stack = self.stack.as_str();
            let scan = self.tenant.nth_scan(self.repository, stack, self.read);
            let Some((id, commit, outcome, finished_at)) = scan.await? else {
                break;
            };
            self.read += 1;
            let report = match StackReport::from_json(&outcome) {
                Ok(report) => report,
                Err(error) if error.is_data() => continue,
                Err(error) => return Err(error).context("while reading a scan's outcome"),
            };
            let scan = ScanRecord {
                id,
                repository: self.repository,
                stack: stack.to_owned(),
                commit,
                outcome: Value::Null,
                finished_at,
            };
            return Ok(Some((report, scan)));
        }
        Ok(None)
    }
}
