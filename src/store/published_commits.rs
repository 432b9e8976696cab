//! Stores the commits that have check runs.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;
use sqlx::AssertSqlSafe;

impl Tenant<'_> {
    /// Records that a check run is created for a commit.
    pub async fn record_published(
        &self,
        repository: RepositoryId,
        commit: &str,
    ) -> anyhow::Result<()> {
        let says_something = "(installation, repository, commit_id) do update set emptied = 0";
        self.insert(repository, commit, says_something).await
    }

    /// Records that a commit may have check runs from before such commits were recorded. What is known of it stays.
    pub async fn record_possibly_published(
        &self,
        repository: RepositoryId,
        commit: &str,
    ) -> anyhow::Result<()> {
        self.insert(repository, commit, "do nothing").await
    }

    /// Adds a commit; `known` is what happens to a commit that is stored already.
    async fn insert(
        &self,
        repository: RepositoryId,
        commit: &str,
        known: &'static str,
    ) -> anyhow::Result<()> {
        let statement = format!(
            "insert into published_commits (installation, repository, commit_id, emptied) values ($1, $2, $3, 0)
             on conflict {known}"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(commit)
            .execute(self.pool)
            .await
            .context("while recording where a check run is left")?;
        Ok(())
    }

    /// Returns the commits whose check runs are not emptied.
    pub async fn published_commits(&self, repository: RepositoryId) -> anyhow::Result<Vec<String>> {
        sqlx::query_scalar(
            "select commit_id from published_commits
             where installation = $1 and repository = $2 and emptied = 0 order by commit_id",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_all(self.pool)
        .await
        .context("while reading where check runs were left")
    }

    /// Records that the check runs of a commit are emptied.
    pub async fn record_emptied(
        &self,
        repository: RepositoryId,
        commit: &str,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update published_commits set emptied = 1
             where installation = $1 and repository = $2 and commit_id = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(commit)
        .execute(self.pool)
        .await
        .context("while recording that check runs are empty")?;
        Ok(())
    }
}
