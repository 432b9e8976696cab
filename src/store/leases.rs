//! Who works on what: a lease keeps two jobs from one subject, and runs out if its holder dies.
//!
//! A lease is taken, renewed and looked at by the database's own clock: how far the clocks of two processes are apart
//! lets neither of them take over too early, or hold on for too long.

use super::{Store, Tenant, milliseconds};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use std::time::Duration;

/// A claim on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is claimed, such as a repository's id.
    pub subject: String,
    /// Who claims it: one run of one job.
    pub holder: String,
}

impl Store {
    /// Gives back all leases of a worker that stops: those whose holder is `WORKER/...`.
    pub async fn end_leases(&self, worker: &str) -> anyhow::Result<()> {
        sqlx::query("delete from leases where substr(holder, 1, length($1)) = $1")
            .bind(format!("{worker}/"))
            .execute(&self.pool)
            .await
            .context("while giving a worker's leases back")?;
        Ok(())
    }

    /// How many workers hold leases.
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
    /// Takes a lease that runs for some time. False while somebody else holds it.
    pub async fn take_lease(&self, lease: &Lease, time: Duration) -> anyhow::Result<bool> {
        let now = self.clock;
        let statement = format!(
            "insert into leases (installation, subject, holder, expires_at) values ($1, $2, $3, {now} + $4)
             on conflict (installation, subject) do update set
                 holder = excluded.holder, expires_at = excluded.expires_at
             where leases.expires_at <= {now}
             returning holder"
        );
        let holder: Option<String> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(&lease.subject)
            .bind(&lease.holder)
            .bind(milliseconds(time))
            .fetch_optional(self.pool)
            .await
            .context("while taking a lease")?;
        Ok(holder.is_some())
    }

    /// Renews a lease for some time from now. False where the holder no longer has it: somebody else took it, even if
    /// it was given back since. One that ran out and that nobody took is still the holder's.
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

    /// How long a lease still runs, zero where it ran out: none where the holder no longer has it.
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

    /// Gives a lease back, if it is still the holder's.
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
