//! Stores the repositories of an installation.

use super::{Store, Tenant};
use crate::model::{InstallationId, RepositoryId, RepositoryInfo, RepositoryName};
use anyhow::Context;
use sqlx::AssertSqlSafe;

/// A repository that the installation can access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's id.
    pub id: RepositoryId,
    /// The current name.
    pub name: RepositoryName,
    /// The default branch; `None` until a payload names it.
    pub default_branch: Option<String>,
    /// Whether the repository is private.
    pub private: bool,
}

type Row = (String, String, String, i64);

/// The tables whose rows go with a repository to its new owner.
const TRANSFERRED_TABLES: [&str; 12] = [
    "proposals",
    "decisions",
    "stacks",
    "dashboards",
    "refusals",
    "orders",
    "audit_log",
    "accepted_differences",
    "scans",
    "finding_history",
    "stack_history",
    "unconcealed",
];

impl Store {
    /// Returns the other installations that a repository is stored for: it was transferred away from them.
    pub async fn others_with(
        &self,
        repository: RepositoryId,
        than: InstallationId,
    ) -> anyhow::Result<Vec<InstallationId>> {
        let rows: Vec<String> = sqlx::query_scalar(
            "select installation from repositories where repository = $1 and installation <> $2",
        )
        .bind(repository.to_string())
        .bind(than.to_string())
        .fetch_all(&self.pool)
        .await
        .context("while looking for a repository's former installation")?;
        let ids = rows.iter().filter_map(|id| id.parse().ok());
        Ok(ids.map(InstallationId).collect())
    }

    /// Moves a transferred repository's rows to its new installation, decisions included. This is the only place where
    /// a row changes its tenant: GitHub's repository ids are global.
    pub async fn transfer(
        &self,
        repository: RepositoryId,
        to: InstallationId,
    ) -> anyhow::Result<()> {
        let moving = "while moving a repository to another installation";
        let transaction = self.pool.begin().await.context(moving)?;
        let other = "repository = $1 and installation <> $2";
        let mut statements = vec![
            format!("delete from waiting_scans where {other}"),
            format!("delete from repositories where {other}"),
            format!("delete from stopped_jobs where {other}"),
            // What was not posted yet is the former owner's, and so is the secret: the new one gets another.
            format!("delete from notifications where {other}"),
            format!("delete from notification_secrets where {other}"),
            // The hashes are made with the former installation's key.
            format!("delete from event_index where {other}"),
            format!("delete from requested_scans where {other}"),
            // A key was made for what the former owner had.
            format!("delete from api_key_repositories where {other}"),
            format!("delete from api_decisions where {other}"),
            format!(
                "insert into published_commits (installation, repository, commit_id, emptied)
                 select distinct $2, repository, commit_id, emptied from published_commits where {other}
                 on conflict do nothing"
            ),
            format!("delete from published_commits where {other}"),
        ];
        for table in TRANSFERRED_TABLES {
            // What the new installation has already is newer than nothing, and older than what comes.
            let comes = format!(
                "exists (select 1 from {table} as old where old.repository = $1 and old.installation <> $2)"
            );
            statements.push(format!(
                "delete from {table} where repository = $1 and installation = $2 and {comes}"
            ));
            statements.push(format!(
                "update {table} set installation = $2 where {other}"
            ));
        }
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement))
                .bind(repository.to_string())
                .bind(to.to_string())
                .execute(transaction.handle())
                .await
                .context(moving)?;
        }
        transaction.commit().await.context(moving)
    }
}

impl Tenant<'_> {
    /// Stores a repository as a payload that was sent at a moment describes it; a later payload's description stays.
    /// Returns false, and stores nothing, where the installation lost the repository.
    pub async fn save_repository(
        &self,
        info: &RepositoryInfo,
        sent_at: i64,
    ) -> anyhow::Result<bool> {
        let later = "excluded.described_at >= repositories.described_at";
        let statement = format!(
            "insert into repositories (installation, repository, name, default_branch, private, described_at)
             select cast($1 as text), cast($2 as text), cast($3 as text), cast($4 as text), cast($5 as bigint),
                 cast($6 as bigint)
             where not exists (
                 select 1 from access_changes where installation = $1 and repository = $2 and has_access = 0)
             on conflict (installation, repository) do update set
                 name = case when {later} then excluded.name else repositories.name end,
                 private = case when {later} then excluded.private else repositories.private end,
                 default_branch = case when excluded.default_branch <> '' and {later}
                     then excluded.default_branch else repositories.default_branch end,
                 described_at = case when {later}
                     then excluded.described_at else repositories.described_at end"
        );
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(info.id.to_string())
            .bind(info.name.to_string())
            .bind(info.default_branch.as_deref().unwrap_or_default())
            .bind(i64::from(info.private))
            .bind(sent_at)
            .execute(self.pool)
            .await
            .context("while saving a repository")?;
        Ok(done.rows_affected() == 1)
    }

    /// Returns whether a payload that was sent after a moment described the repository.
    pub async fn is_described_after(&self, id: RepositoryId, at: i64) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select described_at from repositories
             where installation = $1 and repository = $2 and described_at > $3",
        )
        .bind(&self.id)
        .bind(id.to_string())
        .bind(at)
        .fetch_optional(self.pool)
        .await
        .context("while looking for what was told of a repository since")?;
        Ok(found.is_some())
    }

    /// Deletes everything of a repository but the commits with check runs: it may be added again.
    pub async fn delete_repository(&self, id: RepositoryId) -> anyhow::Result<()> {
        for statement in [
            "delete from repositories where installation = $1 and repository = $2",
            "delete from waiting_scans where installation = $1 and repository = $2",
            "delete from scans where installation = $1 and repository = $2",
            "delete from finding_history where installation = $1 and repository = $2",
            "delete from stack_history where installation = $1 and repository = $2",
            "delete from proposals where installation = $1 and repository = $2",
            "delete from decisions where installation = $1 and repository = $2",
            "delete from stacks where installation = $1 and repository = $2",
            "delete from event_index where installation = $1 and repository = $2",
            "delete from requested_scans where installation = $1 and repository = $2",
            "delete from api_decisions where installation = $1 and repository = $2",
            "delete from dashboards where installation = $1 and repository = $2",
            "delete from refusals where installation = $1 and repository = $2",
            "delete from orders where installation = $1 and repository = $2",
            "delete from audit_log where installation = $1 and repository = $2",
            "delete from accepted_differences where installation = $1 and repository = $2",
            "delete from stopped_jobs where installation = $1 and repository = $2",
            "delete from notification_secrets where installation = $1 and repository = $2",
            "delete from notifications where installation = $1 and repository = $2",
            "delete from api_key_repositories where installation = $1 and repository = $2",
        ] {
            sqlx::query(statement)
                .bind(&self.id)
                .bind(id.to_string())
                .execute(self.pool)
                .await
                .context("while deleting a repository")?;
        }
        Ok(())
    }

    /// Returns a repository.
    pub async fn repository(&self, id: RepositoryId) -> anyhow::Result<Option<Repository>> {
        let row: Option<Row> = sqlx::query_as(
            "select repository, name, default_branch, private from repositories
             where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(id.to_string())
        .fetch_optional(self.pool)
        .await
        .context("while reading a repository")?;
        Ok(row.and_then(repository))
    }

    /// Returns all repositories that are reached, by name.
    pub async fn repositories(&self) -> anyhow::Result<Vec<Repository>> {
        let statement = format!(
            "select repository, name, default_branch, private from repositories
             where installation = $1 and {} order by name",
            self.reached("$2")
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(&self.key)
            .fetch_all(self.pool)
            .await
            .context("while reading the repositories")?;
        Ok(rows.into_iter().filter_map(repository).collect())
    }
}

fn repository((id, name, branch, private): Row) -> Option<Repository> {
    Some(Repository {
        id: RepositoryId(id.parse().ok()?),
        name: RepositoryName::new(&name)?,
        default_branch: (!branch.is_empty()).then_some(branch),
        private: private != 0,
    })
}
