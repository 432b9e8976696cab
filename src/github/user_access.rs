//! Asks GitHub on behalf of a person: exchanges the code of a sign-in, and lists what the person sees, with their token.
//!
//! These requests count against the person, not against an installation, and a page waits for them: so they do not go
//! through the gate of the App's own requests, and none is repeated.

use super::gate::{message, read_body};
use super::user_listing::{
    ListPage, Listed, MembershipFields, RepositoryFields, UserInstallation, UserRepository,
    installation, repository,
};
use crate::model::{InstallationId, RepositoryId};
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::form_urlencoded;

/// How long one request may take, the wait for its turn included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many of these requests are in flight at once.
const MAX_AT_ONCE: usize = 16;
/// The most bytes of an answer: a hundred repositories take less than one mebibyte.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// How many entries a page of a list has.
const PAGE: usize = 100;
/// How many pages of installations are read.
const MAX_INSTALLATION_PAGES: usize = 5;
/// How many pages of an installation's repositories are read.
const MAX_REPOSITORY_PAGES: usize = 20;
/// How GitHub refuses to show the membership of an organisation that a person does not belong to.
const NO_MEMBERSHIP: &str = "You do not have access to this organization membership.";
/// The longest code that is forwarded; GitHub's have 20 characters.
const MAX_CODE_LENGTH: usize = 200;

/// GitHub as a person reaches it through the App. Clones share connections.
#[derive(Clone)]
pub struct UserAccess(Arc<Client>);

struct Client {
    api: Octocrab,
    pages: Octocrab,
    id: String,
    secret: SecretString,
    turns: Semaphore,
}

impl std::fmt::Debug for UserAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserAccess({})", self.0.id)
    }
}

/// A person's token, with what renews it.
#[derive(Debug, Clone)]
pub struct UserToken {
    /// The access token.
    pub access: SecretString,
    /// For how long the access token is valid; `None` where it does not expire.
    pub lifetime: Option<Duration>,
    /// The refresh token, which is valid once; `None` where the access token does not expire.
    pub refresh: Option<SecretString>,
}

/// A person at GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// The id, which stays when the login changes.
    pub id: u64,
    /// The login.
    pub login: String,
}

/// Why GitHub does not answer a person's request. No message shows a code, a token or the client secret.
#[derive(Debug, thiserror::Error)]
pub enum UserAccessError {
    /// GitHub refused a code or a refresh token.
    #[error("GitHub refused the sign-in: {0}")]
    Refused(String),
    /// What came in place of a code can be none.
    #[error("GitHub sent no code")]
    NoCode,
    /// The token is valid no more.
    #[error("GitHub no longer accepts the person's token")]
    Ended,
    /// The person does not see it.
    #[error("GitHub shows this person no such thing")]
    NotFound,
    /// GitHub refuses it, in these words.
    #[error("GitHub refused: {0}")]
    Forbidden(String),
    /// GitHub did not answer, or answered with an error.
    #[error("GitHub did not answer: {0}")]
    Unavailable(String),
}

type Result<T> = std::result::Result<T, UserAccessError>;

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl UserAccess {
    /// Creates a client of this API and these pages, for an App's client id and secret.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn new(api: &str, pages: &str, id: &str, secret: SecretString) -> anyhow::Result<Self> {
        let client = |base: &str| Octocrab::builder().base_uri(base)?.build();
        Ok(Self(Arc::new(Client {
            api: client(api).context("while preparing the way to GITHUB_API_URL")?,
            pages: client(pages).context("while preparing the way to GITHUB_URL")?,
            id: id.to_owned(),
            secret,
            turns: Semaphore::new(MAX_AT_ONCE),
        })))
    }

    /// Exchanges the code of a sign-in for the person's token. Sent once: a code is valid once.
    pub async fn exchange(
        &self,
        code: &str,
        verifier: &SecretString,
        callback: &str,
    ) -> Result<UserToken> {
        if code.is_empty() || code.len() > MAX_CODE_LENGTH {
            return Err(UserAccessError::NoCode);
        }
        self.token(&[
            ("code", code),
            ("code_verifier", verifier.expose_secret()),
            ("redirect_uri", callback),
        ])
        .await
    }

    /// Renews a person's token. Sent once: a refresh token is valid once.
    pub async fn refresh(&self, refresh: &SecretString) -> Result<UserToken> {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose_secret()),
        ])
        .await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Result<UserToken> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.0.id)
            .append_pair("client_secret", self.0.secret.expose_secret())
            .extend_pairs(fields)
            .finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri("/login/oauth/access_token")
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let body = self.send(&self.0.pages, request).await.map_err(no_github)?;
        let answer: TokenAnswer = read(&body)?;
        if let Some(error) = answer.error {
            let reason = answer.error_description.unwrap_or(error);
            return Err(UserAccessError::Refused(reason));
        }
        let access = answer.access_token.filter(|token| !token.is_empty());
        let access = access.ok_or_else(|| unavailable("its answer holds no token"))?;
        Ok(UserToken {
            access: access.into(),
            lifetime: answer.expires_in.map(Duration::from_secs),
            refresh: answer.refresh_token.map(SecretString::from),
        })
    }

    /// Returns whose token it is.
    pub async fn person(&self, token: &SecretString) -> Result<Person> {
        self.get("/user", token).await.map_err(no_github)
    }

    /// Lists the installations that a person sees, without suspended ones.
    pub async fn installations(&self, token: &SecretString) -> Result<Listed<UserInstallation>> {
        let path = "/user/installations";
        let listed = self.list(path, token, MAX_INSTALLATION_PAGES, installation);
        // Everybody has this list, be it empty.
        listed.await.map_err(no_github)
    }

    /// Lists the repositories of an installation that a person sees.
    pub async fn repositories(
        &self,
        token: &SecretString,
        installation: InstallationId,
    ) -> Result<Listed<UserRepository>> {
        let path = format!("/user/installations/{installation}/repositories");
        self.list(&path, token, MAX_REPOSITORY_PAGES, repository)
            .await
    }

    /// Looks for a repository of an installation that a person sees.
    pub async fn repository(
        &self,
        token: &SecretString,
        installation: InstallationId,
        id: RepositoryId,
    ) -> Result<Option<UserRepository>> {
        for page in 1..=MAX_REPOSITORY_PAGES {
            let path = format!(
                "/user/installations/{installation}/repositories?per_page={PAGE}&page={page}"
            );
            let answer: ListPage<RepositoryFields> = self.get(&path, token).await?;
            let is_last = answer.items.len() < PAGE;
            let mut items = answer.items.into_iter().filter_map(repository);
            let found = items.find(|found| found.id == id);
            if found.is_some() || is_last {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Returns whether a person owns an organisation, as its members' list has it at this moment.
    pub async fn owns(
        &self,
        token: &SecretString,
        organisation: &UserInstallation,
    ) -> Result<bool> {
        let login: String =
            form_urlencoded::byte_serialize(organisation.account.as_bytes()).collect();
        let path = format!("/user/memberships/orgs/{login}");
        match self.get::<MembershipFields>(&path, token).await {
            Ok(membership) => Ok(membership.owns(organisation.account_id)),
            Err(UserAccessError::NotFound) => Ok(false),
            Err(UserAccessError::Forbidden(reason)) if reason == NO_MEMBERSHIP => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads a list page by page, without what `convert` leaves out.
    async fn list<F: DeserializeOwned, T>(
        &self,
        path: &str,
        token: &SecretString,
        max_pages: usize,
        convert: impl Fn(F) -> Option<T>,
    ) -> Result<Listed<T>> {
        let (mut items, mut seen, mut total) = (Vec::new(), 0, 0);
        for page in 1..=max_pages {
            let path = format!("{path}?per_page={PAGE}&page={page}");
            let answer: ListPage<F> = self.get(&path, token).await?;
            let count = answer.items.len();
            (seen, total) = (seen + count, answer.total_count);
            items.extend(answer.items.into_iter().filter_map(&convert));
            if count < PAGE || seen >= total {
                break;
            }
        }
        let is_cut = seen < total;
        Ok(Listed { items, is_cut })
    }

    /// Revokes a person's token.
    pub async fn revoke(&self, token: &SecretString) -> Result<()> {
        let client = format!("{}:{}", self.0.id, self.0.secret.expose_secret());
        let body = serde_json::json!({"access_token": token.expose_secret()});
        let request = Request::builder()
            .method(Method::DELETE)
            .uri(format!("/applications/{}/token", self.0.id))
            .header(header::ACCEPT, "application/vnd.github+json")
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::AUTHORIZATION,
                format!("Basic {}", STANDARD.encode(client)),
            )
            .body(body.to_string());
        self.send(&self.0.api, request).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, token: &SecretString) -> Result<T> {
        let request = Request::builder()
            .uri(path)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", token.expose_secret()),
            )
            .body(String::new());
        read(&self.send(&self.0.api, request).await?)
    }

    async fn send(&self, to: &Octocrab, request: http::Result<Request<String>>) -> Result<Bytes> {
        let request = request.map_err(|_| unavailable("the request cannot be written"))?;
        let sent = async {
            let _turn = self.0.turns.acquire().await?;
            let (head, body) = to.execute(request).await?.into_parts();
            anyhow::Ok((head.status, read_body(body, MAX_ANSWER).await?))
        };
        let sent = tokio::time::timeout(TIMEOUT, sent).await;
        let sent =
            sent.map_err(|_| unavailable(&format!("nothing within {} s", TIMEOUT.as_secs())))?;
        let (status, body) = sent.map_err(|error| unavailable(&format!("{error:#}")))?;
        match status {
            status if status.is_success() => Ok(body),
            StatusCode::UNAUTHORIZED => Err(UserAccessError::Ended),
            StatusCode::NOT_FOUND => Err(UserAccessError::NotFound),
            StatusCode::FORBIDDEN => Err(UserAccessError::Forbidden(message(&body))),
            status => Err(unavailable(&format!("{status}: {}", message(&body)))),
        }
    }
}

/// Turns a 404 for what every GitHub has into its meaning.
fn no_github(error: UserAccessError) -> UserAccessError {
    match error {
        UserAccessError::NotFound => unavailable(
            "404 for what every GitHub has: the operator checks GITHUB_URL and GITHUB_API_URL",
        ),
        error => error,
    }
}

fn unavailable(problem: &str) -> UserAccessError {
    UserAccessError::Unavailable(problem.to_owned())
}

/// Reads an answer. What serde says of a wrong one may quote it, so it is left out.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|_| unavailable("its answer cannot be read"))
}
