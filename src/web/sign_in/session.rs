//! The sessions of people: an id in a cookie, its hash and GitHub's token, sealed, in the database.

use super::seal::{Seal, hashed};
use crate::github::{Person, UserAccess, UserAccessError, UserToken};
use crate::store::{SessionRecord, Store};
use crate::web::page_error::PageError;
use crate::web::random::{could_be, unguessable};
use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// How long a session lasts at most.
pub(super) const LIFE: Duration = Duration::from_secs(8 * 60 * 60);
/// How many sessions a person has at most; the oldest ends first.
const MAX_SESSIONS: u32 = 20;
/// A token that ends sooner than this is renewed before it is used.
const MARGIN: i64 = 60 * 1_000;

/// A person's session.
#[derive(Debug, Clone)]
pub(in crate::web) struct Session {
    /// The hash of the id: the key of its row.
    pub key: String,
    /// GitHub's id of the person.
    pub person: u64,
    /// The person's login.
    pub login: String,
    /// The token of the session's forms.
    pub form_token: String,
}

/// GitHub's token as it is sealed.
#[derive(Serialize, Deserialize)]
struct TokenFields {
    access: String,
    /// In epoch milliseconds; 0 where it does not expire.
    expires_at: i64,
    /// Empty where there is none.
    refresh: String,
}

/// The sessions of people.
pub(in crate::web) struct Sessions {
    store: Store,
    github: UserAccess,
    seal: Arc<Seal>,
}

impl Sessions {
    pub(super) fn new(store: Store, github: UserAccess, seal: Arc<Seal>) -> Self {
        Self {
            store,
            github,
            seal,
        }
    }

    /// Starts a session, and returns what the cookie holds; `None` where the state of the sign-in was used before.
    pub(super) async fn start(
        &self,
        state: &str,
        person: &Person,
        token: &UserToken,
        now: i64,
    ) -> anyhow::Result<Option<String>> {
        let id = unguessable()?;
        let session = hashed(&id);
        let record = SessionRecord {
            attempt: hashed(state),
            person: person.id,
            login: person.login.clone(),
            token: self.sealed(token, now, &bound_to(&session, person.id))?,
            begun_at: now,
            expires_at: now + milliseconds(LIFE),
            session,
        };
        let is_new = self.store.add_session(&record, MAX_SESSIONS).await?;
        Ok(is_new.then_some(id))
    }

    /// Returns the session of a cookie. One that was sealed with another key is over.
    pub(super) async fn find(&self, id: &str, now: i64) -> anyhow::Result<Option<Session>> {
        if !could_be(id) {
            return Ok(None);
        }
        let key = hashed(id);
        let Some(record) = self.store.session(&key, now).await? else {
            return Ok(None);
        };
        if self.opened(&record).is_none() {
            self.store.delete_session(&key).await?;
            return Ok(None);
        }
        Ok(Some(Session {
            form_token: self.seal.form_token(id),
            person: record.person,
            login: record.login,
            key,
        }))
    }

    /// Returns GitHub's token of a session, renewed where it ends. The caller renews a session once at a time.
    pub(super) async fn token(
        &self,
        session: &Session,
        now: i64,
    ) -> Result<SecretString, PageError> {
        let (record, token) = self.current(session, now).await?;
        if token.expires_at == 0 || now + MARGIN < token.expires_at {
            return Ok(token.access.into());
        }
        if token.refresh.is_empty() {
            self.store.delete_session(&session.key).await?;
            return Err(PageError::SignedOut);
        }
        match self.github.refresh(&token.refresh.into()).await {
            Ok(renewed) => {
                let bound = bound_to(&record.session, record.person);
                let sealed = self.sealed(&renewed, now, &bound)?;
                let known = &record.token;
                self.store
                    .renew_session(&session.key, known, &sealed)
                    .await?;
                Ok(renewed.access)
            }
            // Another process may have used the refresh token.
            Err(UserAccessError::Refused(_)) => {
                let (latest, token) = self.current(session, now).await?;
                if latest.token != record.token {
                    return Ok(token.access.into());
                }
                self.store.delete_session(&session.key).await?;
                Err(PageError::SignedOut)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session, here at once and then at GitHub.
    pub(super) async fn end(&self, session: &Session, now: i64) -> anyhow::Result<()> {
        let record = self.store.session(&session.key, now).await?;
        self.store.delete_session(&session.key).await?;
        let token = record.and_then(|record| self.opened(&record));
        if let Some(token) = token {
            self.revoke(&token.access.into()).await;
        }
        Ok(())
    }

    /// Revokes a token at GitHub.
    pub(super) async fn revoke(&self, token: &SecretString) {
        if let Err(error) = self.github.revoke(token).await {
            tracing::warn!(%error, "a token could not be revoked at GitHub, it ends by itself");
        }
    }

    /// Ends a session whose token GitHub no longer accepts.
    pub(super) async fn forget(&self, session: &Session) -> anyhow::Result<()> {
        self.store.delete_session(&session.key).await
    }

    async fn current(
        &self,
        session: &Session,
        now: i64,
    ) -> Result<(SessionRecord, TokenFields), PageError> {
        let record = self.store.session(&session.key, now).await?;
        let record = record.ok_or(PageError::SignedOut)?;
        let token = self.opened(&record).ok_or(PageError::SignedOut)?;
        Ok((record, token))
    }

    fn sealed(&self, token: &UserToken, now: i64, bound: &str) -> anyhow::Result<String> {
        let lifetime = token.lifetime.map(milliseconds);
        let refresh = token.refresh.as_ref().map(ExposeSecret::expose_secret);
        let fields = TokenFields {
            access: token.access.expose_secret().to_owned(),
            expires_at: lifetime.map_or(0, |life| now.saturating_add(life)),
            refresh: refresh.unwrap_or_default().to_owned(),
        };
        let text = serde_json::to_string(&fields).context("while writing a token")?;
        self.seal.seal(&text, bound)
    }

    fn opened(&self, record: &SessionRecord) -> Option<TokenFields> {
        let bound = bound_to(&record.session, record.person);
        let text = self.seal.open(&record.token, &bound)?;
        serde_json::from_str(text.expose_secret()).ok()
    }
}

/// Returns what the seal of a session's token is bound to: it opens in no other row.
fn bound_to(session: &str, person: u64) -> String {
    format!("session/{session}/{person}")
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
