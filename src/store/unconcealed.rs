//! Stores the repositories that were made public, and whose published texts may still show values.

use super::{Store, Tenant};
use crate::model::{InstallationId, RepositoryId};
use anyhow::Context;
use serde::{Deserialize, Serialize};

/// How far the search for check runs on commits that are not noted has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishedSearch {
    /// On this page of pull requests, the oldest first.
    Pulls {
        /// The page, from 1.
        page: u64,
    },
    /// On this page of the history of the default branch.
    History {
        /// The commit from which the history is listed.
        head: String,
        /// The page, from 1.
        page: u64,
    },
    /// At the end.
    Done,
}

/// The tables of a repository's published texts, whose bare ids stay when an installation ends.
const PUBLISHED_TABLES: [&str; 4] = [
    "insert into published_commits (installation, repository, commit_id, emptied)
     select distinct $2, repository, commit_id, emptied from published_commits
     where repository = $1 and installation <> $2 on conflict do nothing",
    "delete from published_commits where repository = $1 and installation <> $2",
    "insert into unconcealed (installation, repository, search)
     select distinct $2, repository, search from unconcealed
     where repository = $1 and installation <> $2 on conflict do nothing",
    "delete from unconcealed where repository = $1 and installation <> $2",
];

impl Store {
    /// Moves what former installations left of a repository's published texts to its current installation: the App was
    /// removed and installed again, or the repository has a new owner. GitHub's repository ids are global.
    pub async fn inherit_published(
        &self,
        repository: RepositoryId,
        to: InstallationId,
    ) -> anyhow::Result<()> {
        let inheriting = "while taking over what is known of a repository's texts";
        let transaction = self.transaction().await.context(inheriting)?;
        for statement in PUBLISHED_TABLES {
            sqlx::query(statement)
                .bind(repository.to_string())
                .bind(to.to_string())
                .execute(&transaction.store().pool)
                .await
                .context(inheriting)?;
        }
        transaction.commit().await.context(inheriting)
    }
}

impl Tenant<'_> {
    /// Records that a repository is public, and that its texts are about to be emptied.
    pub async fn record_unconcealed(&self, repository: RepositoryId) -> anyhow::Result<()> {
        sqlx::query(
            "insert into unconcealed (installation, repository) values ($1, $2) on conflict do nothing",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .execute(self.pool)
        .await
        .context("while recording that a repository is made public")?;
        Ok(())
    }

    /// Returns whether a published text may still show values.
    pub async fn is_unconcealed(&self, repository: RepositoryId) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select cast(1 as bigint) from unconcealed where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_optional(self.pool)
        .await
        .context("while looking whether a repository's texts are emptied")?;
        Ok(found.is_some())
    }

    /// Returns how far the search for check runs has come; its beginning where none was begun.
    pub async fn published_search(
        &self,
        repository: RepositoryId,
    ) -> anyhow::Result<PublishedSearch> {
        let kept: Option<String> = sqlx::query_scalar(
            "select search from unconcealed where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_optional(self.pool)
        .await
        .context("while looking how far a repository's check runs were searched for")?;
        let kept = kept.and_then(|kept| serde_json::from_str(&kept).ok());
        Ok(kept.unwrap_or(PublishedSearch::Pulls { page: 1 }))
    }

    /// Records how far the search for check runs has come.
    pub async fn save_published_search(
        &self,
        repository: RepositoryId,
        at: &PublishedSearch,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update unconcealed set search = $3 where installation = $1 and repository = $2",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(serde_json::to_string(at)?)
        .execute(self.pool)
        .await
        .context("while recording how far a repository's check runs were searched for")?;
        Ok(())
    }

    /// Records that no published text shows values any more, or that they may.
    pub async fn record_concealed(&self, repository: RepositoryId) -> anyhow::Result<()> {
        sqlx::query("delete from unconcealed where installation = $1 and repository = $2")
            .bind(&self.id)
            .bind(repository.to_string())
            .execute(self.pool)
            .await
            .context("while recording that a repository's texts are emptied")?;
        Ok(())
    }
}
