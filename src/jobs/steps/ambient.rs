//! Decides whether the server's own AWS credentials read a repository that names no role.

use crate::config::{Ambient, AmbientOwner};
use crate::store::Store;

/// The GitHub account that owns a repository.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// GitHub's id of the account, which survives a change of the login.
    pub id: u64,
    /// The current login, in lower case.
    pub login: &'a str,
}

/// The name under which the first account is stored. It is no login, since those of digits alone are taken as ids.
const FIRST: &str = "1";

/// Returns whether the server's own credentials are for an account. A login means the account that was first seen with
/// it, so that whoever takes over the login does not inherit the credentials.
pub async fn serves(ambient: &Ambient, store: &Store, owner: Owner<'_>) -> anyhow::Result<bool> {
    match ambient {
        Ambient::Off => Ok(false),
        Ambient::First => serves_first(store, owner).await,
        Ambient::Owners(owners) => {
            for named in owners {
                if is_named(named, store, owner).await? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// Returns whether the operator names this account: by its id, or by the login that was bound to it.
pub(super) async fn is_named(
    named: &AmbientOwner,
    store: &Store,
    owner: Owner<'_>,
) -> anyhow::Result<bool> {
    let meant = match named {
        AmbientOwner::Id(id) => Some(*id),
        AmbientOwner::Login(login) => meant(store, login, owner).await?,
    };
    Ok(meant == Some(owner.id))
}

/// Returns the account that a login means; `None` until it was seen.
async fn meant(store: &Store, login: &str, owner: Owner<'_>) -> anyhow::Result<Option<u64>> {
    match store.ambient_owner(login).await? {
        None if login == owner.login => store.bind_ambient_owner(login, owner.id).await,
        known => Ok(known),
    }
}

/// Returns whether the account is the only one installed, or was when it was stored as the first.
async fn serves_first(store: &Store, owner: Owner<'_>) -> anyhow::Result<bool> {
    if let Some(first) = store.ambient_owner(FIRST).await? {
        return Ok(first == owner.id);
    }
    if store.installed_accounts().await? != 1 {
        tracing::warn!(
            "DRIFTGUARD_AWS_AMBIENT=1 serves one account, and several are installed: name those it is for, as in acme,123456"
        );
        return Ok(false);
    }
    let first = store.bind_ambient_owner(FIRST, owner.id).await?;
    Ok(first == Some(owner.id))
}
