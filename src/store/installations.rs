//! Who DriftGuard works for.

use super::Tenant;
use anyhow::Context;

/// The tables that hold an installation's rows, and go with it. Deliveries are emptied as they are closed.
const TABLES: [&str; 6] = [
    "delete from installations where installation = $1",
    "delete from repositories where installation = $1",
    "delete from waiting_scans where installation = $1",
    "delete from leases where installation = $1",
    "delete from scans where installation = $1",
    "delete from proposals where installation = $1",
];

impl Tenant<'_> {
    /// Remembers the installation. An account that the delivery did not tell leaves the known one.
    pub async fn learn(&self, account: &str, now: i64) -> anyhow::Result<()> {
        sqlx::query(
            "insert into installations (installation, account, suspended, seen_at) values ($1, $2, 0, $3)
             on conflict (installation) do update set
                 account = case when excluded.account = '' then installations.account else excluded.account end,
                 seen_at = excluded.seen_at",
        )
        .bind(&self.id)
        .bind(account)
        .bind(now)
        .execute(self.pool)
        .await
        .context("while remembering an installation")?;
        Ok(())
    }

    /// Suspends it, or takes it up again.
    pub async fn suspend(&self, suspended: bool) -> anyhow::Result<()> {
        sqlx::query("update installations set suspended = $2 where installation = $1")
            .bind(&self.id)
            .bind(i64::from(suspended))
            .execute(self.pool)
            .await
            .context("while suspending an installation")?;
        Ok(())
    }

    /// Whether it is installed and not suspended.
    pub async fn active(&self) -> anyhow::Result<bool> {
        let suspended: Option<i64> =
            sqlx::query_scalar("select suspended from installations where installation = $1")
                .bind(&self.id)
                .fetch_optional(self.pool)
                .await
                .context("while looking for an installation")?;
        Ok(suspended == Some(0))
    }

    /// Deletes all that is stored of it.
    pub async fn forget(&self) -> anyhow::Result<()> {
        let mut transaction = self
            .pool
            .begin()
            .await
            .context("while starting a transaction")?;
        for statement in TABLES {
            sqlx::query(statement)
                .bind(&self.id)
                .execute(&mut *transaction)
                .await
                .context("while forgetting an installation")?;
        }
        transaction
            .commit()
            .await
            .context("while forgetting an installation")
    }
}
