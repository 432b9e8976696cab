//! Runs the server for many tenants at once while everything around it fails, and prints as JSON what came of it.
//! `scripts/soak` builds it, runs it and writes the figures down.
//!
//! GitHub is the stand-in, AWS is moto, PostgreSQL is PostgreSQL. Three processes share PostgreSQL, one has SQLite; they
//! are killed, the database is restarted, disks fill, GitHub refuses and hangs up, and one repository in twenty is made to
//! do harm. In the end each acknowledged command has one reply, each repository a check on its newest commit.

mod balancer;
mod database;
mod faults;
mod machine;
mod servers;
mod tenants;
mod traffic;
mod verdict;

use anyhow::{Context, Result, bail};
use clap::Parser;
use database::Database;
use faults::Surroundings;
use machine::Load;
use servers::Servers;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenants::Tenants;
use tokio::signal::unix::{SignalKind, signal};
use verdict::{MEMORY_MIB, Verdict};

/// How long the scans that follow the installation may take.
const FIRST_SCANS: Duration = Duration::from_secs(600);
/// How long the last commands may wait for their replies.
const LAST_REPLIES: Duration = Duration::from_secs(420);
/// How long the last scans may take after that.
const LAST_SCANS: Duration = Duration::from_secs(240);

/// Soaks one build of driftguard.
#[derive(Debug, Parser)]
struct Options {
    /// The build of driftguard under test; without one nothing is done, as when `cargo bench` starts everything.
    binary: Option<PathBuf>,
    /// `sqlite` or `postgres`.
    #[arg(default_value = "sqlite")]
    database: String,
    /// How many deliveries are sent.
    #[arg(long, default_value_t = 10_000)]
    deliveries: usize,
    /// How long they are sent.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// How many accounts have the App installed, with ten repositories each.
    #[arg(long, default_value_t = 20)]
    installations: usize,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder for the logs of the processes and of PostgreSQL, however it ends.
    #[arg(long)]
    logs: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let Some(binary) = &options.binary else {
        println!("no build of driftguard is named: see scripts/soak");
        return Ok(());
    };
    let binary = binary.canonicalize().context("no such binary")?;
    let folder = tempfile::tempdir()?;
    let database = Database::start(&options.database, folder.path()).await?;
    // Whatever happens, the database ends, its file system is given back, and the logs are kept.
    let verdict = tokio::select! {
        verdict = soak(&options, &binary, &database, folder.path()) => verdict,
        () = told_to_stop() => Err(anyhow::anyhow!("stopped by a signal")),
    };
    if let Some(logs) = &options.logs {
        keep_logs(folder.path(), &database, logs).context("while keeping the logs")?;
    }
    database.stop();
    let verdict = verdict?;
    println!("{}", serde_json::to_string_pretty(&verdict.to_json())?);
    if !verdict.is_good() {
        bail!("the soak found {} faults", verdict.faults.len());
    }
    Ok(())
}

async fn soak(
    options: &Options,
    binary: &Path,
    database: &Arc<Database>,
    folder: &Path,
) -> Result<Verdict> {
    let tenants = Arc::new(Tenants::create(options.installations).await?);
    let load = Load::watch();
    let servers = Servers::start(binary, &tenants, database, folder).await?;
    tenants.github.deliver_to(&servers.hook());
    tenants.install().await;
    eprintln!("installed; waiting for the first scans");
    let first = tenants.until_scanned(FIRST_SCANS).await;
    eprintln!("scanned after {} s", first.as_secs());

    let ledger = traffic::Ledger::watch(tenants.clone());
    let (began, sending) = (Instant::now(), Duration::from_secs(options.seconds));
    let surroundings = Surroundings {
        servers: servers.clone(),
        database: database.clone(),
        tenants: tenants.clone(),
    };
    let faults = surroundings.fail(began + sending, options.seed);
    let traffic = traffic::send(&tenants, options.deliveries, sending, options.seed);
    let (windows, sent) = tokio::join!(faults, traffic);
    let windows = windows?;
    eprintln!("sent {sent} deliveries; waiting until all are done");
    servers.start_all().await?;
    let unanswered = ledger.until_answered(LAST_REPLIES).await;
    tenants.until_scanned(LAST_SCANS).await;
    let (jobs, memory, commands) = (
        servers.stopped_jobs().await?,
        servers.peak_memory(),
        ledger.end().await,
    );
    let verdict = Verdict::of(&tenants, &commands, &windows)
        .with("sent", sent)
        .with("seconds", began.elapsed().as_secs())
        .with("first_scans_seconds", first.as_secs())
        .with("left_unanswered", unanswered)
        .with("ended_by_themselves", servers.ended_by_themselves())
        .with_bound("jobs_stopped", jobs, 0)
        .with_bound("peak_memory_mib", memory, MEMORY_MIB)
        .with("load", load.to_json());
    Ok(verdict)
}

async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Copies what the processes and the database wrote into a folder.
fn keep_logs(folder: &Path, database: &Database, kept: &Path) -> Result<()> {
    std::fs::create_dir_all(kept)?;
    for file in std::fs::read_dir(folder)?.flatten() {
        if file.file_type()?.is_file() {
            std::fs::copy(file.path(), kept.join(file.file_name()))?;
        }
    }
    if database.log().is_file() {
        std::fs::copy(database.log(), kept.join("postgres.log"))?;
    }
    Ok(())
}
