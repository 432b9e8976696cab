//! `/healthz`, `/readyz` and `/metrics`.

use crate::jobs::inbox::Inbox;
use crate::jobs::now;
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

/// How long an answer about the database holds.
const FRESH: Duration = Duration::from_secs(1);

/// How long what the database counts holds: whoever asks for it all the time costs the database no more than this.
const COUNTED: Duration = Duration::from_millis(250);

/// How long the database may take for one small write.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many jobs are looked at for the oldest one.
const MOST_LOOKED_AT: u32 = 1_000;

/// `/healthz` alone: the process runs.
pub fn alive() -> Router {
    Router::new().route("/healthz", get(async || "ok\n"))
}

/// `/healthz` and `/readyz`.
pub fn router(inbox: Inbox) -> Router {
    let readiness = Arc::new(Readiness {
        inbox,
        last: Mutex::new(None),
    });
    let ready = Router::new()
        .route("/readyz", get(ready))
        .with_state(readiness);
    alive().merge(ready)
}

/// `/metrics` alone: it may have an address of its own.
pub fn metrics(inbox: Inbox) -> Router {
    let gauges = Arc::new(Gauges {
        inbox,
        last: Mutex::new(None),
    });
    Router::new()
        .route("/metrics", get(counts))
        .with_state(gauges)
}

/// Whether the database takes writes, as it was found last.
struct Readiness {
    inbox: Inbox,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Readiness {
    /// Whoever asks within a moment of the last one gets the same answer: asking often costs no writes.
    async fn find_out(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let beat = tokio::time::timeout(PATIENCE, self.inbox.store.beat(now())).await;
        let found = match beat {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(_) => Err(format!(
                "the database takes no writes: no answer within {} s",
                PATIENCE.as_secs()
            )),
        };
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

/// Whether deliveries can be taken: whether the database takes writes, and why not.
async fn ready(State(readiness): State<Arc<Readiness>>) -> impl IntoResponse {
    match readiness.find_out().await {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(problem) => {
            tracing::warn!(problem, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n"))
        }
    }
}

/// The counts of this process, and how many jobs of all processes stand where.
async fn counts(State(gauges): State<Arc<Gauges>>) -> impl IntoResponse {
    let text = gauges.inbox.metrics.exposition() + &gauges.count().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

/// What the database counts, as it was counted last.
struct Gauges {
    inbox: Inbox,
    last: Mutex<Option<(Instant, String)>>,
}

impl Gauges {
    /// Counts, unless that was done a moment ago; one count at a time.
    async fn count(&self) -> String {
        let mut last = self.last.lock().await;
        if let Some((at, counted)) = &*last
            && at.elapsed() < COUNTED
        {
            return counted.clone();
        }
        let counted = gauges(&self.inbox).await;
        *last = Some((Instant::now(), counted.clone()));
        counted
    }
}

/// The gauges. What the database does not tell is left out.
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
    if let Ok(age) = oldest(inbox).await {
        let help = "How long the oldest of the jobs that run or wait has been there.";
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

/// How many seconds ago the oldest job was first enqueued, of those that are next in the queue.
async fn oldest(inbox: &Inbox) -> anyhow::Result<u64> {
    let jobs = inbox.queue.jobs(MOST_LOOKED_AT).await?;
    let since = jobs.iter().map(|job| job.ticket.since);
    let oldest = since.filter(|since| *since > 0).min();
    let age = oldest.map_or(0, |since| crate::jobs::now().saturating_sub(since) / 1_000);
    Ok(u64::try_from(age).unwrap_or_default())
}

/// How many jobs are in which state.
async fn states(inbox: &Inbox) -> anyhow::Result<[(&'static str, u64); 5]> {
    let queued = inbox.standing().await?;
    let stopped = async |state| inbox.store.count_stopped_jobs(state).await;
    Ok([
        ("waiting", queued.waiting),
        ("running", queued.running),
        ("done", queued.done),
        ("failed", stopped(StoppedState::Failed).await?),
        ("parked", stopped(StoppedState::Parked).await?),
    ])
}
