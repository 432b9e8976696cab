//! Signs people in with GitHub, and out.

mod attempt;
mod cookies;
mod rights;
mod routes;
mod seal;
mod session;
mod visitor;

pub(super) use cookies::Cookie;
pub(super) use rights::{Rights, VisibleRepositories};
pub(super) use routes::{callback, leave, show, start};
pub(super) use session::{AccessError, Session};
pub(super) use visitor::Visitor;

use crate::config::OAuthClient;
use crate::github::UserAccess;
use crate::store::Store;
use attempt::Attempts;
use seal::Seal;
use secrecy::SecretString;
use session::Sessions;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many codes are exchanged at once; beyond, a browser is asked to come back.
const MAX_EXCHANGES: usize = 8;

/// The sign-in.
pub(super) struct SignIn {
    github: UserAccess,
    client_id: String,
    attempts: Attempts,
    exchanges: Semaphore,
    seal: Arc<Seal>,
    /// What people see.
    pub rights: Rights,
}

impl SignIn {
    /// Prepares the sign-in of an App's client.
    pub fn new(
        client: &OAuthClient,
        secret_key: &SecretString,
        store: Store,
        github: UserAccess,
    ) -> anyhow::Result<Self> {
        let seal = Arc::new(Seal::new(secret_key)?);
        let sessions = Sessions::new(store, github.clone(), seal.clone());
        Ok(Self {
            client_id: client.id.clone(),
            attempts: Attempts::new(seal.clone()),
            exchanges: Semaphore::new(MAX_EXCHANGES),
            rights: Rights::new(sessions, github.clone()),
            seal,
            github,
        })
    }
}
