//! Binds the owner names of `DRIFTGUARD_AWS_AMBIENT` to the accounts that were first seen under them.

use super::Store;
use anyhow::Context;

impl Store {
    /// Returns the account id that a name is bound to.
    pub async fn ambient_owner(&self, name: &str) -> anyhow::Result<Option<u64>> {
        let owner: Option<String> =
            sqlx::query_scalar("select owner from ambient_owners where name = $1")
                .bind(name)
                .fetch_optional(&self.pool)
                .await
                .context("while reading whom a name means")?;
        Ok(owner.and_then(|owner| owner.parse().ok()))
    }

    /// Binds a name to an account unless it is bound, and returns the account that it is bound to.
    pub async fn bind_ambient_owner(&self, name: &str, owner: u64) -> anyhow::Result<Option<u64>> {
        sqlx::query(
            "insert into ambient_owners (name, owner) values ($1, $2) on conflict (name) do nothing",
        )
        .bind(name)
        .bind(owner.to_string())
        .execute(&self.pool)
        .await
        .context("while recording whom a name means")?;
        self.ambient_owner(name).await
    }

    /// Counts the accounts that installed the App.
    pub async fn installed_accounts(&self) -> anyhow::Result<i64> {
        sqlx::query_scalar("select count(*) from installations where suspended <> 2")
            .fetch_one(&self.pool)
            .await
            .context("while counting the installations")
    }
}
