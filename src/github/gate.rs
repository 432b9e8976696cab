//! The one way out to GitHub: each installation kept to its allowance, what is safe to repeat repeated, errors read.

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

/// How often something that may be repeated is tried.
const TRIES: u32 = 4;
/// The pause after the first failure; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest that a request waits for GitHub's leave: whoever asks may hold a lease. Beyond, the job comes back later.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long GitHub wants to be left alone where it does not say.
const UNTOLD: Duration = Duration::from_secs(60);
/// How long one try may take.
const TRY: Duration = Duration::from_secs(60);

/// Whose allowance a request counts against: an installation's, or the App's own.
pub(super) type Account = Option<InstallationId>;

/// How much this process asks of GitHub. GitHub allows 100 requests at once for all of an App, and an installation 900
/// points a minute: several processes take a share each.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many requests are under way at once.
    pub requests_at_once: usize,
    /// How many points an installation spends a minute: one a request that reads, five one that writes.
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
pub(super) struct Ask<'a> {
    pub method: Method,
    pub path: &'a str,
    pub body: Option<Value>,
    pub token: Option<&'a SecretString>,
    /// Whether it does no harm to do it twice.
    pub repeatable: bool,
    pub account: Account,
    /// Who is asked before each try whether it may still be sent.
    pub fence: Option<&'a dyn Fence>,
    /// Takes the answer as it arrives, where that is an archive.
    pub archive: Option<&'a Unpacking>,
}

/// An answer that is no refusal.
pub(super) struct Answer {
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
    /// Tells that GitHub is back after it counted as away.
    back: Notify,
}

impl Gate {
    /// The gate to the GitHub of this API, which counts for this process alone.
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
            back: Notify::new(),
        })
    }

    /// Whether GitHub counts as away.
    pub(super) fn is_away(&self) -> bool {
        self.circuit().is_open()
    }

    /// Ends once GitHub is back after it counted as away; at once, where it came back since this was last asked.
    pub(super) async fn back(&self) {
        self.back.notified().await;
    }

    /// How long an account has to leave GitHub alone, or to create nothing there if that is what it wants: none where it
    /// may go on.
    pub(super) fn closed(&self, account: Account, creates: bool) -> Option<Duration> {
        self.allowance(account, |allowance| allowance.closed(creates, now()))
    }

    /// Asks until there is an answer, or no use in asking again.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, GithubError> {
        let what = format!("{} {}", ask.method, ask.path);
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            match self.attempt(ask, &what).await {
                // Refused, it was not done.
                Err(GithubError::Limited { pause, .. }) if pause <= PATIENCE && left > 0 => {
                    tokio::time::sleep(pause).await;
                }
                Err(GithubError::Unavailable { .. } | GithubError::Broken { .. })
                    if ask.repeatable && left > 0 && !self.circuit().is_open() =>
                {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                end => return end,
            }
        }
        Err(anyhow!("{what} was never tried").into())
    }

    /// Asks once, as soon as the account's allowance and its turn among the others let it.
    async fn attempt(&self, ask: &Ask<'_>, what: &str) -> Result<Answer, GithubError> {
        let limited = |pause: Duration| GithubError::Limited {
            what: what.to_owned(),
            pause,
        };
        let unavailable = |problem: String| GithubError::Unavailable {
            what: what.to_owned(),
            problem,
            away: self.circuit().is_open(),
        };
        let writes = ask.method != Method::GET;
        let booked = self.allowance(ask.account, |it| it.book(writes, PATIENCE, now()));
        tokio::time::sleep(booked.map_err(limited)?).await;
        let _slot = self.slots.take(ask.account).await;
        let admitted = self.circuit().admit(now());
        admitted.map_err(|_| unavailable("it did not answer a moment ago".to_owned()))?;
        if let Some(pause) = self.count_content(ask).await? {
            return Err(limited(pause));
        }
        if let Some(fence) = ask.fence
            && !fence.may_write().await
        {
            return Err(GithubError::NotHeld(what.to_owned()));
        }
        let tried = tokio::time::timeout(ask.time(), self.once(ask)).await;
        let late = || Err(anyhow!("no answer within {} s", ask.time().as_secs()));
        let (status, headers, body) = match tried.unwrap_or_else(|_| late()) {
            Ok(answer) if !answer.0.is_server_error() => answer,
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
            self.back.notify_one();
        }
        self.allowance(ask.account, |it| it.read(&headers));
        if status.is_success() || status == StatusCode::UNAUTHORIZED {
            return Ok(Answer {
                status,
                headers,
                body,
            });
        }
        match wanted_pause(status, &headers, &body) {
            Some(pause) => Err(limited(
                self.allowance(ask.account, |it| it.close(pause, now())),
            )),
            None => Err(refusal(status, what, &body)),
        }
    }

    /// Counts the content that a request creates: how long to wait, where there is no room for it.
    async fn count_content(&self, ask: &Ask<'_>) -> anyhow::Result<Option<Duration>> {
        let Some(installation) = ask.account.filter(|_| creates_content(ask)) else {
            return Ok(None);
        };
        let pause = self.ledger.count(installation, now()).await?;
        let turn = |pause| self.allowance(ask.account, |it| it.close_content(pause, now()));
        Ok(pause.map(turn))
    }

    async fn once(&self, ask: &Ask<'_>) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(ask.path)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        if let Some(token) = ask.token {
            let mut value =
                http::HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let body = match &ask.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                let mut body = body.clone();
                mask(&mut body);
                body.to_string()
            }
            None => String::new(),
        };
        let answer = self.http.execute(request.body(body)?).await?;
        let (head, body) = answer.into_parts();
        let body = match ask.archive.filter(|_| head.status.is_success()) {
            Some(archive) => archive.take(body).await.map(|()| Bytes::new()),
            None => whole(body, answer_size::largest(ask.path)).await,
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

impl Ask<'_> {
    /// How long one try may take.
    fn time(&self) -> Duration {
        self.archive.map_or(TRY, |_| Unpacking::TIME)
    }
}

/// A body of so many bytes at most.
async fn whole<B>(body: B, largest: usize) -> anyhow::Result<Bytes>
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

/// Whether an answer arrived that cannot be read, where another error is that none did.
fn is_broken(error: &anyhow::Error) -> bool {
    error.downcast_ref::<LengthLimitError>().is_some()
        || error.downcast_ref::<ArchiveError>().is_some()
}

/// What goes to GitHub to the letter: files, and what GitHub knows things by.
const EXACT: &[&str] = &[
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
        if !EXACT.contains(&key.as_str()) {
            mask_json(value);
        }
    }
}

/// Whether GitHub's limits on created content count it: whether people are notified of what it makes.
fn creates_content(ask: &Ask<'_>) -> bool {
    let shown = ["/pulls", "/issues", "/comments", "/requested_reviewers"];
    ask.method == Method::POST && shown.iter().any(|end| ask.path.ends_with(end))
}

/// How long GitHub asks to be left alone, where it does.
fn wanted_pause(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Duration> {
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
    let told = || message(body).contains("rate limit");
    retry_after.or_else(|| (used_up || told()).then_some(UNTOLD))
}

/// What GitHub says of a refusal. It never repeats what was sent.
fn message(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = answer["message"].as_str().unwrap_or("no reason given");
    let mut message = message.to_owned();
    for error in answer["errors"].as_array().into_iter().flatten() {
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

/// Now, in epoch milliseconds.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
