//! Reads the App's client, with which people sign in to the pages.

use super::{ConfigError, Lookup};
use secrecy::SecretString;

/// The App as a client of GitHub's sign-in.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// The client id, which is public.
    pub id: String,
    /// The client secret.
    pub secret: SecretString,
}

/// The variable with the client id.
const ID: &str = "GITHUB_CLIENT_ID";
/// The variable with the client secret.
const SECRET: &str = "GITHUB_CLIENT_SECRET";

/// Reads both variables; `None` where neither is set.
pub(super) fn oauth_client(lookup: Lookup) -> Result<Option<OAuthClient>, ConfigError> {
    match (lookup(ID), lookup(SECRET)) {
        (None, None) => Ok(None),
        (Some(id), Some(secret)) => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
            if !id.bytes().all(plain) {
                return Err(ConfigError::Bad {
                    variable: ID,
                    problem: "is no client id".to_owned(),
                    remedy: "copy the Client ID from the App's page",
                });
            }
            Ok(Some(OAuthClient {
                id,
                secret: secret.into(),
            }))
        }
        (None, Some(_)) => Err(ConfigError::Missing {
            variable: ID,
            remedy: "copy the Client ID from the App's page, or leave GITHUB_CLIENT_SECRET out",
        }),
        (Some(_), None) => Err(ConfigError::Missing {
            variable: SECRET,
            remedy: "generate a client secret on the App's page, or leave GITHUB_CLIENT_ID out",
        }),
    }
}
