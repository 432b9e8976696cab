//! Whether the database takes writes: a full disk still answers every question.

use super::Store;
use anyhow::Context;

impl Store {
    /// Writes one row, always the same, and commits it.
    pub async fn beat(&self, now: i64) -> anyhow::Result<()> {
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
