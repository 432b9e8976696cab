//! Stores who was told that they may not use commands.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;

impl Tenant<'_> {
    /// Returns whether a person was told so on this issue or pull request.
    pub async fn is_refused(
        &self,
        repository: RepositoryId,
        issue: u64,
        person: &str,
    ) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select 1 from refusals where installation = $1 and repository = $2 and issue = $3 and person = $4",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(i64::try_from(issue).unwrap_or_default())
        .bind(person.to_ascii_lowercase())
        .fetch_optional(self.pool)
        .await
        .context("while looking for a refusal")?;
        Ok(found.is_some())
    }

    /// Records that a person was told so.
    pub async fn record_refusal(
        &self,
        repository: RepositoryId,
        issue: u64,
        person: &str,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "insert into refusals (installation, repository, issue, person) values ($1, $2, $3, $4)
             on conflict do nothing",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(i64::try_from(issue).unwrap_or_default())
        .bind(person.to_ascii_lowercase())
        .execute(self.pool)
        .await
        .context("while recording a refusal")?;
        Ok(())
    }
}
