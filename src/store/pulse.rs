//! Checks whether the database accepts writes: with a full disk it still answers every query.

use super::Store;
use anyhow::Context;

impl Store {
    /// Writes and commits one row, always the same.
    pub async fn check_writable(&self, now: i64) -> anyhow::Result<()> {
        sqlx::query(
            "insert into pulse (id, beat_at) values (1, $1)
             on conflict (id) do update set beat_at = excluded.beat_at",
        )
        .bind(now)
        .execute(&self.pool)
        .await
        .context("the database takes no writes")?;
        Ok(())
    }
}
