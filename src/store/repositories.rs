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
const TRANSFERRED_TABLES: [&str; 8] = [
    "proposals",
    "decisions",
    "stacks",
    "dashboards",
    "refusals",
    "orders",
    "scans",
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
    /// Stores a repository as a payload describes it.
    pub async fn save_repository(&self, info: &RepositoryInfo) -> anyhow::Result<()> {
        sqlx::query(
            "insert into repositories (installation, repository, name, default_branch, private)
             values ($1, $2, $3, $4, $5)
             on conflict (installation, repository) do update set
                 name = excluded.name,
                 private = excluded.private,
                 default_branch = case when excluded.default_branch = ''
                     then repositories.default_branch else excluded.default_branch end",
        )
        .bind(&self.id)
        .bind(info.id.to_string())
        .bind(info.name.to_string())
        .bind(info.default_branch.as_deref().unwrap_or_default())
        .bind(i64::from(info.private))
        .execute(self.pool)
        .await
        .context("while saving a repository")?;
        Ok(())
    }

    /// Deletes everything of a repository but the commits with check runs: it may be added again.
    pub async fn delete_repository(&self, id: RepositoryId) -> anyhow::Result<()> {
        for statement in [
            "delete from repositories where installation = $1 and repository = $2",
            "delete from waiting_scans where installation = $1 and repository = $2",
            "delete from scans where installation = $1 and repository = $2",
            "delete from proposals where installation = $1 and repository = $2",
            "delete from decisions where installation = $1 and repository = $2",
            "delete from stacks where installation = $1 and repository = $2",
            "delete from dashboards where installation = $1 and repository = $2",
            "delete from refusals where installation = $1 and repository = $2",
            "delete from orders where installation = $1 and repository = $2",
            "delete from stopped_jobs where installation = $1 and repository = $2",
            "delete from notification_secrets where installation = $1 and repository = $2",
            "delete from notifications where installation = $1 and repository = $2",
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

    /// Returns all repositories, by name.
    pub async fn repositories(&self) -> anyhow::Result<Vec<Repository>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select repository, name, default_branch, private from repositories
             where installation = $1 order by name",
        )
        .bind(&self.id)
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
