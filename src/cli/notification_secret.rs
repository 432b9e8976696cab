//! `driftguard notification-secret OWNER/NAME`: for repositories that everybody sees, where no comment may show it.

use super::output::print;
use super::process::existing_inbox;
use crate::config::Config;
use crate::jobs::steps::notification_secret;
use crate::model::RepositoryName;
use anyhow::{Context, bail};
use clap::Args;
use secrecy::ExposeSecret;
use std::process::ExitCode;

/// The arguments of `driftguard notification-secret`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The repository, as `owner/name`
    repository: String,
}

/// Prints the secret that a repository's notifications are signed with now.
pub(super) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::of_process()?;
    let app = config.app.as_ref();
    let app = app.context(
        "GITHUB_APP_ID is not set: run this with the settings that `driftguard serve` runs with",
    )?;
    let name = RepositoryName::new(&options.repository)
        .with_context(|| format!("`{}` is no owner/name", options.repository))?;
    let inbox = existing_inbox(&config).await?;
    let found = inbox.store.repositories_named(&name).await?;
    let [(installation, repository)] = found.as_slice() else {
        if found.is_empty() {
            bail!(
                "DriftGuard does not know {name}: check the name, and that the App is installed there"
            );
        }
        bail!(
            "{name} belongs to {} installations, so its secret is not clear: wait until GitHub has told of its transfer",
            found.len()
        );
    };
    let tenant = inbox.store.of(*installation);
    let key = app.secret_key.expose_secret().as_bytes();
    let secret = notification_secret::current(key, &tenant, *repository).await?;
    inbox.close().await;
    print(&format!("{secret}\n"))?;
    Ok(ExitCode::SUCCESS)
}
