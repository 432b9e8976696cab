//! Decides whether a repository that names no role is read with the server's own AWS credentials.

use crate::config::{Ambient, AmbientOwner};
use crate::store::Store;

/// The account of GitHub that a repository belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// GitHub's number for it: it stays when the login changes.
    pub id: u64,
    /// Its login now, in lower case.
    pub login: &'a str,
}

/// The name under which the first account is kept. No login: those of digits alone are numbers.
const FIRST: &str = "1";

/// Whether the server's own credentials are for an account. A login means the account that was met first under it, so that
/// who takes the login over later does not inherit them.
pub async fn serves(ambient: &Ambient, store: &Store, owner: Owner<'_>) -> anyhow::Result<bool> {
    match ambient {
        Ambient::Off => Ok(false),
        Ambient::First => serves_first(store, owner).await,
        Ambient::Owners(owners) => {
            for named in owners {
                let meant = match named {
                    AmbientOwner::Id(id) => Some(*id),
                    AmbientOwner::Login(login) => meant(store, login, owner).await?,
                };
                if meant == Some(owner.id) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// The account that a login means; none while it was not met.
async fn meant(store: &Store, login: &str, owner: Owner<'_>) -> anyhow::Result<Option<u64>> {
    match store.ambient_owner(login).await? {
        None if login == owner.login => store.bind_ambient_owner(login, owner.id).await,
        known => Ok(known),
    }
}

/// The one account that is installed, and that one also when others come.
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
