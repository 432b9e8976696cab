//! Finds the orders of people that are not done yet.

use super::job::{Job, OrderOrigin, QueuedJob, RepositoryTask};
use super::storage::{QUEUE, Queue};
use crate::model::{InstallationId, RepositoryId, StackName};
use anyhow::Context;
use sqlx::AssertSqlSafe;

/// An order of a person, from a page or the API, that is not done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedOrder {
    /// The repository.
    pub repository: RepositoryId,
    /// The stack that it is about.
    pub stack: Option<StackName>,
    /// The command, without `/driftguard`.
    pub command: String,
    /// The login of the person.
    pub person: String,
    /// Where it came from.
    pub via: OrderOrigin,
    /// When it was sent, in epoch milliseconds.
    pub at: i64,
}

impl Queue {
    /// Returns orders of an installation, or of one of its repositories, that wait or are being done, the oldest first.
    pub async fn waiting_orders(
        &self,
        installation: InstallationId,
        repository: Option<RepositoryId>,
        most: u32,
    ) -> anyhow::Result<Vec<QueuedOrder>> {
        // Of all that waits, so that nothing of other jobs is parsed.
        const CHOSEN: &str = "where job_type = $1 and idempotency_key like $2
             and status in ('Pending', 'Queued', 'Running', 'Failed') and done_at is null order by run_at, id limit $3";
        let keys = match repository {
            Some(repository) => format!("order/{installation}/{repository}/%"),
            None => format!("order/{installation}/%"),
        };
        let most = i64::from(most);
        let rows: Vec<Vec<u8>> = match self {
            Self::Sqlite(pool) => {
                let statement = AssertSqlSafe(format!("select job from Jobs {CHOSEN}"));
                let rows = sqlx::query_scalar(statement).bind(QUEUE).bind(keys);
                rows.bind(most).fetch_all(pool).await
            }
            Self::Postgres(pool) => {
                let statement = AssertSqlSafe(format!("select job from apalis.jobs {CHOSEN}"));
                let rows = sqlx::query_scalar(statement).bind(QUEUE).bind(keys);
                rows.bind(most).fetch_all(pool).await
            }
        }
        .context("while looking for orders that are not done")?;
        let queued = rows
            .iter()
            .filter_map(|job| serde_json::from_slice(job).ok());
        Ok(queued.filter_map(order).collect())
    }
}

fn order(queued: QueuedJob) -> Option<QueuedOrder> {
    let Job::Task {
        repository,
        task:
            RepositoryTask::Order {
                command,
                person,
                at,
                via,
                stack,
                ..
            },
        ..
    } = queued.job
    else {
        return None;
    };
    Some(QueuedOrder {
        repository,
        stack,
        command,
        person,
        via,
        at,
    })
}
