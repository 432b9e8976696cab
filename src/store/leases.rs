//! Who works on what: a lease keeps two jobs from one subject, and runs out if its holder dies.

use super::{Store, Tenant};
use anyhow::Context;

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
}

impl Tenant<'_> {
    /// Takes or renews a lease until a moment. False while somebody else holds it.
    pub async fn take_lease(&self, lease: &Lease, now: i64, until: i64) -> anyhow::Result<bool> {
        let holder: Option<String> = sqlx::query_scalar(
            "insert into leases (installation, subject, holder, expires_at) values ($1, $2, $3, $4)
             on conflict (installation, subject) do update set
                 holder = excluded.holder, expires_at = excluded.expires_at
             where leases.holder = excluded.holder or leases.expires_at <= $5
             returning holder",
        )
        .bind(&self.id)
        .bind(&lease.subject)
        .bind(&lease.holder)
        .bind(until)
        .bind(now)
        .fetch_optional(self.pool)
        .await
        .context("while taking a lease")?;
        Ok(holder.is_some())
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
