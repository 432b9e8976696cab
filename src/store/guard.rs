//! Guards statements by a lease: they change rows while its holder has it, or not at all.
//!
//! A process may be paused at any point, and resume when another process holds the lease. So the lease is checked in
//! the very transaction that writes: until that ends, nobody can take it.

use super::Lease;
use super::handle::{Handle, QueryStep, StartedTransaction};
use futures::TryStreamExt;
use sqlx::{Any, Execute, Executor};
use std::sync::Arc;

/// The lease that a statement needs has another holder, or none.
#[derive(Debug, thiserror::Error)]
#[error("the lease on {0} was lost, so nothing more is written for it")]
pub struct LeaseLost(String);

/// A handle whose writes a lease guards.
#[derive(Debug)]
pub(super) struct Guarded {
    handle: Handle,
    installation: String,
    lease: Lease,
}

impl Guarded {
    /// Guards a handle by an installation's lease.
    pub(super) fn new(handle: Handle, installation: String, lease: Lease) -> Arc<Self> {
        Arc::new(Self {
            handle,
            installation,
            lease,
        })
    }

    /// Returns the handle that is guarded.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Begins a transaction during which nobody else can take the lease.
    pub(super) async fn begin(&self) -> sqlx::Result<StartedTransaction> {
        let begun = Box::pin(self.handle.begin()).await?;
        // To write the row locks it on PostgreSQL as on SQLite. One that ran out and that nobody took is still held.
        let held = sqlx::query(
            "update leases set holder = holder where installation = $1 and subject = $2 and holder = $3",
        )
        .bind(&self.installation)
        .bind(&self.lease.subject)
        .bind(&self.lease.holder)
        .execute(begun.handle())
        .await?;
        match held.rows_affected() {
            0 => {
                let lost = LeaseLost(self.lease.subject.clone());
                Err(sqlx::Error::AnyDriverError(Box::new(lost)))
            }
            _ => Ok(begun),
        }
    }

    /// Runs a statement: as it is if it only reads, else in such a transaction.
    pub(super) async fn run<'q, E>(&self, mut query: E) -> sqlx::Result<Vec<QueryStep>>
    where
        E: Execute<'q, Any>,
    {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        let statement = query.sql();
        let reads = statement.as_str().trim_start().starts_with("select ");
        let query = (statement, arguments);
        if reads {
            return self.handle.fetch_many(query).try_collect().await;
        }
        let begun = self.begin().await?;
        let steps = begun.handle().fetch_many(query).try_collect().await?;
        begun.commit().await?;
        Ok(steps)
    }
}
