//! Serves `/healthz`, `/readyz` and `/metrics`.

use crate::queue::inbox::Inbox;
use crate::queue::now;
use crate::store::StoppedState;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a result about the database is cached.
const FRESH: Duration = Duration::from_secs(1);

/// How long the database may take for a small write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Routes `/healthz` alone, which says that the process runs, and the icon of its pages.
pub fn alive() -> Router {
    let alive = Router::new().route("/healthz", get(async || "ok\n"));
    alive.merge(super::icon::router())
}

/// Routes what `alive` does, and `/readyz`.
pub fn router(inbox: Inbox) -> Router {
    let state = Arc::new(Cached::new(inbox));
    let ready = Router::new().route("/readyz", get(ready));
    alive().merge(ready.with_state(state))
}

/// Routes `/metrics` alone: it may have an address of its own.
pub fn metrics(inbox: Inbox) -> Router {
    let state = Arc::new(Cached::new(inbox));
    Router::new()
        .route("/metrics", get(counts))
        .with_state(state)
}

/// The last result about the database: however many clients ask, the database is queried once at a time.
struct Cached<T> {
    inbox: Inbox,
    last: Cache<T>,
}

impl<T: Clone> Cached<T> {
    fn new(inbox: Inbox) -> Self {
        Self {
            inbox,
            last: Cache::default(),
        }
    }
}

/// A cached result.
struct Cache<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Cache<T> {
    /// Returns the cached result, or queries a new one. Other callers wait for that.
    async fn or_ask(&self, ask: impl Future<Output = T>) -> T {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let answer = ask.await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// Returns whether deliveries can be accepted: whether the database accepts writes. The reason why not is only logged,
/// since anybody may ask.
async fn ready(State(state): State<Arc<Cached<bool>>>) -> impl IntoResponse {
    match state.last.or_ask(takes_writes(&state.inbox)).await {
        true => (StatusCode::OK, "ready\n"),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database takes no writes\n",
        ),
    }
}

/// Tries a small write.
async fn takes_writes(inbox: &Inbox) -> bool {
    let checked = tokio::time::timeout(WRITE_TIMEOUT, inbox.store.check_writable(now())).await;
    let problem = match checked {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => format!("{error:#}"),
        Err(_) => format!("no answer within {} s", WRITE_TIMEOUT.as_secs()),
    };
    tracing::warn!(problem, "not ready: the database takes no writes");
    false
}

/// Renders the process's counters, and the jobs of all processes by state.
async fn counts(State(state): State<Arc<Cached<String>>>) -> impl IntoResponse {
    let mut text = state.inbox.metrics.exposition();
    text += &state.last.or_ask(gauges(&state.inbox)).await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

/// Renders what the database tells; what it does not tell is left out.
async fn gauges(inbox: &Inbox) -> String {
    let mut text = String::new();
    if let Ok(states) = states(inbox).await {
        let name = "driftguard_jobs";
        let _ = writeln!(text, "# HELP {name} Jobs by state.\n# TYPE {name} gauge");
        for (state, count) in states {
            let _ = writeln!(text, "{name}{{state=\"{state}\"}} {count}");
        }
    }
    if let Ok(missed) = inbox.store.missed_deliveries().await {
        let help = "Deliveries that did not arrive yet, and are asked for again.";
        gauge(&mut text, "driftguard_deliveries_missed", help, missed);
    }
    if let Ok(since) = inbox.queue.oldest().await {
        let help = "How long the oldest of the jobs that run or wait has been there.";
        let age = since.map_or(0, |since| now().saturating_sub(since) / 1_000);
        let age = u64::try_from(age).unwrap_or_default();
        gauge(&mut text, "driftguard_jobs_oldest_seconds", help, age);
    }
    text
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    let _ = writeln!(
        text,
        "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
    );
}

/// Renders the number of jobs in each state.
async fn states(inbox: &Inbox) -> anyhow::Result<[(&'static str, u64); 5]> {
    let queued = inbox.counts().await?;
    let stopped = async |state| inbox.store.count_stopped_jobs(state).await;
    Ok([
        ("waiting", queued.waiting),
        ("running", queued.running),
        ("done", queued.done),
        ("failed", stopped(StoppedState::Failed).await?),
        ("parked", stopped(StoppedState::Parked).await?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::task::JoinSet;

    #[tokio::test(flavor = "multi_thread")]
    async fn however_many_ask_one_finds_out_for_all() {
        let (fresh, running, asked) = (
            Arc::new(Cache::default()),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        let mut many = JoinSet::new();
        for _ in 0..200 {
            let (fresh, running, asked) = (fresh.clone(), running.clone(), asked.clone());
            many.spawn(async move {
                let ask = async {
                    assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    asked.fetch_add(1, Ordering::SeqCst)
                };
                fresh.or_ask(ask).await
            });
        }
        many.join_all().await;
        assert!(asked.load(Ordering::SeqCst) < 10);
    }
}
