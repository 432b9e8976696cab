//! Stores the repositories of people's keys of the API, and ends the keys that have none left.

use super::api_keys::{ApiKeyRecord, Row, delete_key, record, select};
use super::audit_log::insert_audit;
use super::{Store, confirmed_within};
use crate::model::{AuditEntry, AuditVia, RepositoryId, RepositoryName};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::time::Duration;

/// After how long GitHub is asked again about a repository: before its word counts no more.
const RENEWED: Duration = Duration::from_secs(55 * 60);

/// Why a key ended that has no repository left.
const EMPTY: &str = "none of its repositories is left";

/// A repository of a person's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRepository {
    /// The repository.
    pub id: RepositoryId,
    /// The name; `None` where the installation lost the repository.
    pub name: Option<RepositoryName>,
    /// Whether GitHub confirmed lately that the person may write there.
    pub is_confirmed: bool,
}

/// A repository that a key reaches no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostRepository<'a> {
    /// The repository.
    pub id: RepositoryId,
    /// The name, or the id where it has none.
    pub name: &'a str,
    /// Why the key lost it.
    pub reason: &'a str,
}

impl Store {
    /// Returns a person's keys, also the expired ones, the newest first.
    pub async fn keys_of_person(&self, person: u64) -> anyhow::Result<Vec<ApiKeyRecord>> {
        let rows: Vec<Row> = sqlx::query_as(select!(
            "where person = $1 and person > 0 order by created_at desc, prefix"
        ))
        .bind(i64::try_from(person).context("while writing the id of a person")?)
        .fetch_all(&self.pool)
        .await
        .context("while listing a person's API keys")?;
        Ok(rows.into_iter().filter_map(record).collect())
    }

    /// Returns the repositories of a person's key, by name.
    pub async fn key_repositories(&self, prefix: &str) -> anyhow::Result<Vec<KeyRepository>> {
        let statement = format!(
            "select reached.repository, coalesce(repositories.name, ''), case when {} then 1 else 0 end
             from api_key_repositories as reached left join repositories
                 on repositories.installation = reached.installation and repositories.repository = reached.repository
             where reached.key_prefix = $1 order by 2, 1",
            confirmed_within(RENEWED, self.clock)
        );
        let rows: Vec<(String, String, i64)> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(prefix)
            .fetch_all(&self.pool)
            .await
            .context("while reading the repositories of an API key")?;
        let known = |(id, name, is_confirmed): (String, String, i64)| {
            Some(KeyRepository {
                id: RepositoryId(id.parse().ok()?),
                name: RepositoryName::new(&name),
                is_confirmed: is_confirmed != 0,
            })
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Records that GitHub confirmed the person's right, asked at a moment of the database's clock.
    pub async fn confirm_key_repository(
        &self,
        prefix: &str,
        repository: RepositoryId,
        asked_at: i64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update api_key_repositories set confirmed_at = $3 where key_prefix = $1 and repository = $2",
        )
        .bind(prefix)
        .bind(repository.to_string())
        .bind(asked_at)
        .execute(&self.pool)
        .await
        .context("while recording that a person may write")?;
        Ok(())
    }

    /// Takes a repository away from a person's key, for good, and writes it into the audit log. The key ends with its last
    /// repository. Returns whether it has ended.
    pub async fn narrow_key(
        &self,
        key: &ApiKeyRecord,
        lost: LostRepository<'_>,
        now: i64,
    ) -> anyhow::Result<bool> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        let done = sqlx::query(
            "delete from api_key_repositories where key_prefix = $1 and repository = $2",
        )
        .bind(&key.prefix)
        .bind(lost.id.to_string())
        .execute(begun.handle())
        .await
        .context("while taking a repository away from an API key")?;
        if done.rows_affected() > 0 {
            let detail = format!("`{}` lost {}: {}", key.prefix, lost.name, lost.reason);
            let entry = entry(key, now, ("key narrowed", lost.id.to_string()), detail);
            let organisation = key.installation.to_string();
            insert_audit(begun.handle(), &organisation, RepositoryId::NONE, &entry).await?;
        }
        let ended = end_if_empty(begun.handle(), key, (lost.reason, now)).await?;
        begun.commit().await.context("while narrowing an API key")?;
        Ok(ended)
    }

    /// Ends a person's key if it has no repository left. Returns whether it has ended.
    pub async fn end_empty_key(&self, key: &ApiKeyRecord, now: i64) -> anyhow::Result<bool> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        let ended = end_if_empty(begun.handle(), key, (EMPTY, now)).await?;
        begun.commit().await.context("while ending an API key")?;
        Ok(ended)
    }

    /// Returns the keys of people that have no repository left: the installation lost them.
    pub async fn empty_keys(&self) -> anyhow::Result<Vec<ApiKeyRecord>> {
        let rows: Vec<Row> = sqlx::query_as(select!(
            "where person > 0 and not exists (
                 select 1 from api_key_repositories where key_prefix = api_keys.prefix)"
        ))
        .fetch_all(&self.pool)
        .await
        .context("while looking for API keys without a repository")?;
        Ok(rows.into_iter().filter_map(record).collect())
    }
}

/// Deletes a person's key that has no repository left, and writes it into the audit log. Returns whether it is gone.
async fn end_if_empty(
    handle: &super::handle::Handle,
    key: &ApiKeyRecord,
    (reason, now): (&str, i64),
) -> anyhow::Result<bool> {
    let left: i64 =
        sqlx::query_scalar("select count(*) from api_key_repositories where key_prefix = $1")
            .bind(&key.prefix)
            .fetch_one(handle)
            .await
            .context("while counting the repositories of an API key")?;
    if left > 0 || key.owner.person().is_none() {
        return Ok(false);
    }
    if delete_key(handle, &key.prefix).await? {
        let detail = format!("`{}` ({}): {reason}", key.prefix, key.name);
        let entry = entry(key, now, ("key ended", String::new()), detail);
        let organisation = key.installation.to_string();
        insert_audit(handle, &organisation, RepositoryId::NONE, &entry).await?;
    }
    Ok(true)
}

/// Describes what became of a key, which nobody asked for.
fn entry(
    key: &ApiKeyRecord,
    at: i64,
    (action, subject): (&str, String),
    detail: String,
) -> AuditEntry {
    AuditEntry {
        key: format!("key/{}/{action}/{subject}", key.prefix),
        at,
        person: key.created_by.clone(),
        via: AuditVia::Api,
        action: action.to_owned(),
        stack: String::new(),
        finding: String::new(),
        detail,
    }
}
