//! The App: its own tokens, and those of its installations.

use super::archive::{self, Unpacking};
use super::error::GithubError;
use super::gate::{Account, Answer, Ask, Gate, Limits};
use super::ledger::{ContentLedger, MemoryLedger};
use super::repository::Repository;
use crate::memory::MemoryBudget;
use crate::model::{InstallationId, RepositoryId, RepositoryName};
use anyhow::{Context, anyhow};
use futures::future::BoxFuture;
use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, OnceCell};

/// GitHub's clock may be behind ours by as much, in seconds.
const CLOCK_DRIFT: u64 = 60;
/// How long the App's own token is good; GitHub allows ten minutes.
const JWT_LIFE: u64 = 9 * 60;
/// How long an installation's token is used; GitHub makes it good for an hour.
const TOKEN_LIFE: Duration = Duration::from_secs(55 * 60);
/// What a token is narrowed to.
const PERMISSIONS: &[(&str, &str)] = &[
    ("checks", "write"),
    ("contents", "write"),
    ("issues", "write"),
    ("metadata", "read"),
    ("pull_requests", "write"),
];
/// What the token for code scanning is narrowed to. It is not asked for with the others: GitHub refuses a token whole for
/// one permission that an installation has not accepted yet.
const CODE_SCANNING: &[(&str, &str)] = &[("metadata", "read"), ("security_events", "write")];
/// The same for asking teams for a review, which personal accounts have none of.
const TEAMS: &[(&str, &str)] = &[
    ("members", "read"),
    ("metadata", "read"),
    ("pull_requests", "write"),
];

/// GitHub, as the App sees it. Cloning is cheap.
#[derive(Clone)]
pub struct GitHub {
    inner: Arc<Inner>,
    /// What writes are held to; none for what no job does.
    fence: Option<Arc<dyn Fence>>,
}

/// Guards what a job writes: asked right before each request that changes something, each try of it.
pub trait Fence: Send + Sync {
    /// Whether it may still be sent.
    fn may_write(&self) -> BoxFuture<'_, bool>;
}

struct Inner {
    id: u64,
    key: EncodingKey,
    gate: Gate,
    /// A lock for each caller: none waits for the token of another.
    tokens: std::sync::Mutex<HashMap<Caller, Arc<Mutex<Option<Token>>>>>,
    bot: OnceCell<String>,
    archives: MemoryBudget,
}

/// A caller's token, and since when it is known.
type Token = (SecretString, Instant);

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GitHub(App {})", self.inner.id)
    }
}

/// With whose credentials something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    App,
    Installation(InstallationId, RepositoryId),
    /// The same, to upload to code scanning.
    CodeScanning(InstallationId, RepositoryId),
    /// The same, to ask teams for a review.
    Teams(InstallationId, RepositoryId),
}

impl Caller {
    /// Whose allowance its requests count against.
    fn account(self) -> Account {
        match self {
            Self::App => None,
            Self::Installation(installation, _)
            | Self::CodeScanning(installation, _)
            | Self::Teams(installation, _) => Some(installation),
        }
    }
}

impl GitHub {
    /// The App with this id and private key (PEM), at this API, as the only process that acts for it.
    ///
    /// # Errors
    /// When the key is no RSA key. The key itself is not in the error.
    pub fn new(api: &str, id: u64, key: &SecretString) -> anyhow::Result<Self> {
        let ledger = Arc::new(MemoryLedger::default());
        Self::with(api, id, key, Limits::default(), ledger)
    }

    /// The same, kept to these limits and counting what it creates here.
    ///
    /// # Errors
    /// When the key is no RSA key. The key itself is not in the error.
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
                bot: OnceCell::new(),
                archives: archive::memory(),
            }),
            fence: None,
        })
    }

    /// The same, where nothing is written that the fence does not let through.
    #[must_use]
    pub fn behind(&self, fence: Arc<dyn Fence>) -> Self {
        Self {
            inner: self.inner.clone(),
            fence: Some(fence),
        }
    }

    /// A repository of an installation.
    pub fn repository(
        &self,
        installation: InstallationId,
        id: RepositoryId,
        name: RepositoryName,
    ) -> Repository {
        Repository::new(self.clone(), Caller::Installation(installation, id), name)
    }

    /// Whether an installation may be worked for now, and content be created for it if that is what a job does. A job that
    /// would be stopped half way need not begin.
    ///
    /// # Errors
    /// `Limited`, with the time after which to come again.
    pub fn ready(&self, installation: InstallationId, creates: bool) -> Result<(), GithubError> {
        match self.inner.gate.closed(Some(installation), creates) {
            None => Ok(()),
            Some(pause) => Err(GithubError::Limited {
                what: format!("request of installation {installation}"),
                pause,
            }),
        }
    }

    /// The way out.
    pub(super) fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// The App's number.
    pub(super) fn id(&self) -> u64 {
        self.inner.id
    }

    /// The login under which the App acts: `driftguard[bot]`.
    pub(super) async fn bot(&self) -> Result<&str, GithubError> {
        let ask = || async {
            let app: Value = self.get(Caller::App, "/app").await?;
            let slug = app["slug"]
                .as_str()
                .context("GitHub does not tell the App's name")?;
            Ok::<_, GithubError>(format!("{slug}[bot]"))
        };
        self.inner
            .bot
            .get_or_try_init(ask)
            .await
            .map(String::as_str)
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        caller: Caller,
        path: &str,
    ) -> Result<T, GithubError> {
        let answer = self.send(caller, Method::GET, path, None, true).await?;
        read(path, &answer.body)
    }

    /// Unpacks the archive at a path while it arrives.
    pub(super) async fn unpack(
        &self,
        caller: Caller,
        path: &str,
        into: &Unpacking,
    ) -> Result<(), GithubError> {
        let ask = Ask {
            method: Method::GET,
            path,
            body: None,
            token: None,
            repeatable: true,
            account: caller.account(),
            fence: None,
            archive: Some(into),
        };
        self.ask_as(caller, ask).await.map(drop)
    }

    /// The memory for the files of all repositories.
    pub(super) fn archives(&self) -> &MemoryBudget {
        &self.inner.archives
    }

    /// An answer with its headers.
    pub(super) async fn answer(&self, caller: Caller, path: &str) -> Result<Answer, GithubError> {
        self.send(caller, Method::GET, path, None, true).await
    }

    /// Makes something. `repeatable` where making it twice does no harm.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        caller: Caller,
        path: &str,
        body: impl Into<Option<Value>>,
        repeatable: bool,
    ) -> Result<T, GithubError> {
        let body = body.into();
        let answer = self
            .send(caller, Method::POST, path, body, repeatable)
            .await?;
        read(path, &answer.body)
    }

    pub(super) async fn patch(
        &self,
        caller: Caller,
        path: &str,
        body: Value,
    ) -> Result<Value, GithubError> {
        let answer = self
            .send(caller, Method::PATCH, path, Some(body), true)
            .await?;
        read(path, &answer.body)
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
    ) -> Result<Answer, GithubError> {
        let ask = Ask {
            method,
            path,
            body,
            token: None,
            repeatable,
            account: caller.account(),
            fence: None,
            archive: None,
        };
        self.ask_as(caller, ask).await
    }

    /// Asks with the caller's token; with a fresh one where GitHub no longer knows it.
    async fn ask_as(&self, caller: Caller, ask: Ask<'_>) -> Result<Answer, GithubError> {
        for fresh in [false, true] {
            let token = self.token(caller, fresh).await?;
            let ask = Ask {
                method: ask.method.clone(),
                body: ask.body.clone(),
                token: Some(&token),
                fence: self.fence.as_deref().filter(|_| ask.method != Method::GET),
                ..ask
            };
            let answer = self.inner.gate.ask(&ask).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
        }
        Err(anyhow!("GitHub does not accept the App's credentials: check GITHUB_APP_ID and GITHUB_PRIVATE_KEY").into())
    }

    async fn token(&self, caller: Caller, fresh: bool) -> Result<SecretString, GithubError> {
        let (installation, repository, permissions) = match caller {
            Caller::App => return self.jwt(),
            Caller::Installation(installation, repository) => {
                (installation, repository, PERMISSIONS)
            }
            Caller::CodeScanning(installation, repository) => {
                (installation, repository, CODE_SCANNING)
            }
            Caller::Teams(installation, repository) => (installation, repository, TEAMS),
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
        let ask = Ask {
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
        let answer = self.inner.gate.ask(&ask).await?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = said["token"].as_str().map(SecretString::from);
        let token =
            token.ok_or_else(|| anyhow!("GitHub gave no token for installation {installation}"))?;
        *known = Some((token.clone(), Instant::now()));
        Ok(token)
    }

    fn known_token(&self, caller: Caller) -> Arc<Mutex<Option<Token>>> {
        let tokens = self.inner.tokens.lock();
        let mut tokens = tokens.unwrap_or_else(PoisonError::into_inner);
        tokens.entry(caller).or_default().clone()
    }

    /// The App's own token.
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
