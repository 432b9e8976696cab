//! Stores notifications until they are posted.

use super::old_rows::OldRows;
use super::{Store, Tenant};
use crate::model::RepositoryId;
use anyhow::Context;
use serde::{Deserialize, Serialize};

/// A notification about findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The URL to post to.
    pub url: String,
    /// The id, the same for each attempt.
    pub id: String,
    /// The body, as it is signed.
    pub body: String,
}

impl Store {
    /// Deletes notifications stored before a moment: they were given up, and their job never ran.
    pub async fn delete_notifications(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "notifications",
            key: "installation, repository, notification",
            condition: "kept_at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Stores a notification until it is posted.
    pub async fn save_notification(
        &self,
        repository: RepositoryId,
        notification: &Notification,
        now: i64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "insert into notifications (installation, repository, notification, url, body, kept_at)
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(&notification.id)
        .bind(&notification.url)
        .bind(&notification.body)
        .bind(now)
        .execute(self.pool)
        .await
        .context("while saving a notification")?;
        Ok(())
    }

    /// Returns a notification that is still to be posted.
    pub async fn notification(
        &self,
        repository: RepositoryId,
        id: &str,
    ) -> anyhow::Result<Option<Notification>> {
        let row: Option<(String, String)> = sqlx::query_as(
            "select url, body from notifications where installation = $1 and repository = $2 and notification = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(id)
        .fetch_optional(self.pool)
        .await
        .context("while reading a notification")?;
        Ok(row.map(|(url, body)| Notification {
            url,
            id: id.to_owned(),
            body,
        }))
    }

    /// Deletes a posted notification.
    pub async fn delete_notification(
        &self,
        repository: RepositoryId,
        id: &str,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "delete from notifications where installation = $1 and repository = $2 and notification = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(id)
        .execute(self.pool)
        .await
        .context("while deleting a notification")?;
        Ok(())
    }
}
