//! The one way out to GitHub: limits kept, what is safe to repeat repeated, errors read.

use super::error::GithubError;
use anyhow::{Context, anyhow};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};

/// How many requests are under way at once. GitHub allows 100 for all of an App.
const AT_ONCE: usize = 16;
/// How often something that may be repeated is tried.
const TRIES: u32 = 4;
/// The pause after the first failure; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest that a job waits for GitHub's leave; beyond, it comes back later.
const PATIENCE: u64 = 60;
/// GitHub's limits for what people are notified of: a minute, an hour; some room left.
const CONTENT: [(usize, Duration); 2] = [
    (70, Duration::from_secs(60)),
    (450, Duration::from_secs(3600)),
];
/// How long one try may take.
const TRY: Duration = Duration::from_secs(60);
/// The longest body that is read.
const LARGEST: usize = 256 * 1024 * 1024;

/// A request.
pub(super) struct Ask<'a> {
    pub method: Method,
    pub path: &'a str,
    pub body: Option<Value>,
    pub token: Option<&'a SecretString>,
    /// Whether it does no harm to do it twice.
    pub repeatable: bool,
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

pub(super) struct Gate {
    http: Octocrab,
    slots: Semaphore,
    /// When content was created.
    created: Mutex<VecDeque<Instant>>,
}

impl Gate {
    pub(super) fn new(api: &str) -> anyhow::Result<Self> {
        let http = Octocrab::builder()
            .base_uri(api)
            .context("while reading GITHUB_API_URL")?
            .build()
            .context("while preparing the way to GitHub")?;
        Ok(Self {
            http,
            slots: Semaphore::new(AT_ONCE),
            created: Mutex::default(),
        })
    }

    /// Asks until there is an answer, or no use in asking again.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, GithubError> {
        let what = format!("{} {}", ask.method, ask.path);
        let _slot = self.slots.acquire().await.map_err(|error| anyhow!(error))?;
        if creates_content(ask) {
            self.take_turn().await;
        }
        let mut pause = PAUSE;
        for left in (0..TRIES).rev() {
            let tried = tokio::time::timeout(TRY, self.once(ask, &what)).await;
            let late = || Err(anyhow!("GitHub did not answer {what} in time"));
            let failure = match tried.unwrap_or_else(|_| late()) {
                Ok((status, headers, body)) => {
                    if status.is_success() || status == StatusCode::UNAUTHORIZED {
                        return Ok(Answer { status, body });
                    }
                    if let Some(seconds) = wait(status, &headers, &body) {
                        if seconds > PATIENCE || left == 0 {
                            return Err(GithubError::Limited { what, seconds });
                        }
                        tokio::time::sleep(Duration::from_secs(seconds)).await;
                        continue;
                    }
                    let refusal = refusal(status, &what, &body);
                    if !status.is_server_error() || !ask.repeatable {
                        return Err(refusal);
                    }
                    refusal
                }
                Err(error) if ask.repeatable => error.into(),
                Err(error) => return Err(error.into()),
            };
            if left == 0 {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(anyhow!("{what} was never tried").into())
    }

    async fn once(
        &self,
        ask: &Ask<'_>,
        what: &str,
    ) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
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
                body.to_string()
            }
            None => String::new(),
        };
        let answer = self.http.execute(request.body(body)?).await;
        let answer = answer.with_context(|| format!("while asking GitHub for {what}"))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST).collect().await;
        let body =
            body.map_err(|error| anyhow!("while reading GitHub's answer to {what}: {error}"))?;
        Ok((head.status, head.headers, body.to_bytes()))
    }

    /// Waits until one more thing may be created.
    async fn take_turn(&self) {
        let mut created = self.created.lock().await;
        loop {
            let now = Instant::now();
            let full = CONTENT.iter().find_map(|(most, window)| {
                let recent = created
                    .iter()
                    .filter(|then| now.duration_since(**then) < *window);
                let oldest = *recent.clone().next()?;
                (recent.count() >= *most).then(|| *window - now.duration_since(oldest))
            });
            match full {
                Some(pause) => tokio::time::sleep(pause).await,
                None => break,
            }
        }
        created.push_back(Instant::now());
        while created.len() > CONTENT[1].0 {
            created.pop_front();
        }
    }
}

/// Whether people are notified of what it makes.
fn creates_content(ask: &Ask<'_>) -> bool {
    let shown = ["/pulls", "/issues", "/comments"];
    ask.method == Method::POST && shown.iter().any(|end| ask.path.ends_with(end))
}

/// How many seconds GitHub asks to wait, where it does.
fn wait(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<u64> {
    if !matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
    ) {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    let retry_after = number("retry-after");
    let used_up = number("x-ratelimit-remaining") == Some(0);
    // Some say so in their words alone; GitHub asks for a minute then.
    let said = || String::from_utf8_lossy(body).contains("secondary rate limit");
    let limited = || (used_up || said()).then_some(PATIENCE + 1);
    retry_after.or_else(limited)
}

/// A refusal, in GitHub's words. They never repeat what was sent.
fn refusal(status: StatusCode, what: &str, body: &[u8]) -> GithubError {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut message = said["message"]
        .as_str()
        .unwrap_or("no reason given")
        .to_owned();
    for error in said["errors"].as_array().into_iter().flatten() {
        let field = error["field"].as_str().unwrap_or_default();
        let detail = error["message"]
            .as_str()
            .or(error["code"].as_str())
            .unwrap_or_default();
        message = format!("{message}; {field} {detail}");
    }
    let what = what.to_owned();
    match status.as_u16() {
        404 | 410 => GithubError::NotFound(what),
        403 => GithubError::Forbidden { what, message },
        409 | 422 => GithubError::Invalid { what, message },
        status => anyhow!("GitHub answered {status} to {what}: {message}").into(),
    }
}
