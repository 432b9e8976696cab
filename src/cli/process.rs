//! Runs what a server and a worker process have in common: listening, the end on a signal, and a worker under a name of
//! its own.

use crate::queue::inbox::Inbox;
use crate::queue::job::JobHandler;
use crate::queue::worker::{Worker, WorkerConfig};
use anyhow::Context;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Returns a worker of this process, under a name of its own.
pub(super) fn worker<P: JobHandler>(inbox: Inbox, handler: P, retention: Duration) -> Worker<P> {
    let config = WorkerConfig {
        retention,
        ..WorkerConfig::default()
    };
    Worker::new(inbox, handler, config, crate::queue::unique_name())
}

/// Ends when the process is asked to stop.
pub(super) fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("while listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("while listening for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Listens on an address, which `variable` sets.
pub(super) async fn listen(variable: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listening = TcpListener::bind(address).await;
    listening.with_context(|| format!("while listening on {address}: set {variable}"))
}
