//! The command line, one file a command.
// These panic where nobody reads any more: `output` prints.
#![deny(clippy::print_stdout, clippy::print_stderr)]

/// `driftguard serve`: receiver, worker and pages in one process.
pub mod serve;
/// `driftguard worker`: jobs only.
pub mod worker;

mod api_key;
mod checkout;
#[cfg(feature = "standin")]
mod demo;
mod exit;
mod fix;
mod host_tokens;
mod iam_policy;
mod installed;
mod jobs;
mod key;
mod log;
mod named_files;
mod notification_secret;
mod output;
mod owner;
mod parity;
mod process;
mod progress;
mod replace;
mod scan;
mod source;
mod terraform;

use crate::config::Config;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// Finds where live AWS differs from Terraform code, and opens pull requests that fix the code.
#[derive(Debug, Parser)]
#[command(name = "driftguard", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: webhooks, schedules, scans and pages in one process
    Serve,
    /// Run jobs only, beside a server: any number of workers, with PostgreSQL
    Worker,
    /// Compare code, state and live AWS of a checkout, without GitHub
    Scan(scan::Options),
    /// Scan a checkout and edit its files to fix the drift; nothing is staged or committed
    Fix(fix::Options),
    /// Run a demo on this machine, end to end, without any account
    #[cfg(feature = "standin")]
    Demo {
        /// Stay up afterwards, with the pages of what was found
        #[arg(long)]
        keep: bool,
    },
    /// List the server's jobs, retry a failed or parked one, or discard one
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Create, list or revoke keys of the API
    #[command(subcommand)]
    ApiKey(api_key::ApiKeyCommand),
    /// Print the least-privilege policy and role that a scan needs
    IamPolicy(iam_policy::Options),
    /// Read a checkout's resources both ways, natively and through the provider, and print where the readers differ
    #[command(hide = true)]
    Parity(parity::Options),
    /// Print the secret that a repository's notifications are signed with
    NotificationSecret(notification_secret::Options),
}

/// Runs the command line. Wrong usage exits with 64.
pub async fn run() -> ExitCode {
    log::on_panic(|place, reason| {
        let line = format!("driftguard: this should not happen: {reason} at {place}\n");
        // There is nobody left to tell that it could not be told.
        let _ = log::Log.write_all(line.as_bytes());
    });
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let quiet = !matches!(cli.command, Command::Serve | Command::Worker);
    log::start(if quiet { "off" } else { "info" });
    let result = match cli.command {
        Command::Serve => server(serve::run).await,
        Command::Worker => server(worker::run).await,
        Command::Scan(options) => scan::run(options).await,
        Command::Fix(options) => fix::run(options).await,
        #[cfg(feature = "standin")]
        Command::Demo { keep } => demo::run(keep).await,
        Command::Jobs(wish) => jobs::run(wish).await,
        Command::ApiKey(wish) => api_key::run(wish).await,
        Command::IamPolicy(options) => iam_policy::run(&options),
        Command::Parity(options) => parity::run(options).await,
        Command::NotificationSecret(options) => notification_secret::run(options).await,
    };
    result.unwrap_or_else(|error| exit::failed(&error))
}

/// Runs a part of the server with the settings of this process.
async fn server<F: Future<Output = anyhow::Result<()>>>(
    run: impl FnOnce(Config) -> F,
) -> anyhow::Result<ExitCode> {
    log::on_panic(|place, reason| tracing::error!(place, reason, "this should not happen"));
    run(Config::of_process()?).await?;
    Ok(ExitCode::SUCCESS)
}
