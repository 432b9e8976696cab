//! Stores the history of each stack: its findings, and its scans in numbers.

mod conditions;
mod list;
mod record;

pub use list::{FindingFilter, FindingPlace, FoundFindings, ListedFinding};

use super::old_rows::OldRows;
use super::{Store, Tenant, storable};
use crate::model::{
    AccountId, Ending, FindingId, Occurrence, Region, RepositoryId, ScanCourse, ScanPoint,
    ScanTotals, Severity, StackName, Summary,
};
use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::query::Query;
use sqlx::{Any, Database, Row as _, SqlSafeStr};
use std::cmp::Reverse;

/// How far back repairs count for the mean time that they took, in milliseconds: 90 days, as pages and the API say.
pub const REPAIR_PERIOD: i64 = 90 * 24 * 60 * 60 * 1_000;

/// A statement about a stack.
type StackQuery<'q> = Query<'q, Any, <Any as Database>::Arguments>;

/// What `occurrence` reads of a row.
macro_rules! occurrence_columns {
    () => {
        "finding, first_seen, last_seen, scans, ending, ended_at, address, import_id, resource_type, parent_type, account,
             region, kind, severity"
    };
}

const OCCURRENCE_COLUMNS: &str = occurrence_columns!();

/// The query whose rows `occurrence` reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select ",
            occurrence_columns!(),
            " from finding_history where installation = $1 and repository = $2 and stack = $3 ",
            $rest
        )
    };
}

/// The query of completed scans of a stack as charts show them: one row with a line for each, since hundreds of rows take
/// longer to hand over than to find.
macro_rules! points_of {
    ($rest:literal) => {
        concat!(
            "select string_agg(line, '\n') from (
                 select cast(finished_at as text) || ' ' || cast(critical + high + medium + low + info as text)
                     || ' ' || summary as line
                 from stack_history where installation = $1 and repository = $2 and stack = $3 and problem = '' ",
            $rest,
            ") as newest"
        )
    };
}

/// The query whose rows `totals` reads.
macro_rules! totals_of {
    ($rest:literal) => {
        concat!(
            "select finished_at, commit_id, critical, high, medium, low, info, set_aside, summary, begun_at, requested_by,
                 aws_calls, unchecked, problem
             from stack_history where installation = $1 and repository = $2 and stack = $3 ",
            $rest
        )
    };
}

impl Store {
    /// Deletes what ended before a moment: findings that are no longer reported, and scans in numbers.
    pub async fn delete_history(&self, before: i64) -> anyhow::Result<()> {
        let findings = OldRows {
            table: "finding_history",
            key: "installation, repository, stack, finding, first_seen",
            condition: "ended_at > 0 and ended_at < $1",
        };
        let scans = OldRows {
            table: "stack_history",
            key: "installation, repository, stack, finished_at",
            condition: "finished_at < $1",
        };
        for old in [findings, scans] {
            old.delete(&self.pool, before).await?;
        }
        Ok(())
    }
}

impl Tenant<'_> {
    /// Returns the findings of a stack that are still reported, or could not be checked since.
    pub async fn open_occurrences(
        &self,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<Vec<Occurrence>> {
        let statement = select!("and ended_at = 0 order by finding");
        let query = of_stack(self, statement, repository, stack.as_str());
        self.read_occurrences(query).await
    }

    /// Returns all times that a finding was reported, the newest first.
    pub async fn occurrences(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        finding: &FindingId,
    ) -> anyhow::Result<Vec<Occurrence>> {
        let statement = select!("and finding = $4 order by first_seen desc limit 100");
        let query = of_stack(self, statement, repository, stack.as_str());
        self.read_occurrences(query.bind(storable(&finding.0)))
            .await
    }

    /// Returns the findings of a stack that ended last, the newest first.
    pub async fn ended_occurrences(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        most: u32,
    ) -> anyhow::Result<Vec<Occurrence>> {
        let statement = select!(
            "and ended_at > 0 order by ended_at desc, finding desc, first_seen desc limit $4"
        );
        let query = of_stack(self, statement, repository, stack.as_str());
        self.read_occurrences(query.bind(i64::from(most))).await
    }

    /// Returns the mean time in milliseconds from the first scan that reported a finding to the one that found it
    /// resolved, over the findings of a stack that were resolved since a moment; `None` where none was.
    pub async fn mean_time_to_repair(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        since: i64,
    ) -> anyhow::Result<Option<i64>> {
        let statement = "select count(*), cast(coalesce(sum(ended_at - first_seen), 0) as bigint) from finding_history
             where installation = $1 and repository = $2 and stack = $3 and ended_at >= $4 and ending = 'resolved'";
        let query = of_stack(self, statement, repository, stack.as_str());
        let row = query.bind(since.max(1)).fetch_one(self.pool).await;
        let row = row.context("while reading how long repairs took")?;
        let (count, sum): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(sum.checked_div(count))
    }

    /// Returns scans of a stack that finished before a moment, failed ones too, the newest first.
    pub async fn scans_before(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        before: i64,
        most: u32,
    ) -> anyhow::Result<Vec<ScanTotals>> {
        let statement = totals_of!("and finished_at < $4 order by finished_at desc limit $5");
        let query = of_stack(self, statement, repository, stack.as_str());
        let query = query.bind(before).bind(i64::from(most));
        let rows = query.fetch_all(self.pool).await;
        let rows = rows.context("while reading the scans of a stack")?;
        rows.iter().map(totals).collect()
    }

    /// Returns what charts show of the newest completed scans of a stack, the newest first.
    pub async fn scan_points(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        most: u32,
    ) -> anyhow::Result<Vec<ScanPoint>> {
        let statement = points_of!("order by finished_at desc limit $4");
        let query = of_stack(self, statement, repository, stack.as_str());
        read_points(self, query.bind(i64::from(most))).await
    }

    /// Returns what charts show of the last completed scan of each day before a moment, the newest first. Each is looked for
    /// by the index from the one behind it on: of a scan each hour most are not read.
    pub async fn daily_points(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        before: i64,
    ) -> anyhow::Result<Vec<ScanPoint>> {
        let statement = points_of!(
            "and finished_at in (
                 with recursive days(moment) as (
                     select (select max(finished_at) from stack_history where installation = $1 and repository = $2
                         and stack = $3 and problem = '' and finished_at < $4)
                     union all
                     select (select max(finished_at) from stack_history where installation = $1 and repository = $2
                         and stack = $3 and problem = '' and finished_at < days.moment - days.moment % 86400000)
                     from days where days.moment is not null)
                 select moment from days where moment is not null)"
        );
        let query = of_stack(self, statement, repository, stack.as_str());
        read_points(self, query.bind(before)).await
    }

    /// Returns when the first scan of a stack ended that began at a moment or later, in epoch milliseconds.
    pub async fn scan_begun_since(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        begun_since: i64,
    ) -> anyhow::Result<Option<i64>> {
        let statement = "select cast(min(finished_at) as bigint) from stack_history
             where installation = $1 and repository = $2 and stack = $3 and finished_at >= $4 and begun_at >= $4";
        let query = of_stack(self, statement, repository, stack.as_str());
        let row = query.bind(begun_since).fetch_one(self.pool).await;
        let row = row.context("while looking for the scan that was requested")?;
        Ok(row.try_get(0)?)
    }

    /// Returns when the scan of a stack began that ended at a moment, both in epoch milliseconds; `None` where that is not
    /// known.
    pub async fn scan_began(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        finished_at: i64,
    ) -> anyhow::Result<Option<i64>> {
        let statement = "select cast(max(begun_at) as bigint) from stack_history
             where installation = $1 and repository = $2 and stack = $3 and finished_at = $4 and begun_at > 0";
        let query = of_stack(self, statement, repository, stack.as_str());
        let row = query.bind(finished_at).fetch_one(self.pool).await;
        let row = row.context("while looking for the beginning of a scan")?;
        Ok(row.try_get(0)?)
    }

    /// Returns when the first scan of a stack's history ended, in epoch milliseconds; 0 where there is none.
    pub async fn history_begins(
        &self,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<i64> {
        let statement = "select coalesce(min(finished_at), 0) from stack_history
             where installation = $1 and repository = $2 and stack = $3 and problem = ''";
        let query = of_stack(self, statement, repository, stack.as_str());
        let row = query.fetch_one(self.pool).await;
        let row = row.context("while looking for the first scan of the history")?;
        Ok(row.try_get(0)?)
    }

    /// Gives a finding of the history its id of this version.
    pub async fn rename_occurrence(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        (former, now): (&FindingId, &FindingId),
    ) -> anyhow::Result<()> {
        let statement = "update finding_history set finding = $5
             where installation = $1 and repository = $2 and stack = $3 and finding = $4 and not exists (
                 select 1 from finding_history as known
                 where known.installation = $1 and known.repository = $2 and known.stack = $3 and known.finding = $5)";
        let query = of_stack(self, statement, repository, stack.as_str());
        let query = query.bind(&former.0).bind(&now.0);
        let done = query.execute(self.pool).await;
        done.context("while renaming a finding of the history")?;
        Ok(())
    }

    async fn read_occurrences(&self, query: StackQuery<'_>) -> anyhow::Result<Vec<Occurrence>> {
        let rows = query.fetch_all(self.pool).await;
        let rows = rows.context("while reading the history of findings")?;
        rows.iter().map(occurrence).collect()
    }
}

/// Starts a statement about a tenant's stack, which its first three parameters name.
fn of_stack<'q>(
    tenant: &Tenant<'_>,
    statement: impl SqlSafeStr,
    repository: RepositoryId,
    stack: &str,
) -> StackQuery<'q> {
    sqlx::query(statement)
        .bind(tenant.id.clone())
        .bind(repository.to_string())
        .bind(stack.to_owned())
}

fn occurrence(row: &AnyRow) -> anyhow::Result<Occurrence> {
    let text = |column: &str| -> anyhow::Result<String> { Ok(row.try_get(column)?) };
    let ended_at: i64 = row.try_get("ended_at")?;
    let ending = text("ending")?;
    let ending = Ending::ALL.into_iter().find(|how| how.as_str() == ending);
    let parent_type = Some(text("parent_type")?).filter(|parent| !parent.is_empty());
    Ok(Occurrence {
        finding: FindingId(text("finding")?),
        address: text("address")?,
        import_id: text("import_id")?,
        tf_type: text("resource_type")?,
        parent_type,
        account: AccountId::new(&text("account")?),
        region: Region::new(&text("region")?),
        kind: named(&text("kind")?)?,
        severity: Severity::named(&text("severity")?).unwrap_or_default(),
        first_seen: row.try_get("first_seen")?,
        last_seen: row.try_get("last_seen")?,
        scans: count(row, "scans")?,
        ending: ending.map(|how| (how, ended_at)),
    })
}

fn totals(row: &AnyRow) -> anyhow::Result<ScanTotals> {
    let mut findings = [0; Severity::ALL.len()];
    for (number, severity) in findings.iter_mut().zip(Severity::ALL) {
        *number = count(row, severity.as_str())?;
    }
    let summary: String = row.try_get("summary")?;
    let unchecked: String = row.try_get("unchecked")?;
    let aws_calls: i64 = row.try_get("aws_calls")?;
    Ok(ScanTotals {
        finished_at: row.try_get("finished_at")?,
        commit: row.try_get("commit_id")?,
        findings,
        set_aside: count(row, "set_aside")?,
        summary: serde_json::from_str(&summary).context("while reading a summary")?,
        unchecked: serde_json::from_str(&unchecked)
            .context("while reading what was not checked")?,
        problem: row.try_get("problem")?,
        course: ScanCourse {
            begun_at: row.try_get("begun_at")?,
            requested_by: row.try_get("requested_by")?,
            aws_calls: u64::try_from(aws_calls).ok(),
        },
    })
}

/// Reads what charts show of scans, the newest first.
async fn read_points(tenant: &Tenant<'_>, query: StackQuery<'_>) -> anyhow::Result<Vec<ScanPoint>> {
    let row = query.fetch_one(tenant.pool).await;
    let row = row.context("while reading the history of scans")?;
    let lines: Option<String> = row.try_get(0)?;
    let points = lines.as_deref().unwrap_or_default().lines().map(point);
    let mut points = points.collect::<anyhow::Result<Vec<_>>>()?;
    points.sort_by_key(|point| Reverse(point.finished_at));
    Ok(points)
}

/// Reads a line of `points_of`.
fn point(line: &str) -> anyhow::Result<ScanPoint> {
    let mut parts = line.splitn(3, ' ');
    let mut next = || parts.next().context("while reading a scan in numbers");
    let (finished_at, findings) = (next()?.parse()?, next()?.parse()?);
    let summary: Summary = serde_json::from_str(next()?).context("while reading a summary")?;
    Ok(ScanPoint {
        finished_at,
        findings,
        posture: summary.posture.live,
        cost: summary.monthly_cost_delta.amount,
    })
}

fn count(row: &AnyRow, column: &str) -> anyhow::Result<u64> {
    let number: i64 = row.try_get(column)?;
    Ok(u64::try_from(number).unwrap_or_default())
}

fn named<T: DeserializeOwned>(name: &str) -> anyhow::Result<T> {
    serde_json::from_value(Value::from(name)).context("while reading the history of findings")
}
