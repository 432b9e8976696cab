//! Reads the settings of the App that the server acts as.

use super::{ConfigError, Lookup};
use secrecy::SecretString;

/// The variable with the server's key.
const SECRET_KEY: &str = "DRIFTGUARD_SECRET_KEY";
/// The fewest bytes of `DRIFTGUARD_SECRET_KEY`.
const KEY_LENGTH: usize = 32;

/// The App that the server acts as.
#[derive(Debug, Clone)]
pub struct App {
    /// The App's id.
    pub id: u64,
    /// The private key, in PEM: PKCS#1 or PKCS#8.
    pub private_key: SecretString,
    /// The webhook secrets: one, or two while rotating.
    pub webhook_secrets: Vec<SecretString>,
    /// The key from which fingerprints, external ids and notification secrets are derived.
    pub secret_key: SecretString,
}

pub(super) fn app(lookup: Lookup) -> Result<Option<App>, ConfigError> {
    let Some(id) = lookup("GITHUB_APP_ID") else {
        return Ok(None);
    };
    let id = id.parse().map_err(|_| ConfigError::Bad {
        variable: "GITHUB_APP_ID",
        problem: "is no number".to_owned(),
        remedy: "copy the App ID from the App's page",
    })?;
    Ok(Some(App {
        id,
        private_key: private_key(lookup)?,
        webhook_secrets: webhook_secrets(lookup)?,
        secret_key: secret_key(lookup)?,
    }))
}

/// Returns the key of a server without an App, which serves the API alone; `None` where there is an App, or no key.
pub(super) fn key_alone(lookup: Lookup) -> Result<Option<SecretString>, ConfigError> {
    let is_alone = lookup("GITHUB_APP_ID").is_none() && lookup(SECRET_KEY).is_some();
    is_alone.then(|| secret_key(lookup)).transpose()
}

fn private_key(lookup: Lookup) -> Result<SecretString, ConfigError> {
    const NAME: &str = "GITHUB_PRIVATE_KEY";
    const FILE: &str = "GITHUB_PRIVATE_KEY_FILE";
    let (variable, text) = match (lookup(NAME), lookup(FILE)) {
        // Some ways to set a variable leave `\n` in place of line ends, some leave the quotes of a file of settings.
        (Some(text), _) => {
            let text = text.trim_matches(['\'', '"']);
            (NAME, text.replace("\\n", "\n"))
        }
        (None, Some(path)) => {
            let text = std::fs::read_to_string(&path).map_err(|cause| ConfigError::Bad {
                variable: FILE,
                problem: format!("({path}) cannot be read ({cause})"),
                remedy: "name a file that this user may read",
            })?;
            (FILE, text)
        }
        (None, None) => {
            return Err(ConfigError::Missing {
                variable: NAME,
                remedy: "set it to the App's private key (PEM), or GITHUB_PRIVATE_KEY_FILE to its file",
            });
        }
    };
    if !text.contains("PRIVATE KEY-----") {
        return Err(ConfigError::Bad {
            variable,
            problem: "holds no private key".to_owned(),
            remedy: "it must be the PEM file that GitHub made for the App",
        });
    }
    Ok(text.into())
}

fn webhook_secrets(lookup: Lookup) -> Result<Vec<SecretString>, ConfigError> {
    const NAME: &str = "GITHUB_WEBHOOK_SECRET";
    let text = lookup(NAME).ok_or(ConfigError::Missing {
        variable: NAME,
        remedy: "set it to the App's webhook secret",
    })?;
    let secrets: Vec<_> = text.split(',').map(str::trim).collect();
    if secrets.len() > 2 || secrets.iter().any(|secret| secret.is_empty()) {
        return Err(ConfigError::Bad {
            variable: NAME,
            problem: "is not one secret, nor two separated by a comma".to_owned(),
            remedy: "set the App's webhook secret; while rotating, the new and the old one",
        });
    }
    Ok(secrets.into_iter().map(SecretString::from).collect())
}

fn secret_key(lookup: Lookup) -> Result<SecretString, ConfigError> {
    const REMEDY: &str =
        "set it to the output of `openssl rand -hex 32`, and keep it: external ids depend on it";
    let text = lookup(SECRET_KEY).ok_or(ConfigError::Missing {
        variable: SECRET_KEY,
        remedy: REMEDY,
    })?;
    if text.len() < KEY_LENGTH {
        return Err(ConfigError::Bad {
            variable: SECRET_KEY,
            problem: format!("has fewer than {KEY_LENGTH} bytes"),
            remedy: REMEDY,
        });
    }
    Ok(text.into())
}
