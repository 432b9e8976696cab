//! Finds what cannot be scanned: stacks, and whole repositories.

use super::{Tenant, storable};
use crate::model::{RepositoryId, StackName, StackSummary, masked};
use anyhow::Context;

/// A stack whose last scan failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingStack {
    /// The repository.
    pub repository: RepositoryId,
    /// The stack.
    pub stack: StackName,
    /// Since when no scan completed, in epoch milliseconds.
    pub since: i64,
    /// Why the last scan failed.
    pub problem: String,
}

/// Why nothing of a repository can be scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryProblem {
    /// The repository.
    pub repository: RepositoryId,
    /// Since when, in epoch milliseconds.
    pub since: i64,
    /// The mistake in the settings, or why the stacks could not be told.
    pub problem: String,
}

type StackRow = (String, String, String, i64, i64);

impl Tenant<'_> {
    /// Returns the stacks whose last scan failed, of one repository or of all.
    pub async fn failing_stacks(
        &self,
        repository: Option<RepositoryId>,
        most: u32,
    ) -> anyhow::Result<Vec<FailingStack>> {
        // Of a stack that was not scanned yet there is no summary.
        let rows: Vec<StackRow> = sqlx::query_as(
            "select repository, stack, summary, failing_since, scanned_at from stacks
             where installation = $1 and urgency_rank = 0 and summary <> '' and ($2 = '' or repository = $2)
             order by repository, stack limit $3",
        )
        .bind(&self.id)
        .bind(repository.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while looking for stacks that cannot be scanned")?;
        Ok(rows.into_iter().filter_map(failing).collect())
    }

    /// Records why nothing of a repository can be scanned, or that it can be again: `None`. `at` is when that was found,
    /// in epoch milliseconds.
    pub async fn save_repository_problem(
        &self,
        repository: RepositoryId,
        problem: Option<&str>,
        at: i64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update repositories set problem = $3,
                 problem_since = case when $3 = '' then 0 when problem = '' then $4 else problem_since end
             where installation = $1 and repository = $2 and problem <> $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(storable(&masked(problem.unwrap_or_default())))
        .bind(at)
        .execute(self.pool)
        .await
        .context("while recording whether a repository can be scanned")?;
        Ok(())
    }

    /// Returns the repositories of which nothing can be scanned: one of them, or all.
    pub async fn repository_problems(
        &self,
        repository: Option<RepositoryId>,
    ) -> anyhow::Result<Vec<RepositoryProblem>> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "select repository, problem, problem_since from repositories
             where installation = $1 and problem <> '' and ($2 = '' or repository = $2) order by repository",
        )
        .bind(&self.id)
        .bind(repository.map(|id| id.to_string()).unwrap_or_default())
        .fetch_all(self.pool)
        .await
        .context("while looking for repositories that cannot be scanned")?;
        let known = |(repository, problem, since): (String, String, i64)| {
            Some(RepositoryProblem {
                repository: RepositoryId(repository.parse().ok()?),
                since,
                problem,
            })
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }
}

fn failing((repository, stack, summary, since, scanned_at): StackRow) -> Option<FailingStack> {
    let summary: StackSummary = serde_json::from_str(&summary).ok()?;
    Some(FailingStack {
        repository: RepositoryId(repository.parse().ok()?),
        stack: StackName::new(&stack)?,
        // An earlier version kept only when it was last tried.
        since: if since > 0 { since } else { scanned_at },
        problem: summary.error?,
    })
}
