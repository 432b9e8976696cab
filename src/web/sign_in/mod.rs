//! Signs people in with GitHub, and out.

mod attempt;
mod cookies;
mod forms;
mod kept;
mod rights;
mod routes;
mod seal;
mod session;
mod turns;
mod visible;
mod visitor;

pub(super) use cookies::Cookie;
pub(super) use forms::is_own_form;
pub(super) use rights::{Ownership, Rights};
pub(super) use routes::{callback, leave, show, start};
pub(super) use session::Session;
pub(super) use visible::VisibleRepositories;
pub(super) use visitor::Visitor;

use crate::config::OAuthClient;
use crate::github::UserAccess;
use crate::store::Store;
use crate::web::senders::Senders;
use attempt::Attempts;
use seal::Seal;
use secrecy::SecretString;
use session::Sessions;
use std::sync::Arc;
use turns::Turns;

/// How many codes of a sender GitHub may refuse within an hour.
const MAX_REFUSED: usize = 20;

/// The sign-in.
pub(super) struct SignIn {
    github: UserAccess,
    client_id: String,
    attempts: Attempts,
    turns: Turns,
    /// The senders of codes that GitHub refused.
    refused: Senders,
    seal: Arc<Seal>,
    /// What people see.
    pub rights: Arc<Rights>,
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
            turns: Turns::new(),
            refused: Senders::new(MAX_REFUSED),
            rights: Arc::new(Rights::new(sessions, github.clone())),
            seal,
            github,
        })
    }
}
