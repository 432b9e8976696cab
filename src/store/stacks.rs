//! Stores the stacks of each repository, with their schedules.

use super::{Store, Tenant};
use crate::model::{InstallationId, RepositoryId, StackName};
use anyhow::Context;

/// A stack on the default branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSchedule {
    /// The stack's name.
    pub stack: StackName,
    /// The schedule that `next_at` was computed from: a changed schedule is computed anew.
    pub schedule: String,
    /// When the stack is due, in epoch milliseconds; `None` where only pushes and people start a scan.
    pub next_at: Option<i64>,
}

/// A scan that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueScan {
    /// The installation.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// The stack.
    pub stack: StackName,
    /// The stack's schedule.
    pub schedule: String,
    /// When the scan was due, in epoch milliseconds.
    pub slot: i64,
}

type DueRow = (String, String, String, String, i64);

impl Store {
    /// Returns the scans of all installations that are due, the longest waiting first, 1,000 at most: for the
    /// scheduler, which only enqueues them. Suspended installations are left out.
    pub async fn due(&self, now: i64) -> anyhow::Result<Vec<DueScan>> {
        let rows: Vec<DueRow> = sqlx::query_as(
            "select stacks.installation, stacks.repository, stacks.stack, stacks.schedule, stacks.next_at
             from stacks join installations on installations.installation = stacks.installation
             where stacks.next_at > 0 and stacks.next_at <= $1 and installations.suspended = 0
             order by stacks.next_at limit 1000",
        )
        .bind(now)
        .fetch_all(&self.pool)
        .await
        .context("while looking for scans that are due")?;
        Ok(rows.into_iter().filter_map(due).collect())
    }

    /// Returns the scans of all installations that are due only after a moment, 500 at most, in an order of their own:
    /// those behind the last one of the page before.
    pub async fn due_after(
        &self,
        moment: i64,
        behind: Option<&DueScan>,
    ) -> anyhow::Result<Vec<DueScan>> {
        let text = |of: fn(&DueScan) -> String| behind.map(of).unwrap_or_default();
        let rows: Vec<DueRow> = sqlx::query_as(
            "select installation, repository, stack, schedule, next_at from stacks
             where next_at > $1 and (installation, repository, stack) > ($2, $3, $4)
             order by installation, repository, stack limit 500",
        )
        .bind(moment)
        .bind(text(|scan| scan.installation.to_string()))
        .bind(text(|scan| scan.repository.to_string()))
        .bind(text(|scan| scan.stack.to_string()))
        .fetch_all(&self.pool)
        .await
        .context("while looking for scans that are due later")?;
        Ok(rows.into_iter().filter_map(due).collect())
    }
}

impl Tenant<'_> {
    /// Stores a stack and its schedule.
    pub async fn save_stack(
        &self,
        repository: RepositoryId,
        scheduled: &StackSchedule,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "insert into stacks (installation, repository, stack, schedule, next_at) values ($1, $2, $3, $4, $5)
             on conflict (installation, repository, stack) do update set
                 schedule = excluded.schedule, next_at = excluded.next_at",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(scheduled.stack.as_str())
        .bind(&scheduled.schedule)
        .bind(scheduled.next_at.unwrap_or_default())
        .execute(self.pool)
        .await
        .context("while saving a stack")?;
        Ok(())
    }

    /// Sets a stack's next scan, unless another process has.
    pub async fn reschedule(&self, due: &DueScan, next_at: Option<i64>) -> anyhow::Result<()> {
        sqlx::query(
            "update stacks set next_at = $5
             where installation = $1 and repository = $2 and stack = $3 and next_at = $4",
        )
        .bind(&self.id)
        .bind(due.repository.to_string())
        .bind(due.stack.as_str())
        .bind(due.slot)
        .bind(next_at.unwrap_or_default())
        .execute(self.pool)
        .await
        .context("while setting a stack's next scan")?;
        Ok(())
    }

    /// Has a stack scanned at a time, unless it is due before; a repetition changes nothing.
    pub async fn scan_by(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        at: i64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update stacks set next_at = $4
             where installation = $1 and repository = $2 and stack = $3 and (next_at <= 0 or next_at > $4)",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.as_str())
        .bind(at)
        .execute(self.pool)
        .await
        .context("while bringing a stack's next scan forward")?;
        Ok(())
    }

    /// Returns the stacks of a repository, by name.
    pub async fn stacks(&self, repository: RepositoryId) -> anyhow::Result<Vec<StackSchedule>> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "select stack, schedule, next_at from stacks
             where installation = $1 and repository = $2 order by stack",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_all(self.pool)
        .await
        .context("while reading a repository's stacks")?;
        let read = |(stack, schedule, next_at): (String, String, i64)| {
            Some(StackSchedule {
                stack: StackName::new(&stack)?,
                schedule,
                next_at: (next_at > 0).then_some(next_at),
            })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Clears the next scans of an archived repository's stacks.
    pub async fn unschedule(&self, repository: RepositoryId) -> anyhow::Result<()> {
        sqlx::query("delete from stacks where installation = $1 and repository = $2")
            .bind(&self.id)
            .bind(repository.to_string())
            .execute(self.pool)
            .await
            .context("while deleting a repository's schedule")?;
        Ok(())
    }

    /// Returns the repositories that have a stack.
    pub async fn repositories_with_stacks(&self) -> anyhow::Result<Vec<RepositoryId>> {
        let rows: Vec<String> = sqlx::query_scalar(
            "select distinct repository from stacks where installation = $1 and repository <> '0'",
        )
        .bind(&self.id)
        .fetch_all(self.pool)
        .await
        .context("while looking for repositories with stacks")?;
        let ids = rows.iter().filter_map(|id| id.parse().ok());
        Ok(ids.map(RepositoryId).collect())
    }

    /// Deletes a stack that is no longer on the default branch, with its scans and decisions.
    pub async fn delete_stack(
        &self,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<()> {
        for statement in [
            "delete from stacks where installation = $1 and repository = $2 and stack = $3",
            "delete from scans where installation = $1 and repository = $2 and stack = $3",
            "delete from finding_history where installation = $1 and repository = $2 and stack = $3",
            "delete from stack_history where installation = $1 and repository = $2 and stack = $3",
            "delete from accepted_differences where installation = $1 and repository = $2 and stack = $3",
            "delete from decisions where installation = $1 and repository = $2 and stack = $3",
            "delete from event_index where installation = $1 and repository = $2 and stack = $3",
            "delete from requested_scans where installation = $1 and repository = $2 and stack = $3",
            "delete from api_decisions where installation = $1 and repository = $2 and stack = $3",
        ] {
            sqlx::query(statement)
                .bind(&self.id)
                .bind(repository.to_string())
                .bind(stack.as_str())
                .execute(self.pool)
                .await
                .context("while deleting a stack")?;
        }
        Ok(())
    }
}

fn due((installation, repository, stack, schedule, slot): DueRow) -> Option<DueScan> {
    Some(DueScan {
        installation: InstallationId(installation.parse().ok()?),
        repository: RepositoryId(repository.parse().ok()?),
        stack: StackName::new(&stack)?,
        schedule,
        slot,
    })
}
