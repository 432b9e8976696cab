//! Stores the audit log: who decided what, when, and where.

use super::handle::Handle;
use super::old_rows::OldRows;
use super::{Store, Tenant, storable};
use crate::model::{AuditEntry, AuditVia, RepositoryId, masked};
use anyhow::Context;
use sqlx::AssertSqlSafe;

/// The most characters of a detail that are stored.
const MAX_DETAIL: usize = 1_000;

/// Where a part of the audit log ends; the next one goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlace {
    /// When its last entry was asked for, in epoch milliseconds.
    pub at: i64,
    /// The repository, as the table has it.
    pub repository: String,
    /// The key of the entry.
    pub entry: String,
}

/// Which entries of the audit log are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Those of one repository.
    pub repository: Option<RepositoryId>,
    /// Those of one person, by login; empty for all.
    pub person: String,
}

/// An entry of the audit log with its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The repository.
    pub repository: RepositoryId,
    /// The entry.
    pub entry: AuditEntry,
    /// Its place in the log.
    pub place: AuditPlace,
}

impl AuditFilter {
    /// Returns the statement: one that an index answers, for what the filter names.
    fn statement(&self) -> String {
        // Parts of a statement alone: values are bound.
        let repository = match self.repository {
            None => "$5 = ''",
            Some(_) => "repository = $5",
        };
        let person = match self.person.is_empty() {
            true => "$6 = ''",
            false => "lower(person) = $6",
        };
        // Within a repository its own order is that of the log.
        let order = match self.repository {
            None => "at desc, repository desc, entry desc",
            Some(_) => "at desc, entry desc",
        };
        format!(
            "select repository, entry, at, person, via, action, stack, finding, detail from audit_log
             where installation = $1 and {repository} and {person} and (at, repository, entry) < ($2, $3, $4)
             order by {order} limit $7"
        )
    }
}

type Row = (
    String,
    String,
    i64,
    String,
    String,
    String,
    String,
    String,
    String,
);

impl Store {
    /// Deletes entries of the audit log that are older than a moment.
    pub async fn delete_audit_log(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "audit_log",
            key: "installation, repository, entry",
            condition: "at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Stores an entry of the audit log, unless it is stored already.
    pub async fn record_audit(
        &self,
        repository: RepositoryId,
        entry: &AuditEntry,
    ) -> anyhow::Result<()> {
        insert_audit(self.pool, &self.id, repository, entry).await?;
        Ok(())
    }

    /// Returns whether the audit log has an entry with this key.
    pub async fn has_audit(&self, repository: RepositoryId, key: &str) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select 1 from audit_log where installation = $1 and repository = $2 and entry = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(storable(key))
        .fetch_optional(self.pool)
        .await
        .context("while looking into the audit log")?;
        Ok(found.is_some())
    }

    /// Returns a part of the audit log, the newest entries first, and where the log goes on.
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        behind: Option<&AuditPlace>,
        most: u32,
    ) -> anyhow::Result<(Vec<AuditRecord>, Option<AuditPlace>)> {
        let first = AuditPlace {
            at: i64::MAX,
            repository: String::new(),
            entry: String::new(),
        };
        let behind = behind.unwrap_or(&first);
        let repository = filter.repository.map(|id| id.to_string());
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(filter.statement()))
            .bind(&self.id)
            .bind(behind.at)
            .bind(&behind.repository)
            .bind(&behind.entry)
            .bind(repository.unwrap_or_default())
            .bind(storable(&filter.person.to_ascii_lowercase()))
            .bind(i64::from(most))
            .fetch_all(self.pool)
            .await
            .context("while reading the audit log")?;
        let is_cut = u32::try_from(rows.len()).is_ok_and(|count| count == most);
        let last = rows.last().filter(|_| is_cut).map(place);
        Ok((rows.into_iter().filter_map(record).collect(), last))
    }
}

/// Writes an entry of the audit log, within a transaction or on its own. Returns false where it is stored already.
pub(super) async fn insert_audit(
    handle: &Handle,
    installation: &str,
    repository: RepositoryId,
    entry: &AuditEntry,
) -> anyhow::Result<bool> {
    let text = |text: &str| storable(&masked(text));
    let detail: String = text(&entry.detail).chars().take(MAX_DETAIL).collect();
    let done = sqlx::query(
        "insert into audit_log (installation, repository, entry, at, person, via, action, stack, finding, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
    )
    .bind(installation)
    .bind(repository.to_string())
    .bind(storable(&entry.key))
    .bind(entry.at)
    .bind(text(&entry.person))
    .bind(entry.via.as_str())
    .bind(text(&entry.action))
    .bind(&entry.stack)
    .bind(storable(&entry.finding))
    .bind(detail)
    .execute(handle)
    .await
    .context("while writing the audit log")?;
    Ok(done.rows_affected() == 1)
}

fn place((repository, entry, at, ..): &Row) -> AuditPlace {
    AuditPlace {
        at: *at,
        repository: repository.clone(),
        entry: entry.clone(),
    }
}

fn record(row: Row) -> Option<AuditRecord> {
    let place = place(&row);
    let (repository, key, at, person, via, action, stack, finding, detail) = row;
    let via = AuditVia::ALL
        .into_iter()
        .find(|known| known.as_str() == via)?;
    Some(AuditRecord {
        repository: RepositoryId(repository.parse().ok()?),
        entry: AuditEntry {
            key,
            at,
            person,
            via,
            action,
            stack,
            finding,
            detail,
        },
        place,
    })
}
