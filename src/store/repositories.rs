//! The repositories of an installation.

use super::Tenant;
use crate::model::{Origin, RepositoryId, RepositoryName};
use anyhow::Context;

/// A repository that DriftGuard may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's number.
    pub id: RepositoryId,
    /// Its name now.
    pub name: RepositoryName,
    /// None until a delivery tells.
    pub default_branch: Option<String>,
    /// Whether only members see it.
    pub private: bool,
}

type Row = (String, String, String, i64);

impl Tenant<'_> {
    /// Remembers a repository as it is now.
    pub async fn keep_repository(&self, origin: &Origin) -> anyhow::Result<()> {
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
        .bind(origin.id.to_string())
        .bind(origin.name.to_string())
        .bind(origin.default_branch.as_deref().unwrap_or_default())
        .bind(i64::from(origin.private))
        .execute(self.pool)
        .await
        .context("while remembering a repository")?;
        Ok(())
    }

    /// Deletes all that is stored of a repository.
    pub async fn drop_repository(&self, id: RepositoryId) -> anyhow::Result<()> {
        for statement in [
            "delete from repositories where installation = $1 and repository = $2",
            "delete from waiting_scans where installation = $1 and repository = $2",
            "delete from scans where installation = $1 and repository = $2",
            "delete from proposals where installation = $1 and repository = $2",
        ] {
            sqlx::query(statement)
                .bind(&self.id)
                .bind(id.to_string())
                .execute(self.pool)
                .await
                .context("while forgetting a repository")?;
        }
        Ok(())
    }

    /// One repository.
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

    /// All of them, by name.
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
