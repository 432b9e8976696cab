//! The making of the App: the code that the browser brings from GitHub, given back for the App's id, key and secret.

use super::error::GithubError;
use super::gate::{Ask, Gate};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::Arc;

/// The longest code that is sent on; GitHub's have 40 characters.
const LONGEST_CODE: usize = 200;

/// GitHub, while there is no App yet. Cloning is cheap.
#[derive(Clone)]
pub struct Manifests(Arc<Gate>);

impl std::fmt::Debug for Manifests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Manifests")
    }
}

/// An App as GitHub hands it over, once.
#[derive(Debug, Clone)]
pub struct MadeApp {
    /// Its id.
    pub id: u64,
    /// PEM, PKCS#1.
    pub private_key: SecretString,
    /// What deliveries are signed with.
    pub webhook_secret: SecretString,
    /// The App's page.
    pub page: String,
}

/// Why there is no App to hand over. The code is in no message: where GitHub never saw it, it is still good.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// GitHub does not know the code.
    #[error("GitHub does not know the code: a code is good once, and for an hour")]
    UnknownCode,
    /// GitHub was not asked, did not answer, or said something else.
    #[error("GitHub did not hand over the App: {0}")]
    NotHandedOver(String),
}

/// What is read of GitHub's answer.
#[derive(Deserialize)]
struct Answer {
    id: u64,
    pem: String,
    webhook_secret: Option<String>,
    #[serde(default)]
    html_url: String,
}

impl Manifests {
    /// The GitHub of this API.
    ///
    /// # Errors
    /// When the API's address cannot be used.
    pub fn new(api: &str) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Gate::new(api)?)))
    }

    /// Gives a code for the App that was made. It is asked once: a code whose answer was lost is used up.
    ///
    /// # Errors
    /// When GitHub does not know the code, or does not answer.
    pub async fn convert(&self, code: &str) -> Result<MadeApp, ManifestError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if code.is_empty() || code.len() > LONGEST_CODE || !code.bytes().all(plain) {
            return Err(ManifestError::UnknownCode);
        }
        let path = format!("/app-manifests/{code}/conversions");
        let ask = Ask {
            method: Method::POST,
            path: &path,
            body: None,
            token: None,
            repeatable: false,
            account: None,
            fence: None,
            archive: None,
        };
        let answer = match self.0.ask(&ask).await {
            Ok(answer) => answer,
            Err(GithubError::NotFound(_)) => return Err(ManifestError::UnknownCode),
            Err(error) => {
                let told = format!("{:#}", anyhow::Error::from(error));
                return Err(ManifestError::NotHandedOver(told.replace(code, "CODE")));
            }
        };
        let unread = |problem: &str| ManifestError::NotHandedOver(problem.to_owned());
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(unread("it asks who we are, which only another API does"));
        }
        // What serde says of a wrong answer may quote it.
        let read = serde_json::from_slice::<Answer>(&answer.body);
        let read = read.map_err(|_| unread("its answer cannot be read"))?;
        let secret = read.webhook_secret.filter(|secret| !secret.is_empty());
        let secret = secret.ok_or_else(|| unread("it made the App without a webhook secret"))?;
        Ok(MadeApp {
            id: read.id,
            private_key: read.pem.into(),
            webhook_secret: secret.into(),
            page: read.html_url,
        })
    }
}
