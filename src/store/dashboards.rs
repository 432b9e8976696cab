//! Stores the issue number of each repository's dashboard.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;

impl Tenant<'_> {
    /// Stores the dashboard's issue number.
    pub async fn save_dashboard(
        &self,
        repository: RepositoryId,
        number: u64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "insert into dashboards (installation, repository, number) values ($1, $2, $3)
             on conflict (installation, repository) do update set number = excluded.number",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(i64::try_from(number).context("an issue's number is too large")?)
        .execute(self.pool)
        .await
        .context("while recording a dashboard")?;
        Ok(())
    }

    /// Returns the dashboard's issue number, if there is a dashboard.
    pub async fn dashboard(&self, repository: RepositoryId) -> anyhow::Result<Option<u64>> {
        let number: Option<i64> = sqlx::query_scalar(
            "select number from dashboards where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_optional(self.pool)
        .await
        .context("while looking for a dashboard")?;
        Ok(number.and_then(|number| u64::try_from(number).ok()))
    }
}
