//! `driftguard serve`: receiver, worker and pages in one process.

use super::worker::{asked_to_stop, worker};
use crate::config::{App, Config};
use crate::jobs::inbox::Inbox;
use crate::jobs::job::Process;
use crate::jobs::scan::Scanner;
use crate::web;
use crate::webhook::{self, Door, signature::Secrets};
use anyhow::Context;
use futures::FutureExt;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

/// Serves until SIGTERM or SIGINT.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let stop = asked_to_stop()?;
    let Some(app) = &config.app else {
        tracing::info!(address = %config.listen, "no GITHUB_APP_ID: set-up mode");
        return web::serve(listen(&config).await?, web::alive(), stop.shared()).await;
    };
    config.prepare()?;
    let scanner = Scanner::new(&config, app).await?;
    run_until(config, scanner, stop).await
}

/// Serves until `stop` ends. `process` makes the scans.
pub async fn run_until(
    config: Config,
    process: impl Process,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let listener = listen(&config).await?;
    let stop = stop.shared();
    let Some(App {
        webhook_secrets, ..
    }) = &config.app
    else {
        return web::serve(listener, web::alive(), stop).await;
    };
    config.prepare()?;
    let inbox = Inbox::connect(config.database_url.expose_secret()).await?;
    let secrets = Secrets::new(webhook_secrets.clone());
    let door = Door {
        inbox: inbox.clone(),
        secrets,
    };
    let routes = web::router(inbox.clone()).merge(webhook::router(door));
    tracing::info!(address = %config.listen, "serving");
    let (served, worked) = tokio::join!(
        web::serve(listener, routes, stop.clone()),
        worker(inbox.clone(), process).run(stop),
    );
    inbox.close().await;
    served.and(worked)
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let listening = TcpListener::bind(config.listen).await;
    listening.with_context(|| {
        format!(
            "while listening on {}: set DRIFTGUARD_LISTEN",
            config.listen
        )
    })
}
