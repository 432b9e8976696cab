//! Which scans are asked for: one row a stack, so that many pushes become one scan of the newest commit.
//!
//! The row counts what was asked and what was answered; a scan waits while the two differ. It stays when nothing
//! waits: a push that is worked on late must not bring an older commit back. Which of two is older only their processes'
//! clocks say, so no wish is dropped for that: where they come in another order, the scan is of the branch as it is then.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;

/// A wish for a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// The repository.
    pub repository: RepositoryId,
    /// The stack; none for all of the repository.
    pub stack: Option<&'a str>,
    /// The commit; none for wherever the default branch is.
    pub commit: Option<&'a str>,
    /// When it was asked for, in epoch milliseconds by the clock of the process that took it in: the newest commit wins.
    pub asked_at: i64,
}

/// A scan that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The newest commit asked for; none for wherever the default branch is.
    pub commit: Option<String>,
    /// What `answer_scan` takes back.
    asked: i64,
}

impl Tenant<'_> {
    /// Asks for a scan. One that waits already takes the newer commit. The same wish again changes nothing.
    pub async fn ask_scan(&self, request: &Request<'_>) -> anyhow::Result<()> {
        sqlx::query(
            "insert into waiting_scans (installation, repository, stack, commit_id, asked_at, asked, answered)
             values ($1, $2, $3, $4, $5, 1, 0)
             on conflict (installation, repository, stack) do update set
                 commit_id = case
                     when excluded.asked_at < waiting_scans.asked_at then ''
                     when excluded.commit_id <> '' then excluded.commit_id
                     when waiting_scans.asked > waiting_scans.answered then waiting_scans.commit_id
                     else '' end,
                 asked_at = case when excluded.asked_at > waiting_scans.asked_at
                     then excluded.asked_at else waiting_scans.asked_at end,
                 asked = waiting_scans.asked + 1
             where excluded.asked_at <> waiting_scans.asked_at or excluded.commit_id <> waiting_scans.commit_id",
        )
        .bind(&self.id)
        .bind(request.repository.to_string())
        .bind(request.stack.unwrap_or_default())
        .bind(request.commit.unwrap_or_default())
        .bind(request.asked_at)
        .execute(self.pool)
        .await
        .context("while asking for a scan")?;
        Ok(())
    }

    /// The scan that waits, if one does.
    pub async fn waiting_scan(
        &self,
        repository: RepositoryId,
        stack: Option<&str>,
    ) -> anyhow::Result<Option<Waiting>> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "select commit_id, asked from waiting_scans
             where installation = $1 and repository = $2 and stack = $3 and asked > answered",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.unwrap_or_default())
        .fetch_optional(self.pool)
        .await
        .context("while looking for a waiting scan")?;
        Ok(row.map(|(commit, asked)| Waiting {
            commit: (!commit.is_empty()).then_some(commit),
            asked,
        }))
    }

    /// A scan has been made. What was asked for since then still waits.
    pub async fn answer_scan(
        &self,
        repository: RepositoryId,
        stack: Option<&str>,
        waiting: &Waiting,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update waiting_scans set answered = $4
             where installation = $1 and repository = $2 and stack = $3 and answered < $4",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.unwrap_or_default())
        .bind(waiting.asked)
        .execute(self.pool)
        .await
        .context("while noting that a scan was made")?;
        Ok(())
    }
}
