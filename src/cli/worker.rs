//! `driftguard worker`: jobs only. With PostgreSQL any number of them may run.

use super::process::{stop_signal, worker};
use crate::config::Config;
use crate::jobs::handler::AppHandler;
use crate::queue::inbox::Inbox;
use anyhow::Context;
use secrecy::ExposeSecret;

/// Works until SIGTERM or SIGINT.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let app = config.app.as_ref();
    let app = app.context(
        "GITHUB_APP_ID is not set: a worker needs the App that `driftguard serve` runs with",
    )?;
    let stop = stop_signal()?;
    config.prepare()?;
    let inbox = Inbox::connect(config.database_url.expose_secret()).await?;
    let handler = AppHandler::connect(&config, app, &inbox).await?;
    let worked = worker(inbox.clone(), handler, config.retention)
        .run(stop)
        .await;
    inbox.close().await;
    worked
}
