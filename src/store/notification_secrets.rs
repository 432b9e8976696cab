//! Stores which generation of a repository's notification secret is in force. The secret itself is derived, and never
//! stored.

use super::{Store, Tenant};
use crate::model::{InstallationId, RepositoryId, RepositoryName};
use anyhow::Context;

impl Store {
    /// Returns the repositories of a name: one, unless it changed hands and its former installation was not notified.
    pub async fn repositories_named(
        &self,
        name: &RepositoryName,
    ) -> anyhow::Result<Vec<(InstallationId, RepositoryId)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select installation, repository from repositories where name = $1 order by installation",
        )
        .bind(name.to_string())
        .fetch_all(&self.pool)
        .await
        .context("while looking for a repository")?;
        let read = |(installation, repository): (String, String)| {
            let installation = InstallationId(installation.parse().ok()?);
            Some((installation, RepositoryId(repository.parse().ok()?)))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }
}

impl Tenant<'_> {
    /// Returns the generation in force, and starts one where there is none. No two generations start at the same
    /// moment, so that a revoked secret never returns, not even when a repository is removed and added again.
    pub async fn secret_generation(
        &self,
        repository: RepositoryId,
        now: i64,
    ) -> anyhow::Result<i64> {
        sqlx::query(
            "insert into notification_secrets (installation, repository, generation, shown) values ($1, $2, $3, 0)
             on conflict do nothing",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(now)
        .execute(self.pool)
        .await
        .context("while beginning a notification secret")?;
        sqlx::query_scalar(
            "select generation from notification_secrets where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_one(self.pool)
        .await
        .context("while reading which notification secret is in force")
    }

    /// Revokes the secret in force, whichever process's clock started it. Revoking it twice with the same moment
    /// revokes it once.
    pub async fn rotate_secret(&self, repository: RepositoryId, at: i64) -> anyhow::Result<()> {
        sqlx::query(
            "insert into notification_secrets (installation, repository, generation, shown, rotated_for)
             values ($1, $2, $3, 0, $3)
             on conflict (installation, repository) do update set
                 generation = case when excluded.generation > notification_secrets.generation
                     then excluded.generation else notification_secrets.generation + 1 end,
                 shown = 0,
                 rotated_for = excluded.rotated_for
             where notification_secrets.rotated_for <> excluded.rotated_for",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(at)
        .execute(self.pool)
        .await
        .context("while rotating a notification secret")?;
        Ok(())
    }

    /// Returns whether a comment may show the secret in force.
    pub async fn is_secret_shown(&self, repository: RepositoryId) -> anyhow::Result<bool> {
        let shown: Option<i64> = sqlx::query_scalar(
            "select shown from notification_secrets where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_optional(self.pool)
        .await
        .context("while looking whether a notification secret is shown")?;
        Ok(shown.is_some_and(|shown| shown != 0))
    }

    /// Records that a comment is about to show the secret in force.
    pub async fn record_secret_shown(&self, repository: RepositoryId) -> anyhow::Result<()> {
        sqlx::query(
            "update notification_secrets set shown = 1 where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .execute(self.pool)
        .await
        .context("while recording that a notification secret is shown")?;
        Ok(())
    }
}
