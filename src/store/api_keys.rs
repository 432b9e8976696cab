//! Stores the keys of the API, by their digests.

use super::audit_log::insert_audit;
use super::handle::Handle;
use super::limit_locks::lock_limits;
use super::{Store, Tenant, storable};
use crate::model::{ApiKey, ApiScope, AuditEntry, InstallationId, RepositoryId};
use anyhow::Context;
use sqlx::AssertSqlSafe;

/// How much later a use is recorded again, in milliseconds.
const USED_STEP: i64 = 60 * 1_000;
/// How many keys an organisation may have before none is created on a page any more.
const MAX_KEYS: i64 = 100;

/// How many keys of an organisation a person may have before none is created any more.
const MAX_PERSON_KEYS: i64 = 20;

/// Whose key of the API it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOwner {
    /// The organisation's: it reaches all of its workspaces.
    Organisation,
    /// A person's: it reaches repositories that the person may write to.
    Person {
        /// GitHub's id of the person.
        id: u64,
        /// How many repositories are left of those that the key was created for.
        repositories: u32,
    },
}

impl KeyOwner {
    /// Returns how many keys of an organisation it may have before none is created on a page any more.
    pub fn max_keys(self) -> i64 {
        match self {
            Self::Organisation => MAX_KEYS,
            Self::Person { .. } => MAX_PERSON_KEYS,
        }
    }

    /// Returns GitHub's id of the person; `None` for an organisation's key.
    pub fn person(self) -> Option<u64> {
        match self {
            Self::Organisation => None,
            Self::Person { id, .. } => Some(id),
        }
    }
}

/// A key of the API, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The organisation whose workspaces the key reaches, or some of them.
    pub installation: InstallationId,
    /// Whose key it is.
    pub owner: KeyOwner,
    /// The beginning of the key.
    pub prefix: String,
    /// The name that was given to the key.
    pub name: String,
    /// What the key may do.
    pub scope: ApiScope,
    /// Who created the key: a login, or empty on the server.
    pub created_by: String,
    /// When the key was created, in epoch milliseconds.
    pub created_at: i64,
    /// When the key expires, in epoch milliseconds; `None` for never.
    pub expires_at: Option<i64>,
    /// When the key was used last, in epoch milliseconds, to the minute; `None` for never.
    pub used_at: Option<i64>,
}

/// What became of a key that was to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCreation {
    /// It is stored.
    Created,
    /// It was asked for before, and another key was created then.
    Repeated,
    /// The organisation has too many keys, or the person has.
    TooMany,
}

/// The query whose rows `record` reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select installation, prefix, name, scope, created_by, created_at, expires_at, used_at, person,
                 (select count(*) from api_key_repositories where key_prefix = api_keys.prefix)
             from api_keys ",
            $rest
        )
    };
}

pub(super) use select;

#[rustfmt::skip]
pub(super) type Row = (String, String, String, String, String, i64, i64, i64, i64, i64);

impl Store {
    /// Stores a new key.
    ///
    /// # Errors
    /// Another key has the same beginning, or the database fails.
    pub async fn add_api_key(&self, key: &ApiKey, record: &ApiKeyRecord) -> anyhow::Result<()> {
        insert_key(&self.pool, key, record).await
    }

    /// Returns the record of a key that has not expired. Where its organisation is an installation, it is neither gone nor
    /// suspended.
    pub async fn api_key(&self, key: &ApiKey, now: i64) -> anyhow::Result<Option<ApiKeyRecord>> {
        let row: Option<Row> = sqlx::query_as(select!(
            "where key_digest = $1 and (expires_at = 0 or expires_at > $2) and (installation = $3 or exists (
                 select 1 from installations
                 where installations.installation = api_keys.installation and suspended = 0))"
        ))
        .bind(key.digest())
        .bind(now)
        .bind(InstallationId::LOCAL.to_string())
        .fetch_optional(&self.pool)
        .await
        .context("while looking for an API key")?;
        Ok(row.and_then(record))
    }

    /// Records that a key was used.
    pub async fn use_api_key(&self, record: &ApiKeyRecord, now: i64) -> anyhow::Result<()> {
        if record.used_at.is_some_and(|used| now < used + USED_STEP) {
            return Ok(());
        }
        sqlx::query("update api_keys set used_at = $2 where prefix = $1 and used_at < $2")
            .bind(&record.prefix)
            .bind(now)
            .execute(&self.pool)
            .await
            .context("while recording that an API key was used")?;
        Ok(())
    }

    /// Returns all keys, also the expired ones, by organisation.
    pub async fn api_keys(&self) -> anyhow::Result<Vec<ApiKeyRecord>> {
        let rows: Vec<Row> = sqlx::query_as(select!("order by installation, created_at, prefix"))
            .fetch_all(&self.pool)
            .await
            .context("while listing the API keys")?;
        Ok(rows.into_iter().filter_map(record).collect())
    }

    /// Revokes the key with this beginning, at once. Returns false where there is none.
    pub async fn revoke_api_key(&self, prefix: &str) -> anyhow::Result<bool> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        let is_done = delete_key(begun.handle(), prefix).await?;
        begun.commit().await.context("while revoking an API key")?;
        Ok(is_done)
    }

    /// Returns the installation on the account with this login, which is neither gone nor suspended.
    pub async fn installation_on(&self, login: &str) -> anyhow::Result<Option<InstallationId>> {
        let found: Option<String> = sqlx::query_scalar(
            "select installation from installations where lower(account) = $1 and suspended = 0
             order by seen_at desc limit 1",
        )
        .bind(login.to_ascii_lowercase())
        .fetch_optional(&self.pool)
        .await
        .context("while looking for an installation")?;
        Ok(found.and_then(|id| Some(InstallationId(id.parse().ok()?))))
    }

    /// Returns the name of an organisation: the login of an installation's account, or `local`; empty where the
    /// installation is gone.
    pub async fn organisation_name(&self, organisation: InstallationId) -> anyhow::Result<String> {
        if organisation == InstallationId::LOCAL {
            return Ok(InstallationId::LOCAL_NAME.to_owned());
        }
        let login = sqlx::query_scalar("select account from installations where installation = $1")
            .bind(organisation.to_string())
            .fetch_optional(&self.pool)
            .await;
        let login: Option<String> =
            login.context("while reading the account of an installation")?;
        Ok(login.unwrap_or_default())
    }
}

impl Tenant<'_> {
    /// Returns the installation's keys, also the expired ones, the newest first.
    pub async fn api_keys(&self) -> anyhow::Result<Vec<ApiKeyRecord>> {
        let rows: Vec<Row> = sqlx::query_as(select!(
            "where installation = $1 order by created_at desc, prefix"
        ))
        .bind(&self.id)
        .fetch_all(self.pool)
        .await
        .context("while listing an installation's API keys")?;
        Ok(rows.into_iter().filter_map(record).collect())
    }

    /// Stores a new key, a person's with the repositories that GitHub said they may write to, together with its entry of
    /// the audit log, whose key is the same where it is asked for again.
    pub async fn create_api_key(
        &self,
        key: &ApiKey,
        record: &ApiKeyRecord,
        repositories: &[RepositoryId],
        entry: &AuditEntry,
    ) -> anyhow::Result<KeyCreation> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        let handle = begun.handle();
        if !insert_audit(handle, &self.id, RepositoryId::NONE, entry).await? {
            return Ok(KeyCreation::Repeated);
        }
        lock_limits(&begun, &self.id).await?;
        let count: i64 = sqlx::query_scalar(
            "select count(*) from api_keys where installation = $1 and person = $2",
        )
        .bind(&self.id)
        .bind(stored_person(record.owner)?)
        .fetch_one(handle)
        .await
        .context("while counting API keys")?;
        if count >= record.owner.max_keys() {
            return Ok(KeyCreation::TooMany);
        }
        insert_key(handle, key, record).await?;
        for repository in repositories {
            insert_repository(handle, self.clock, key, (self.id.as_str(), *repository)).await?;
        }
        begun.commit().await.context("while saving an API key")?;
        Ok(KeyCreation::Created)
    }

    /// Revokes the installation's key with this beginning, at once, and writes it into the audit log. Returns false
    /// where there is none.
    pub async fn revoke_api_key(&self, prefix: &str, entry: &AuditEntry) -> anyhow::Result<bool> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        let found: Option<i64> =
            sqlx::query_scalar("select 1 from api_keys where installation = $1 and prefix = $2")
                .bind(&self.id)
                .bind(storable(prefix))
                .fetch_optional(begun.handle())
                .await
                .context("while looking for an API key")?;
        if found.is_none() || !delete_key(begun.handle(), prefix).await? {
            return Ok(false);
        }
        insert_audit(begun.handle(), &self.id, RepositoryId::NONE, entry).await?;
        begun.commit().await.context("while revoking an API key")?;
        Ok(true)
    }

    /// Returns whether the installation has a key of events.
    pub async fn has_event_key(&self) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select 1 from api_keys where installation = $1 and scope = $2 limit 1",
        )
        .bind(&self.id)
        .bind(ApiScope::Events.as_str())
        .fetch_optional(self.pool)
        .await
        .context("while looking for a key of events")?;
        Ok(found.is_some())
    }
}

async fn insert_key(handle: &Handle, key: &ApiKey, record: &ApiKeyRecord) -> anyhow::Result<()> {
    sqlx::query(
        "insert into api_keys (key_digest, installation, prefix, name, scope, created_by, created_at, expires_at, used_at,
             person)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)",
    )
    .bind(key.digest())
    .bind(record.installation.to_string())
    .bind(key.prefix())
    .bind(&record.name)
    .bind(record.scope.as_str())
    .bind(&record.created_by)
    .bind(record.created_at)
    .bind(record.expires_at.unwrap_or_default())
    .bind(stored_person(record.owner)?)
    .execute(handle)
    .await
    .context("while saving an API key")?;
    Ok(())
}

/// Stores a repository of a person's key, which GitHub confirmed a moment ago.
async fn insert_repository(
    handle: &Handle,
    clock: &str,
    key: &ApiKey,
    (installation, repository): (&str, RepositoryId),
) -> anyhow::Result<()> {
    let statement = format!(
        "insert into api_key_repositories (key_prefix, installation, repository, confirmed_at)
         values ($1, $2, $3, {clock}) on conflict do nothing"
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(key.prefix())
        .bind(installation)
        .bind(repository.to_string())
        .execute(handle)
        .await
        .context("while saving a repository of an API key")?;
    Ok(())
}

/// Deletes a key with its repositories, within a transaction. Returns false where there is none.
pub(super) async fn delete_key(handle: &Handle, prefix: &str) -> anyhow::Result<bool> {
    let mut is_found = false;
    for statement in [
        "delete from api_key_repositories where key_prefix = $1",
        "delete from api_keys where prefix = $1",
    ] {
        let done = sqlx::query(statement)
            .bind(storable(prefix))
            .execute(handle)
            .await
            .context("while deleting an API key")?;
        is_found = done.rows_affected() > 0;
    }
    Ok(is_found)
}

/// Returns a person as the table has them: 0 for none.
fn stored_person(owner: KeyOwner) -> anyhow::Result<i64> {
    let id = owner.person().unwrap_or_default();
    i64::try_from(id).context("while writing the id of a person")
}

pub(super) fn record(row: Row) -> Option<ApiKeyRecord> {
    let (
        installation,
        prefix,
        name,
        scope,
        created_by,
        created_at,
        expires_at,
        used_at,
        person,
        repositories,
    ) = row;
    Some(ApiKeyRecord {
        installation: InstallationId(installation.parse().ok()?),
        owner: match u64::try_from(person).ok()? {
            0 => KeyOwner::Organisation,
            id => KeyOwner::Person {
                id,
                repositories: u32::try_from(repositories).ok()?,
            },
        },
        prefix,
        name,
        scope: ApiScope::named(&scope)?,
        created_by,
        created_at,
        expires_at: (expires_at > 0).then_some(expires_at),
        used_at: (used_at > 0).then_some(used_at),
    })
}
