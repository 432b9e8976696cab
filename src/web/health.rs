//! `/healthz`, `/readyz` and `/metrics`.

use crate::jobs::inbox::Inbox;
use crate::store::StoppedState;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::fmt::Write;

/// `/healthz` alone: the process runs.
pub fn alive() -> Router {
    Router::new().route("/healthz", get(async || "ok\n"))
}

/// `/healthz` and `/readyz`.
pub fn router(inbox: Inbox) -> Router {
    let ready = Router::new().route("/readyz", get(ready)).with_state(inbox);
    alive().merge(ready)
}

/// `/metrics` alone: it may have an address of its own.
pub fn metrics(inbox: Inbox) -> Router {
    Router::new()
        .route("/metrics", get(counts))
        .with_state(inbox)
}

/// Whether the database answers.
async fn ready(State(inbox): State<Inbox>) -> impl IntoResponse {
    match inbox.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n",
            )
        }
    }
}

/// The counts of this process, and how many jobs of all processes stand where.
async fn counts(State(inbox): State<Inbox>) -> impl IntoResponse {
    let mut text = inbox.metrics.exposition();
    // What the database does not tell is left out.
    if let Ok(states) = states(&inbox).await {
        let name = "driftguard_jobs";
        let _ = writeln!(text, "# HELP {name} Jobs by state.\n# TYPE {name} gauge");
        for (state, count) in states {
            let _ = writeln!(text, "{name}{{state=\"{state}\"}} {count}");
        }
    }
    if let Ok(missed) = inbox.store.missed_deliveries().await {
        let name = "driftguard_deliveries_missed";
        let help = "Deliveries that did not arrive yet, and are asked for again.";
        let _ = writeln!(
            text,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {missed}"
        );
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

/// How many jobs are in which state.
async fn states(inbox: &Inbox) -> anyhow::Result<[(&'static str, u64); 5]> {
    let queued = inbox.queue.standing().await?;
    let stopped = async |state| inbox.store.count_stopped_jobs(state).await;
    Ok([
        ("waiting", queued.waiting),
        ("running", queued.running),
        ("done", queued.done),
        ("failed", stopped(StoppedState::Failed).await?),
        ("parked", stopped(StoppedState::Parked).await?),
    ])
}
