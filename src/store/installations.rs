//! Stores the App's installations.

use super::Tenant;
use anyhow::Context;

/// The tables that hold an installation's rows and are emptied with it. The bare ids of commits with check runs stay:
/// the App may be installed again, and the repository be made public then.
const TABLES: &[&str] = &[
    // First, as whoever writes under a lease locks it first: neither waits for the other for ever.
    "delete from leases where installation = $1",
    "delete from installations where installation = $1",
    "delete from repositories where installation = $1",
    "delete from access_changes where installation = $1",
    "delete from waiting_scans where installation = $1",
    "delete from scans where installation = $1",
    "delete from finding_history where installation = $1",
    "delete from stack_history where installation = $1",
    "delete from proposals where installation = $1",
    "delete from decisions where installation = $1",
    "delete from stacks where installation = $1",
    "delete from dashboards where installation = $1",
    "delete from refusals where installation = $1",
    "delete from orders where installation = $1",
    "delete from accepted_differences where installation = $1",
    "delete from audit_log where installation = $1",
    "delete from lone_runs where installation = $1",
    "delete from stopped_jobs where installation = $1",
    "delete from created_content where installation = $1",
    "delete from notification_secrets where installation = $1",
    "delete from notifications where installation = $1",
    "delete from api_keys where installation = $1",
    "delete from api_key_repositories where installation = $1",
    "delete from workspaces where installation = $1",
    "delete from requested_scans where installation = $1",
    "delete from api_decisions where installation = $1",
    "delete from kept_answers where installation = $1",
    "delete from event_index where installation = $1",
    "delete from limit_locks where installation = $1",
];

/// Empties deliveries that would bring the installation back. Of processed deliveries the ids stay, so that none is
/// accepted twice.
const EMPTY_DELIVERIES: [&str; 2] = [
    "delete from deliveries where installation = $1 and state in ('open', 'taken', 'queued') and received_at < $2",
    "update deliveries set problem = '', notice = '' where installation = $1 and received_at < $2",
];

impl Tenant<'_> {
    /// Records the installation. An empty account keeps the known one.
    pub async fn record_installation(&self, account: &str, now: i64) -> anyhow::Result<()> {
        sqlx::query(
            "insert into installations (installation, account, suspended, seen_at) values ($1, $2, 0, $3)
             on conflict (installation) do update set
                 account = case when excluded.account = '' then installations.account else excluded.account end,
                 seen_at = excluded.seen_at
             where installations.suspended <> 2",
        )
        .bind(&self.id)
        .bind(account)
        .bind(now)
        .execute(self.pool)
        .await
        .context("while saving an installation")?;
        Ok(())
    }

    /// Suspends or unsuspends the installation.
    pub async fn suspend(&self, suspended: bool) -> anyhow::Result<()> {
        sqlx::query(
            "update installations set suspended = $2 where installation = $1 and suspended <> 2",
        )
        .bind(&self.id)
        .bind(i64::from(suspended))
        .execute(self.pool)
        .await
        .context("while suspending an installation")?;
        Ok(())
    }

    /// Returns whether the installation exists and is not suspended.
    pub async fn active(&self) -> anyhow::Result<bool> {
        let suspended: Option<i64> =
            sqlx::query_scalar("select suspended from installations where installation = $1")
                .bind(&self.id)
                .fetch_optional(self.pool)
                .await
                .context("while looking for an installation")?;
        Ok(suspended == Some(0))
    }

    /// Returns whether the installation exists: it was recorded, and not removed since.
    pub async fn exists(&self) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select 1 from installations where installation = $1 and suspended <> 2",
        )
        .bind(&self.id)
        .fetch_optional(self.pool)
        .await
        .context("while looking for an installation")?;
        Ok(found.is_some())
    }

    /// Returns whether the App was uninstalled.
    pub async fn is_uninstalled(&self) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select suspended from installations where installation = $1 and suspended = 2",
        )
        .bind(&self.id)
        .fetch_optional(self.pool)
        .await
        .context("while looking for an installation that is gone")?;
        Ok(found.is_some())
    }

    /// Deletes everything of the installation but the fact that it is gone (GitHub never reuses its id), and deliveries
    /// that arrived before a moment and wait.
    pub async fn delete_installation(&self, before: i64) -> anyhow::Result<()> {
        let transaction = self
            .pool
            .begin()
            .await
            .context("while starting a transaction")?;
        for statement in TABLES.iter().copied() {
            sqlx::query(statement)
                .bind(&self.id)
                .execute(transaction.handle())
                .await
                .context("while deleting an installation")?;
        }
        for statement in EMPTY_DELIVERIES {
            sqlx::query(statement)
                .bind(&self.id)
                .bind(before)
                .execute(transaction.handle())
                .await
                .context("while deleting an installation's deliveries")?;
        }
        sqlx::query(
            "insert into installations (installation, account, suspended, seen_at) values ($1, '', 2, 0)",
        )
        .bind(&self.id)
        .execute(transaction.handle())
        .await
        .context("while recording that an installation is gone")?;
        transaction
            .commit()
            .await
            .context("while deleting an installation")
    }
}
