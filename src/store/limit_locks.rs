//! Locks what an installation may have a limited number of: two that are added at the same moment are counted one after
//! the other.

use super::handle::StartedTransaction;
use anyhow::Context;

/// Waits until no other transaction adds something limited to the installation, and keeps others waiting until this one
/// ends: what is counted from here on stays so. On SQLite, where one transaction writes at a time, that is so already.
pub(super) async fn lock_limits(
    transaction: &StartedTransaction,
    installation: &str,
) -> anyhow::Result<()> {
    sqlx::query(
        "insert into limit_locks (installation) values ($1)
         on conflict (installation) do update set installation = excluded.installation",
    )
    .bind(installation.to_owned())
    .execute(transaction.handle())
    .await
    .context("while locking the limits of an installation")?;
    Ok(())
}
