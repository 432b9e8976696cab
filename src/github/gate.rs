//! Sends all requests to GitHub: keeps each installation within its rate limits, retries what is safe to repeat, and
//! reads errors.

use super::allowance::Allowance;
use super::answer_size;
use super::app::Fence;
use super::archive::Unpacking;
use super::circuit::Circuit;
use super::error::GithubError;
use super::ledger::{ContentLedger, MemoryLedger};
use super::slots::Slots;
use super::tarball::ArchiveError;
use crate::model::{InstallationId, mask_json};
use anyhow::{Context, anyhow};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// How often a repeatable request is attempted.
const MAX_ATTEMPTS: u32 = 4;
/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause that a request waits for a rate limit, since its job may hold a lease. Beyond, the job is
/// requeued.
const MAX_WAIT: Duration = Duration::from_secs(2);
/// The pause where GitHub requests one without naming its length.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// The account that a request counts against: an installation, or the App itself.
pub(super) type Account = Option<InstallationId>;

/// How many requests this process sends. GitHub allows an App 100 concurrent requests, and an installation 900 points
/// per minute: several processes take a share each.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many requests are in flight at once.
    pub requests_at_once: usize,
    /// How many points an installation spends per minute: one for a request that reads, five for one that writes.
    pub points_a_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_at_once: 16,
            points_a_minute: 800,
        }
    }
}

/// A request.
pub(super) struct ApiRequest<'a> {
    pub method: Method,
    pub path: &'a str,
    pub body: Option<Value>,
    pub token: Option<&'a SecretString>,
    /// Whether sending the request twice does no harm.
    pub repeatable: bool,
    pub account: Account,
    /// Asked before each attempt whether the request may still be sent.
    pub fence: Option<&'a dyn Fence>,
    /// Unpacks the response as it is downloaded, where that is an archive.
    pub archive: Option<&'a Unpacking>,
}

/// A response that is not a refusal.
pub(super) struct ApiResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

pub(super) struct Gate {
    http: Octocrab,
    limits: Limits,
    slots: Slots,
    ledger: Arc<dyn ContentLedger>,
    allowances: Mutex<HashMap<Account, Allowance>>,
    circuit: Mutex<Circuit>,
    /// Signals that GitHub is back after it counted as down.
    recovered: Notify,
}

impl Gate {
    /// Creates the gate to a GitHub API, which counts created content for this process alone.
    pub(super) fn new(api: &str) -> anyhow::Result<Self> {
        Self::with(api, Limits::default(), Arc::new(MemoryLedger::default()))
    }

    pub(super) fn with(
        api: &str,
        limits: Limits,
        ledger: Arc<dyn ContentLedger>,
    ) -> anyhow::Result<Self> {
        let http = Octocrab::builder()
            .base_uri(api)
            .context("while reading GITHUB_API_URL")?
            .build()
            .context("while preparing the way to GitHub")?;
        Ok(Self {
            http,
            limits,
            slots: Slots::new(limits.requests_at_once),
            ledger,
            allowances: Mutex::default(),
            circuit: Mutex::default(),
            recovered: Notify::new(),
        })
    }

    /// Returns whether GitHub counts as down.
    pub(super) fn is_away(&self) -> bool {
        self.circuit().is_open()
    }

    /// Completes once GitHub is back after it counted as down; at once, where it came back since the last call.
    pub(super) async fn recovered(&self) {
        self.recovered.notified().await;
    }

    /// Returns how long an account may send no requests, or create no content if that is needed; `None` where it may go
    /// on.
    pub(super) fn closed_for(&self, account: Account, creates: bool) -> Option<Duration> {
        self.allowance(account, |allowance| allowance.closed_for(creates, now()))
    }

    /// Sends a request until it gets a response, or a retry makes no sense.
    pub(super) async fn execute(
        &self,
        request: &ApiRequest<'_>,
    ) -> Result<ApiResponse, GithubError> {
        let what = format!("{} {}", request.method, request.path);
        let mut pause = FIRST_PAUSE;
        for left in (0..MAX_ATTEMPTS).rev() {
            match self.attempt(request, &what).await {
                // Refused, it was not done.
                Err(GithubError::Limited { pause, .. }) if pause <= MAX_WAIT && left > 0 => {
                    tokio::time::sleep(pause).await;
                }
                Err(GithubError::Unavailable { .. } | GithubError::Broken { .. })
                    if request.repeatable && left > 0 && !self.circuit().is_open() =>
                {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                end => return end,
            }
        }
        Err(anyhow!("{what} was never tried").into())
    }

    /// Sends a request once, as soon as the rate limits and the other accounts' turns allow.
    async fn attempt(
        &self,
        request: &ApiRequest<'_>,
        what: &str,
    ) -> Result<ApiResponse, GithubError> {
        let limited = |pause: Duration| GithubError::Limited {
            what: what.to_owned(),
            pause,
        };
        let unavailable = |problem: String| GithubError::Unavailable {
            what: what.to_owned(),
            problem,
            away: self.circuit().is_open(),
        };
        let writes = request.method != Method::GET;
        let reserved = self.allowance(request.account, |it| it.reserve(writes, MAX_WAIT, now()));
        tokio::time::sleep(reserved.map_err(limited)?).await;
        let _slot = self.slots.take(request.account).await;
        let admitted = self.circuit().admit(now());
        admitted.map_err(|_| unavailable("it did not answer a moment ago".to_owned()))?;
        if let Some(pause) = self.count_content(request).await? {
            return Err(limited(pause));
        }
        if let Some(fence) = request.fence
            && !fence.may_write().await
        {
            return Err(GithubError::NotHeld(what.to_owned()));
        }
        let tried = tokio::time::timeout(request.time(), self.send_once(request)).await;
        let late = || Err(anyhow!("no answer within {} s", request.time().as_secs()));
        let (status, headers, body) = match tried.unwrap_or_else(|_| late()) {
            Ok(response) if !response.0.is_server_error() => response,
            // GitHub is there: what is wrong is wrong with this answer.
            Err(error) if is_broken(&error) => {
                self.circuit().answered();
                return Err(GithubError::Broken {
                    what: what.to_owned(),
                    problem: format!("{error:#}"),
                });
            }
            failed => {
                self.circuit().failed(what, now());
                let problem = match failed {
                    Ok((status, _, body)) => format!("{status}: {}", message(&body)),
                    Err(error) => format!("{error:#}"),
                };
                return Err(unavailable(problem));
            }
        };
        if self.circuit().answered() {
            self.recovered.notify_one();
        }
        self.allowance(request.account, |it| it.read(&headers));
        if status.is_success() || status == StatusCode::UNAUTHORIZED {
            return Ok(ApiResponse {
                status,
                headers,
                body,
            });
        }
        match requested_pause(status, &headers, &body) {
            Some(pause) => Err(limited(
                self.allowance(request.account, |it| it.close(pause, now())),
            )),
            None => Err(refusal(status, what, &body)),
        }
    }

    /// Counts the content that a request creates. Returns how long to wait, where the limit is reached.
    async fn count_content(&self, request: &ApiRequest<'_>) -> anyhow::Result<Option<Duration>> {
        let Some(installation) = request.account.filter(|_| creates_content(request)) else {
            return Ok(None);
        };
        let pause = self.ledger.count(installation, now()).await?;
        let turn = |pause| self.allowance(request.account, |it| it.close_content(pause, now()));
        Ok(pause.map(turn))
    }

    async fn send_once(
        &self,
        request: &ApiRequest<'_>,
    ) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
        let mut builder = Request::builder()
            .method(request.method.clone())
            .uri(request.path)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        if let Some(token) = request.token {
            let mut value =
                http::HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
            value.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, value);
        }
        let body = match &request.body {
            Some(body) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                let mut body = body.clone();
                mask(&mut body);
                body.to_string()
            }
            None => String::new(),
        };
        let response = self.http.execute(builder.body(body)?).await?;
        let (head, body) = response.into_parts();
        let body = match request.archive.filter(|_| head.status.is_success()) {
            Some(archive) => archive.take(body).await.map(|()| Bytes::new()),
            None => read_body(body, answer_size::largest(request.path)).await,
        };
        Ok((
            head.status,
            head.headers,
            body.context("its answer cannot be read")?,
        ))
    }

    fn allowance<T>(&self, account: Account, with: impl FnOnce(&mut Allowance) -> T) -> T {
        let mut all = self
            .allowances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let points = self.limits.points_a_minute;
        with(all.entry(account).or_insert_with(|| Allowance::new(points)))
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApiRequest<'_> {
    /// Returns how long one attempt may take.
    fn time(&self) -> Duration {
        self.archive.map_or(ATTEMPT_TIMEOUT, |_| Unpacking::TIME)
    }
}

/// Reads a body up to a limit.
pub(super) async fn read_body<B>(body: B, largest: usize) -> anyhow::Result<Bytes>
where
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync + 'static>,
{
    let body = Limited::new(body, largest).collect().await;
    let body = body.map_err(|error| match error.downcast::<LengthLimitError>() {
        Ok(too_long) => anyhow::Error::from(*too_long),
        Err(error) => anyhow!("{error}"),
    });
    Ok(body?.to_bytes())
}

/// Returns whether a response arrived that cannot be read; other errors mean that none did.
fn is_broken(error: &anyhow::Error) -> bool {
    error.downcast_ref::<LengthLimitError>().is_some()
        || error.downcast_ref::<ArchiveError>().is_some()
}

/// The fields that are sent without masking: file contents, and names and ids that GitHub looks up.
const UNMASKED_FIELDS: &[&str] = &[
    "base",
    "base_tree",
    "commit_sha",
    "content",
    "head",
    "head_sha",
    "name",
    "parents",
    "ref",
    "sarif",
    "sha",
    "tree",
];

/// Masks what looks like a credential in the texts that people read.
fn mask(body: &mut Value) {
    for (key, value) in body.as_object_mut().into_iter().flatten() {
        if !UNMASKED_FIELDS.contains(&key.as_str()) {
            mask_json(value);
        }
    }
}

/// Returns whether a request counts against GitHub's limits on created content, which are for what notifies people.
fn creates_content(request: &ApiRequest<'_>) -> bool {
    let shown = ["/pulls", "/issues", "/comments", "/requested_reviewers"];
    request.method == Method::POST && shown.iter().any(|end| request.path.ends_with(end))
}

/// Returns the pause that GitHub requests, if it does.
fn requested_pause(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Duration> {
    if !matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    ) {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    let retry_after = number("retry-after").map(Duration::from_secs);
    let used_up = number("x-ratelimit-remaining") == Some(0);
    // Some say so in their words alone.
    let names_rate_limit = || message(body).contains("rate limit");
    retry_after.or_else(|| (used_up || names_rate_limit()).then_some(DEFAULT_PAUSE))
}

/// Returns GitHub's message about a refusal, which never repeats what was sent.
pub(super) fn message(body: &[u8]) -> String {
    let response: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = response["message"].as_str().unwrap_or("no reason given");
    let mut message = message.to_owned();
    for error in response["errors"].as_array().into_iter().flatten() {
        let field = error["field"].as_str().unwrap_or_default();
        let detail = error["message"]
            .as_str()
            .or(error["code"].as_str())
            .unwrap_or_default();
        message = format!("{message}; {field} {detail}");
    }
    message
}

fn refusal(status: StatusCode, what: &str, body: &[u8]) -> GithubError {
    let (what, message) = (what.to_owned(), message(body));
    match status.as_u16() {
        404 => GithubError::NotFound(what),
        410 => GithubError::Gone { what, message },
        403 if message.contains("has been suspended") => GithubError::Suspended(what),
        403 => GithubError::Forbidden { what, message },
        409 | 422 => GithubError::Invalid { what, message },
        status => anyhow!("GitHub answered {status} to {what}: {message}").into(),
    }
}

/// Returns the current time, in epoch milliseconds.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
