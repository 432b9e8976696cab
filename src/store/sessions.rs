//! Stores the sessions of people who are signed in to the pages.

use super::Store;
use super::old_rows::OldRows;
use anyhow::Context;

/// A session of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The SHA-256 of the id that the person's cookie holds.
    pub session: String,
    /// The SHA-256 of the state of the sign-in, which is used once.
    pub attempt: String,
    /// GitHub's id of the person.
    pub person: u64,
    /// The person's login.
    pub login: String,
    /// GitHub's token, sealed.
    pub token: String,
    /// When the person signed in, in epoch milliseconds.
    pub begun_at: i64,
    /// When the session ends, in epoch milliseconds.
    pub expires_at: i64,
}

type Row = (String, String, String, String, String, i64, i64);

impl Store {
    /// Stores a new session, and deletes all but the newest ones of its person. Returns false, and stores nothing, where
    /// the sign-in was used before.
    pub async fn add_session(&self, session: &SessionRecord, kept: u32) -> anyhow::Result<bool> {
        let transaction = self.pool.begin().await;
        let transaction = transaction.context("while starting a transaction")?;
        let person = session.person.to_string();
        let done = sqlx::query(
            "insert into sessions (session, attempt, person, login, token, begun_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        )
        .bind(&session.session)
        .bind(&session.attempt)
        .bind(&person)
        .bind(&session.login)
        .bind(&session.token)
        .bind(session.begun_at)
        .bind(session.expires_at)
        .execute(transaction.handle())
        .await
        .context("while saving a session")?;
        sqlx::query(
            "delete from sessions where person = $1 and begun_at < (
                 select coalesce(min(newest.begun_at), 0) from (
                     select begun_at from sessions where person = $1 order by begun_at desc limit $2) as newest)",
        )
        .bind(&person)
        .bind(i64::from(kept))
        .execute(transaction.handle())
        .await
        .context("while deleting a person's old sessions")?;
        transaction
            .commit()
            .await
            .context("while saving a session")?;
        Ok(done.rows_affected() == 1)
    }

    /// Returns a session that has not ended.
    pub async fn session(&self, session: &str, now: i64) -> anyhow::Result<Option<SessionRecord>> {
        let row: Option<Row> = sqlx::query_as(
            "select session, attempt, person, login, token, begun_at, expires_at from sessions
             where session = $1 and expires_at > $2",
        )
        .bind(session)
        .bind(now)
        .fetch_optional(&self.pool)
        .await
        .context("while reading a session")?;
        Ok(row.and_then(record))
    }

    /// Stores a renewed token, unless another process did so meanwhile. Returns whether it was stored.
    pub async fn renew_session(
        &self,
        session: &str,
        known: &str,
        token: &str,
    ) -> anyhow::Result<bool> {
        let done = sqlx::query("update sessions set token = $3 where session = $1 and token = $2")
            .bind(session)
            .bind(known)
            .bind(token)
            .execute(&self.pool)
            .await
            .context("while renewing a session")?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends a session.
    pub async fn delete_session(&self, session: &str) -> anyhow::Result<()> {
        sqlx::query("delete from sessions where session = $1")
            .bind(session)
            .execute(&self.pool)
            .await
            .context("while ending a session")?;
        Ok(())
    }

    /// Deletes the sessions that ended before a moment.
    pub async fn delete_sessions(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "sessions",
            key: "session",
            condition: "expires_at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

fn record(row: Row) -> Option<SessionRecord> {
    let (session, attempt, person, login, token, begun_at, expires_at) = row;
    Some(SessionRecord {
        session,
        attempt,
        person: person.parse().ok()?,
        login,
        token,
        begun_at,
        expires_at,
    })
}
