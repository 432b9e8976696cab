//! `driftguard worker`: jobs only. With PostgreSQL any number of them may run.

use crate::config::Config;
use crate::jobs::handler::AppHandler;
use crate::queue::inbox::Inbox;
use crate::queue::job::JobHandler;
use crate::queue::worker::{Worker, WorkerConfig};
use anyhow::Context;
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};

/// Works until SIGTERM or SIGINT.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let app = config.app.as_ref();
    let app = app.context(
        "GITHUB_APP_ID is not set: a worker needs the App that `driftguard serve` runs with",
    )?;
    let stop = asked_to_stop()?;
    config.prepare()?;
    let inbox = Inbox::connect(config.database_url.expose_secret()).await?;
    let handler = AppHandler::connect(&config, app, &inbox).await?;
    let worked = worker(inbox.clone(), handler).run(stop).await;
    inbox.close().await;
    worked
}

/// Returns a worker of this process, under a name of its own.
pub(super) fn worker<P: JobHandler>(inbox: Inbox, handler: P) -> Worker<P> {
    Worker::new(
        inbox,
        handler,
        WorkerConfig::default(),
        crate::queue::unique_name(),
    )
}

/// Ends when the process is asked to stop.
pub(super) fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
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

#[cfg(test)]
mod tests {
    use crate::queue::unique_name;
    use std::collections::BTreeSet;

    #[test]
    fn workers_that_start_at_once_have_different_names() {
        let names: BTreeSet<_> = (0..1_000).map(|_| unique_name()).collect();
        assert_eq!(names.len(), 1_000);
    }
}
