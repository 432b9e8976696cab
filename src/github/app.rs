//! Authenticates as the App, and as its installations.

use super::archive::{self, Unpacking};
use super::caller::Caller;
use super::error::GithubError;
use super::gate::{ApiRequest, ApiResponse, Gate, Limits};
use super::ledger::{ContentLedger, MemoryLedger};
use super::repository::{Repository, leads_elsewhere};
use crate::memory::MemoryBudget;
use crate::model::{InstallationId, RepositoryId, RepositoryName};
use anyhow::{Context, anyhow};
use futures::future::BoxFuture;
use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, OnceCell};

/// How far GitHub's clock may be behind, in seconds.
const CLOCK_DRIFT: u64 = 60;
/// How long the App's own token is valid, in seconds; GitHub allows ten minutes.
const JWT_LIFE: u64 = 9 * 60;
/// How long an installation token is used; GitHub issues it for an hour.
const TOKEN_LIFE: Duration = Duration::from_secs(55 * 60);
/// The GitHub API, as the App. Clones share connections and tokens.
#[derive(Clone)]
pub struct GitHub {
    inner: Arc<Inner>,
    /// Guards the writes of a job; `None` for requests outside of jobs.
    fence: Option<Arc<dyn Fence>>,
}

/// Guards the writes of a job: checked right before each request that changes something, each attempt of it.
pub trait Fence: Send + Sync {
    /// Returns whether the request may still be sent.
    fn may_write(&self) -> BoxFuture<'_, bool>;
}

struct Inner {
    id: u64,
    key: EncodingKey,
    gate: Gate,
    /// One lock per caller: none waits for the token of another.
    tokens: std::sync::Mutex<HashMap<Caller, Arc<Mutex<Option<Token>>>>>,
    about: OnceCell<About>,
    archives: MemoryBudget,
}

/// What GitHub knows of the App.
struct About {
    bot: String,
    made_at: String,
}

/// A caller's token, and when it was issued.
type Token = (SecretString, Instant);

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GitHub(App {})", self.inner.id)
    }
}

impl GitHub {
    /// Creates the client of an App with this id and private key (PEM), as the only process that acts for it.
    ///
    /// # Errors
    /// When the key is not an RSA key in PEM. The error does not show the key.
    pub fn new(api: &str, id: u64, key: &SecretString) -> anyhow::Result<Self> {
        let ledger = Arc::new(MemoryLedger::default());
        Self::with(api, id, key, Limits::default(), ledger)
    }

    /// Creates a client with these limits and this ledger of created content.
    ///
    /// # Errors
    /// When the key is not an RSA key in PEM. The error does not show the key.
    pub fn with(
        api: &str,
        id: u64,
        key: &SecretString,
        limits: Limits,
        ledger: Arc<dyn ContentLedger>,
    ) -> anyhow::Result<Self> {
        let key = EncodingKey::from_rsa_pem(key.expose_secret().as_bytes());
        let key = key.map_err(|_| {
            anyhow!("the App's private key is no RSA key in PEM: copy the file that GitHub made")
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                id,
                key,
                gate: Gate::with(api, limits, ledger)?,
                tokens: std::sync::Mutex::default(),
                about: OnceCell::new(),
                archives: archive::memory(),
            }),
            fence: None,
        })
    }

    /// Returns a client that writes only while the fence allows it.
    #[must_use]
    pub fn guarded_by(&self, fence: Arc<dyn Fence>) -> Self {
        Self {
            inner: self.inner.clone(),
            fence: Some(fence),
        }
    }

    /// Returns a repository of an installation.
    pub fn repository(
        &self,
        installation: InstallationId,
        id: RepositoryId,
        name: RepositoryName,
    ) -> Repository {
        Repository::new(self.clone(), Caller::Installation(installation, id), name)
    }

    /// Checks whether requests for an installation may be sent now, and content be created if the job does that. A job
    /// that would stall half way should not start.
    ///
    /// # Errors
    /// `Limited`, with the time to retry after.
    pub fn ready(&self, installation: InstallationId, creates: bool) -> Result<(), GithubError> {
        match self.inner.gate.closed_for(Some(installation), creates) {
            None => Ok(()),
            Some(pause) => Err(GithubError::Limited {
                what: format!("request of installation {installation}"),
                pause,
            }),
        }
    }

    /// Returns the gate.
    pub(super) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// Returns the App's id.
    pub(super) fn id(&self) -> u64 {
        self.inner.id
    }

    /// Returns the App's login: `driftguard[bot]`.
    pub(super) async fn bot(&self) -> Result<&str, GithubError> {
        Ok(&self.about().await?.bot)
    }

    /// Returns when the App was made, as GitHub formats it.
    pub(super) async fn made_at(&self) -> Result<&str, GithubError> {
        Ok(&self.about().await?.made_at)
    }

    /// Returns what GitHub knows of the App, which is asked for once.
    async fn about(&self) -> Result<&About, GithubError> {
        let request = || async {
            #[derive(Deserialize)]
            struct App {
                slug: String,
                #[serde(default)]
                created_at: String,
            }
            let app: App = self.get(Caller::App, "/app").await?;
            Ok::<_, GithubError>(About {
                bot: format!("{}[bot]", app.slug),
                made_at: app.created_at,
            })
        };
        self.inner.about.get_or_try_init(request).await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        caller: Caller,
        path: &str,
    ) -> Result<T, GithubError> {
        let response = self.send(caller, Method::GET, path, None, true).await?;
        read(path, &response.body)
    }

    /// Unpacks the archive at a path while it is downloaded.
    pub(super) async fn unpack(
        &self,
        caller: Caller,
        path: &str,
        into: &Unpacking,
    ) -> Result<(), GithubError> {
        let request = ApiRequest {
            method: Method::GET,
            path,
            body: None,
            token: None,
            repeatable: true,
            account: caller.account(),
            fence: None,
            archive: Some(into),
        };
        self.execute_as(caller, request).await.map(drop)
    }

    /// Returns the memory budget for the files of all repositories.
    pub(super) fn archives(&self) -> &MemoryBudget {
        &self.inner.archives
    }

    /// Sends a request, and returns the response with its headers.
    pub(super) async fn response(
        &self,
        caller: Caller,
        path: &str,
    ) -> Result<ApiResponse, GithubError> {
        self.send(caller, Method::GET, path, None, true).await
    }

    /// Sends a POST. `repeatable` where sending it twice does no harm.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        caller: Caller,
        path: &str,
        body: impl Into<Option<Value>>,
        repeatable: bool,
    ) -> Result<T, GithubError> {
        let body = body.into();
        let response = self
            .send(caller, Method::POST, path, body, repeatable)
            .await?;
        read(path, &response.body)
    }

    pub(super) async fn patch(
        &self,
        caller: Caller,
        path: &str,
        body: Value,
    ) -> Result<Value, GithubError> {
        let response = self
            .send(caller, Method::PATCH, path, Some(body), true)
            .await?;
        read(path, &response.body)
    }

    pub(super) async fn delete(&self, caller: Caller, path: &str) -> Result<(), GithubError> {
        self.send(caller, Method::DELETE, path, None, true)
            .await
            .map(drop)
    }

    async fn send(
        &self,
        caller: Caller,
        method: Method,
        path: &str,
        body: Option<Value>,
        repeatable: bool,
    ) -> Result<ApiResponse, GithubError> {
        let request = ApiRequest {
            method,
            path,
            body,
            token: None,
            repeatable,
            account: caller.account(),
            fence: None,
            archive: None,
        };
        self.execute_as(caller, request).await
    }

    /// Sends a request with the caller's token, and with a new one where GitHub rejects that.
    async fn execute_as(
        &self,
        caller: Caller,
        request: ApiRequest<'_>,
    ) -> Result<ApiResponse, GithubError> {
        if leads_elsewhere(request.path) {
            let what = format!("{} {}", request.method, request.path);
            return Err(GithubError::NotFound(what));
        }
        for fresh in [false, true] {
            let token = self.token(caller, fresh).await?;
            let request = ApiRequest {
                method: request.method.clone(),
                body: request.body.clone(),
                token: Some(&token),
                fence: self
                    .fence
                    .as_deref()
                    .filter(|_| request.method != Method::GET),
                ..request
            };
            let response = self.inner.gate.execute(&request).await?;
            if response.status != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
        }
        Err(anyhow!("GitHub does not accept the App's credentials: check GITHUB_APP_ID and GITHUB_PRIVATE_KEY").into())
    }

    async fn token(&self, caller: Caller, fresh: bool) -> Result<SecretString, GithubError> {
        let Some((installation, repository, permissions)) = caller.token_scope() else {
            return self.jwt();
        };
        let known = self.known_token(caller);
        let mut known = known.lock().await;
        if let Some((token, since)) = &*known
            && !fresh
            && since.elapsed() < TOKEN_LIFE
        {
            return Ok(token.clone());
        }
        let jwt = self.jwt()?;
        let permissions: serde_json::Map<_, _> = permissions
            .iter()
            .map(|(name, level)| ((*name).to_owned(), (*level).into()))
            .collect();
        let path = format!("/app/installations/{installation}/access_tokens");
        let request = ApiRequest {
            method: Method::POST,
            path: &path,
            body: Some(json!({"repository_ids": [repository], "permissions": permissions})),
            token: Some(&jwt),
            repeatable: true,
            // Not the App's: one installation's tokens are to hold up nobody else's.
            account: caller.account(),
            // It changes nothing that anybody sees.
            fence: None,
            archive: None,
        };
        let response = self.inner.gate.execute(&request).await?;
        #[derive(Deserialize)]
        struct CreatedToken {
            token: String,
        }
        // The error of serde could quote the token.
        let created = serde_json::from_slice::<CreatedToken>(&response.body).ok();
        let created = created
            .ok_or_else(|| anyhow!("GitHub gave no token for installation {installation}"))?;
        let token = SecretString::from(created.token);
        *known = Some((token.clone(), Instant::now()));
        Ok(token)
    }

    fn known_token(&self, caller: Caller) -> Arc<Mutex<Option<Token>>> {
        let tokens = self.inner.tokens.lock();
        let mut tokens = tokens.unwrap_or_else(PoisonError::into_inner);
        tokens.entry(caller).or_default().clone()
    }

    /// Signs the App's own token.
    fn jwt(&self) -> Result<SecretString, GithubError> {
        #[derive(Serialize)]
        struct Claims {
            iat: u64,
            exp: u64,
            iss: String,
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let claims = Claims {
            iat: now.saturating_sub(CLOCK_DRIFT),
            exp: now + JWT_LIFE,
            iss: self.inner.id.to_string(),
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.inner.key);
        Ok(token.context("while signing the App's token")?.into())
    }
}

fn read<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, GithubError> {
    let body = if body.is_empty() { b"null" } else { body };
    let read = serde_json::from_slice(body);
    Ok(read.with_context(|| format!("while reading GitHub's answer about {path}"))?)
}
