//! Runs what a server and a worker process have in common: listening, the end on a signal, and a worker under a name of
//! its own.

use crate::config::Config;
use crate::queue::inbox::Inbox;
use crate::queue::job::JobHandler;
use crate::queue::storage::database_file;
use crate::queue::worker::{Worker, WorkerConfig};
use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

/// Returns a worker of this process, under a name of its own.
pub(super) fn worker<P: JobHandler>(inbox: Inbox, handler: P, retention: Duration) -> Worker<P> {
    let config = WorkerConfig {
        retention,
        ..WorkerConfig::default()
    };
    Worker::new(inbox, handler, config, crate::queue::unique_name())
}

/// Connects to the server's database, for a command beside the server. Makes none: an empty one would know nothing of the
/// server's, and not say so.
pub(super) async fn existing_inbox(config: &Config) -> anyhow::Result<Inbox> {
    let url = config.database_url.expose_secret();
    if let Some(file) = database_file(url)?
        && !file.exists()
    {
        bail!(
            "there is no database at {}: set DATABASE_URL or DRIFTGUARD_DATA_DIR as the server has it",
            file.display()
        );
    }
    Inbox::connect(url).await
}

/// Names a database, without the password.
pub(super) fn database_name(config: &Config) -> anyhow::Result<String> {
    let url = config.database_url.expose_secret();
    if let Some(file) = database_file(url)? {
        return Ok(file.display().to_string());
    }
    let url = Url::parse(url).context("DATABASE_URL is no address")?;
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    Ok(format!(
        "{}{}{}",
        host,
        port.unwrap_or_default(),
        url.path()
    ))
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
