//! Creates the App: exchanges the code that the browser brings from GitHub for the App's id, key and secret.

use super::error::GithubError;
use super::gate::{ApiRequest, Gate};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::Arc;

/// The longest code that is forwarded; GitHub's have 40 characters.
const MAX_CODE_LENGTH: usize = 200;

/// The GitHub API before there is an App. Clones share connections.
#[derive(Clone)]
pub struct Manifests(Arc<Gate>);

impl std::fmt::Debug for Manifests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Manifests")
    }
}

/// A created App, which GitHub returns once.
#[derive(Debug, Clone)]
pub struct CreatedApp {
    /// The App's id.
    pub id: u64,
    /// The private key, in PEM, PKCS#1.
    pub private_key: SecretString,
    /// The webhook secret.
    pub webhook_secret: SecretString,
    /// The client id, for the sign-in to the pages.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
    /// The address of the App's page.
    pub page: String,
}

/// A failed exchange. No message shows the code: where GitHub never received it, it is still valid.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// GitHub does not know the code.
    #[error("GitHub does not know the code: a code is good once, and for an hour")]
    UnknownCode,
    /// GitHub did not answer, or answered something else.
    #[error("GitHub did not hand over the App: {0}")]
    NotHandedOver(String),
}

/// A created App as GitHub describes it.
#[derive(Deserialize)]
struct CreatedAppFields {
    id: u64,
    pem: String,
    webhook_secret: Option<String>,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    html_url: String,
}

impl Manifests {
    /// Creates a client of this API.
    ///
    /// # Errors
    /// When the API's address cannot be used.
    pub fn new(api: &str) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Gate::new(api)?)))
    }

    /// Exchanges a code for the created App. Sent once: a code whose answer was lost is used up.
    ///
    /// # Errors
    /// When GitHub does not know the code, or does not answer.
    pub async fn convert(&self, code: &str) -> Result<CreatedApp, ManifestError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if code.is_empty() || code.len() > MAX_CODE_LENGTH || !code.bytes().all(plain) {
            return Err(ManifestError::UnknownCode);
        }
        let path = format!("/app-manifests/{code}/conversions");
        let request = ApiRequest {
            method: Method::POST,
            path: &path,
            body: None,
            token: None,
            repeatable: false,
            account: None,
            fence: None,
            archive: None,
        };
        let answer = match self.0.execute(&request).await {
            Ok(answer) => answer,
            Err(GithubError::NotFound(_)) => return Err(ManifestError::UnknownCode),
            Err(error) => {
                let message = format!("{:#}", anyhow::Error::from(error));
                return Err(ManifestError::NotHandedOver(message.replace(code, "CODE")));
            }
        };
        let unread = |problem: &str| ManifestError::NotHandedOver(problem.to_owned());
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(unread("it asks who we are, which only another API does"));
        }
        // What serde says of a wrong answer may quote it.
        let read = serde_json::from_slice::<CreatedAppFields>(&answer.body);
        let read = read.map_err(|_| unread("its answer cannot be read"))?;
        let secret = read.webhook_secret.filter(|secret| !secret.is_empty());
        let secret = secret.ok_or_else(|| unread("it made the App without a webhook secret"))?;
        Ok(CreatedApp {
            id: read.id,
            private_key: read.pem.into(),
            webhook_secret: secret.into(),
            client_id: read.client_id,
            client_secret: read.client_secret.into(),
            page: read.html_url,
        })
    }
}
