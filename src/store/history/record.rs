//! Writes what a completed scan changes of a stack's history.

use super::of_stack;
use crate::model::{
    AccountId, Ending, FindingId, HistoryUpdate, Occurrence, Region, RepositoryId, ScanTotals,
    Severity, masked,
};
use crate::store::{ScanRecord, Tenant, storable};
use anyhow::Context;
use serde::Serialize;
use sqlx::AssertSqlSafe;

/// The most rows that one statement writes: each is some parameters of the thousands that a statement takes.
const ROWS: usize = 100;

/// The most scans and the most ended findings of a stack that are kept: a value that changes with each scan is another
/// finding each time.
const MAX_ROWS: i64 = 10_000;

/// A stack: its repository, and its name.
type Key<'a> = (RepositoryId, &'a str);

impl Tenant<'_> {
    /// Stores a completed scan with its numbers, or a failed one with its problem, and what it changes of the stack's history, all or nothing.
    pub async fn record_completed_scan(
        &self,
        scan: &ScanRecord,
        totals: &ScanTotals,
        update: &HistoryUpdate,
    ) -> anyhow::Result<()> {
        let writing = "while recording a scan";
        let transaction = self.pool.begin().await.context(writing)?;
        let within = Tenant {
            pool: transaction.handle(),
            clock: self.clock,
            id: self.id.clone(),
            key: self.key.clone(),
        };
        let key = (scan.repository, scan.stack.as_str());
        within.record_scan(scan).await?;
        within.record_totals(key, totals).await?;
        within.start_occurrences(key, &update.started).await?;
        within
            .continue_occurrences(key, update, totals.finished_at)
            .await?;
        if let Some(accepted) = &update.accepted {
            let saving = within.save_accepted(scan.repository, &scan.stack, accepted);
            saving.await?;
        }
        within.limit_history(key).await?;
        transaction.commit().await.context(writing)
    }

    async fn record_totals(&self, key: Key<'_>, totals: &ScanTotals) -> anyhow::Result<()> {
        let statement = "insert into stack_history (installation, repository, stack, finished_at, commit_id, critical, high, medium, low,
                 info, set_aside, summary, begun_at, requested_by, aws_calls, unchecked, problem)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             on conflict (installation, repository, stack, finished_at) do nothing";
        let mut query = of_stack(self, statement, key.0, key.1);
        query = query.bind(totals.finished_at).bind(&totals.commit);
        for count in totals.findings {
            query = query.bind(number(count));
        }
        let summary = serde_json::to_string(&totals.summary).context("while writing a summary")?;
        let course = &totals.course;
        let unchecked = serde_json::to_string(&totals.unchecked);
        let query = query
            .bind(number(totals.set_aside))
            .bind(summary)
            .bind(course.begun_at)
            .bind(&course.requested_by)
            .bind(course.aws_calls.map_or(-1, number))
            .bind(storable(
                &unchecked.context("while writing what was not checked")?,
            ))
            .bind(storable(&masked(&totals.problem)));
        let done = query.execute(self.pool).await;
        done.context("while recording a scan's numbers")?;
        Ok(())
    }

    async fn start_occurrences(&self, key: Key<'_>, started: &[Occurrence]) -> anyhow::Result<()> {
        for some in started.chunks(ROWS) {
            let rows: Vec<_> = (0..some.len()).map(row_of_start).collect();
            let statement = format!(
                "insert into finding_history (installation, repository, stack, finding, first_seen, last_seen, scans, ending,
                     ended_at, address, resource_type, parent_type, account, region, kind, severity, import_id)
                 values {} on conflict (installation, repository, stack, finding, first_seen) do nothing",
                rows.join(", ")
            );
            let mut query = of_stack(self, AssertSqlSafe(statement), key.0, key.1);
            for new in some {
                query = query
                    .bind(&new.finding.0)
                    .bind(new.first_seen)
                    .bind(storable(&new.address))
                    .bind(&new.tf_type)
                    .bind(new.parent_type.as_deref().unwrap_or_default())
                    .bind(new.account.as_ref().map_or("", AccountId::as_str))
                    .bind(new.region.as_ref().map_or("", Region::as_str))
                    .bind(name(&new.kind)?)
                    .bind(new.severity.as_str())
                    .bind(storable(&new.import_id));
            }
            let done = query.execute(self.pool).await;
            done.context("while recording new findings")?;
        }
        Ok(())
    }

    async fn continue_occurrences(
        &self,
        key: Key<'_>,
        update: &HistoryUpdate,
        at: i64,
    ) -> anyhow::Result<()> {
        let ids: Vec<_> = update.again.iter().collect();
        let seen = "last_seen = $4, scans = scans + 1, ending = $5";
        self.update_open(key, seen, (at, ""), &ids).await?;
        for severity in Severity::ALL {
            let ids = with(&update.severities, severity);
            let changed = "last_seen = $4, severity = $5";
            let values = (at, severity.as_str());
            self.update_open(key, changed, values, &ids).await?;
        }
        for ending in Ending::ALL {
            let ids = with(&update.ended, ending);
            let ended = "ended_at = $4, ending = $5";
            let values = (at, ending.as_str());
            self.update_open(key, ended, values, &ids).await?;
        }
        Ok(())
    }

    /// Updates findings that are still reported. The assignments take a time as $4 and a text as $5.
    async fn update_open(
        &self,
        key: Key<'_>,
        assignments: &'static str,
        (at, text): (i64, &str),
        findings: &[&FindingId],
    ) -> anyhow::Result<()> {
        for some in findings.chunks(ROWS) {
            let places: Vec<_> = (0..some.len()).map(|at| format!("${}", at + 6)).collect();
            let statement = format!(
                "update finding_history set {assignments}
                 where installation = $1 and repository = $2 and stack = $3 and ended_at = 0 and finding in ({})",
                places.join(", ")
            );
            let mut query = of_stack(self, AssertSqlSafe(statement), key.0, key.1);
            query = query.bind(at).bind(text);
            for finding in some {
                query = query.bind(&finding.0);
            }
            let done = query.execute(self.pool).await;
            done.context("while updating the history of findings")?;
        }
        Ok(())
    }

    /// Deletes the oldest history of a stack beyond a number of rows.
    async fn limit_history(&self, key: Key<'_>) -> anyhow::Result<()> {
        for statement in [
            "delete from finding_history where installation = $1 and repository = $2 and stack = $3 and ended_at > 0
                 and (ended_at, finding, first_seen) < (
                     select ended_at, finding, first_seen from finding_history
                     where installation = $1 and repository = $2 and stack = $3 and ended_at > 0
                     order by ended_at desc, finding desc, first_seen desc limit 1 offset $4)",
            "delete from stack_history where installation = $1 and repository = $2 and stack = $3
                 and finished_at < (
                     select finished_at from stack_history
                     where installation = $1 and repository = $2 and stack = $3
                     order by finished_at desc limit 1 offset $4)",
        ] {
            let query = of_stack(self, statement, key.0, key.1);
            let done = query.bind(MAX_ROWS - 1).execute(self.pool).await;
            done.context("while limiting a stack's history")?;
        }
        Ok(())
    }
}

/// Returns the findings that have a value.
fn with<T: PartialEq>(all: &[(FindingId, T)], value: T) -> Vec<&FindingId> {
    let with_it = all.iter().filter(|(_, known)| *known == value);
    with_it.map(|(id, _)| id).collect()
}

/// Writes the parameters of a new finding's row: the first three of the statement are the stack's.
fn row_of_start(at: usize) -> String {
    let first = 4 + at * 10;
    let [
        id,
        seen,
        address,
        tf_type,
        parent,
        account,
        region,
        kind,
        severity,
        import_id,
    ] = std::array::from_fn(|column| first + column);
    format!(
        "($1, $2, $3, ${id}, ${seen}, ${seen}, 1, '', 0, ${address}, ${tf_type}, ${parent}, ${account}, ${region}, ${kind},
          ${severity}, ${import_id})"
    )
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns the name that a value has in JSON.
pub(super) fn name(value: &impl Serialize) -> anyhow::Result<String> {
    let name = serde_json::to_value(value).context("while writing a name")?;
    let name = name.as_str().context("a name is no text")?;
    Ok(name.to_owned())
}
