//! Stores leases, which keep two jobs from working on the same subject, and expire if their holder dies.
//!
//! Leases are taken, renewed and checked by the database's own clock, so that skewed clocks of two processes let
//! neither take over too early, nor hold on for too long. Where that clock was ahead and was set back, what was taken then
//! would last for as long as it was ahead: such a lease counts as expired, and whoever holds one renews it in a moment.

use super::{Store, Tenant, milliseconds, too_far_ahead};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use std::time::Duration;

/// A claim on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The subject, such as a repository's id.
    pub subject: String,
    /// The holder: one run of one job.
    pub holder: String,
}

impl Store {
    /// Ends all leases of a worker that stops: those whose holder is `WORKER/...`.
    pub async fn end_leases(&self, worker: &str) -> anyhow::Result<()> {
        sqlx::query("delete from leases where substr(holder, 1, length($1)) = $1")
            .bind(format!("{worker}/"))
            .execute(&self.pool)
            .await
            .context("while giving a worker's leases back")?;
        Ok(())
    }

    /// Counts the workers that hold leases.
    pub async fn working_processes(&self) -> anyhow::Result<u32> {
        let statement = format!(
            "select holder from leases where expires_at > {}",
            self.clock
        );
        let holders: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement))
            .fetch_all(&self.pool)
            .await
            .context("while counting the workers that hold leases")?;
        let workers = holders
            .iter()
            .filter_map(|holder| Some(holder.rsplit_once('/')?.0));
        let workers: BTreeSet<_> = workers.collect();
        Ok(u32::try_from(workers.len())?)
    }
}

impl Tenant<'_> {
    /// Takes a lease for some time. Returns false while another holder has it.
    pub async fn take_lease(&self, lease: &Lease, time: Duration) -> anyhow::Result<bool> {
        let now = self.clock;
        let statement = format!(
            "insert into leases (installation, subject, holder, expires_at) values ($1, $2, $3, {now} + $4)
             on conflict (installation, subject) do update set
                 holder = excluded.holder, expires_at = excluded.expires_at
             where leases.expires_at <= {now} or leases.expires_at > {now} + $5
             returning holder"
        );
        let holder: Option<String> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(&lease.subject)
            .bind(&lease.holder)
            .bind(milliseconds(time))
            .bind(too_far_ahead(time))
            .fetch_optional(self.pool)
            .await
            .context("while taking a lease")?;
        Ok(holder.is_some())
    }

    /// Renews a lease for some time from now. Returns false where another holder took it, even if it was ended since. A
    /// lease that expired and that nobody took is still the holder's.
    pub async fn renew_lease(&self, lease: &Lease, time: Duration) -> anyhow::Result<bool> {
        let statement = format!(
            "update leases set expires_at = {} + $4 where installation = $1 and subject = $2 and holder = $3",
            self.clock
        );
        let renewed = sqlx::query(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(&lease.subject)
            .bind(&lease.holder)
            .bind(milliseconds(time))
            .execute(self.pool)
            .await
            .context("while renewing a lease")?;
        Ok(renewed.rows_affected() > 0)
    }

    /// Returns how long a lease still lasts, zero if it expired; `None` where the holder no longer has it.
    pub async fn lease_left(&self, lease: &Lease) -> anyhow::Result<Option<Duration>> {
        let statement = format!(
            "select expires_at - {} from leases where installation = $1 and subject = $2 and holder = $3",
            self.clock
        );
        let left: Option<i64> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(&lease.subject)
            .bind(&lease.holder)
            .fetch_optional(self.pool)
            .await
            .context("while looking at a lease")?;
        Ok(left.map(|left| Duration::from_millis(u64::try_from(left).unwrap_or_default())))
    }

    /// Ends a lease, if the holder still has it.
    pub async fn end_lease(&self, lease: &Lease) -> anyhow::Result<()> {
        sqlx::query("delete from leases where installation = $1 and subject = $2 and holder = $3")
            .bind(&self.id)
            .bind(&lease.subject)
            .bind(&lease.holder)
            .execute(self.pool)
            .await
            .context("while giving a lease back")?;
        Ok(())
    }
}
