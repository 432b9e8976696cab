//! `driftguard jobs`: what waits, runs, failed or is parked, and what the operator decides about it.

use super::output::{print, tell};
use super::process::{database_name, existing_inbox};
use crate::config::Config;
use crate::queue::operator::JobRow;
use crate::report::printable;
use clap::Subcommand;
use jiff::Timestamp;
use std::process::ExitCode;

/// The subcommands of `driftguard jobs`.
#[derive(Debug, Subcommand)]
pub(super) enum JobsCommand {
    /// Print a line a job, tab-separated: id, state, work, installation, repository, since, deaths, problem
    List,
    /// Run a failed or parked job again
    Retry {
        /// The job's id, as `list` prints it
        id: String,
    },
    /// Give up a job: whoever asked for it is told as if it had failed
    Discard {
        /// The job's id, as `list` prints it
        id: String,
    },
}

/// The columns of `list`.
const COLUMNS: &str = "id\tstate\twork\tinstallation\trepository\tsince\tdeaths\tproblem";

/// Lists, retries or discards jobs in the server's database.
pub(super) async fn run(wish: JobsCommand) -> anyhow::Result<ExitCode> {
    let config = Config::of_process()?;
    let inbox = existing_inbox(&config).await?;
    match wish {
        JobsCommand::List => {
            tell(&format!("The jobs in {}:", database_name(&config)?));
            list(&inbox.jobs().await?)?;
        }
        JobsCommand::Retry { id } => inbox.retry(&id).await?,
        JobsCommand::Discard { id } => inbox.discard(&id).await?,
    }
    inbox.close().await;
    Ok(ExitCode::SUCCESS)
}

fn list(jobs: &[JobRow]) -> anyhow::Result<()> {
    let mut text = format!("{COLUMNS}\n");
    for job in jobs {
        text.push_str(&line(job));
        text.push('\n');
    }
    print(&text)
}

fn line(job: &JobRow) -> String {
    let since = Timestamp::from_millisecond(job.since).map(|since| since.to_string());
    let repository = job.repository.map(|id| id.to_string());
    let columns = [
        job.id.clone(),
        job.state.as_str().to_owned(),
        job.work.clone(),
        job.installation.to_string(),
        repository.unwrap_or_else(|| "-".to_owned()),
        since.unwrap_or_default(),
        job.deaths.to_string(),
        // A column holds no tab, a line no line's end.
        printable(&job.problem),
    ];
    columns.join("\t")
}
