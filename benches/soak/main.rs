//! `soak BINARY sqlite|postgres DELIVERIES SECONDS [SEED]`: runs the server for many tenants at once while everything
//! around it fails, and prints as JSON what came of it. `scripts/soak` builds it, runs it and writes the figures down.
//!
//! GitHub is the stand-in, AWS is moto, PostgreSQL is PostgreSQL. Three processes share PostgreSQL, one has SQLite; they
//! are killed, the database is restarted, disks fill, GitHub refuses and hangs up, and one repository in twenty is made to
//! do harm. In the end each acknowledged command has one reply, each repository a check on its newest commit.

mod balancer;
mod database;
mod faults;
mod servers;
mod tenants;
mod traffic;
mod verdict;

use anyhow::{Context, Result, bail};
use database::Database;
use servers::Servers;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tenants::Tenants;
use verdict::Verdict;

/// What the command line asks for.
struct Options {
    binary: PathBuf,
    database: String,
    deliveries: usize,
    /// How long deliveries may be sent.
    sending: Duration,
    seed: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo bench` and `cargo test --benches` start it without a binary: there is nothing to do then.
    let Some(options) = options()? else {
        println!("usage: soak BINARY sqlite|postgres DELIVERIES SECONDS [SEED] (see scripts/soak)");
        return Ok(());
    };
    let verdict = run(&options).await?;
    println!("{}", serde_json::to_string_pretty(&verdict.to_json())?);
    if !verdict.is_good() {
        bail!("the soak found {} faults", verdict.faults.len());
    }
    Ok(())
}

fn options() -> Result<Option<Options>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [binary, database, deliveries, seconds, rest @ ..] = arguments.as_slice() else {
        return Ok(None);
    };
    Ok(Some(Options {
        binary: Path::new(binary).canonicalize().context("no such binary")?,
        database: database.clone(),
        deliveries: deliveries.parse()?,
        sending: Duration::from_secs(seconds.parse()?),
        seed: rest.first().map_or(Ok(1), |seed| seed.parse())?,
    }))
}

async fn run(options: &Options) -> Result<Verdict> {
    let folder = tempfile::tempdir()?;
    let database = Database::start(&options.database, folder.path()).await?;
    let tenants = Arc::new(Tenants::create().await?);
    let servers = Servers::start(options, &tenants, &database, folder.path()).await?;
    tenants.github.deliver_to(&servers.hook());
    tenants.install().await;
    eprintln!("installed; waiting for the first scans");
    let first = tenants.until_scanned(Duration::from_secs(600)).await;

    let ledger = traffic::Ledger::watch(tenants.clone());
    let began = Instant::now();
    let faults = faults::cause(
        servers.clone(),
        database.clone(),
        tenants.clone(),
        began + options.sending,
        options.seed,
    );
    let traffic = traffic::send(&tenants, options.deliveries, options.sending, options.seed);
    let (windows, sent) = tokio::join!(faults, traffic);
    let windows = windows?;
    eprintln!("sent {sent} deliveries; waiting until all are done");
    servers.start_all().await?;
    let idle = ledger.until_answered(Duration::from_secs(420)).await;
    tenants.until_scanned(Duration::from_secs(240)).await;
    let memory = servers.peak_memory();
    let verdict = Verdict::of(&tenants, &ledger.end().await, &windows)
        .with("deliveries", tenants.github.deliveries().len())
        .with("seconds", began.elapsed().as_secs())
        .with("first_scans_seconds", first.as_secs())
        .with("left_unanswered", idle)
        .with("faults_caused", windows.len())
        .with("kills", servers.kills())
        .with("peak_memory_mib", memory);
    servers.stop().await;
    database.stop().await;
    if let Some(kept) = std::env::var_os("SOAK_LOGS") {
        let _ = std::process::Command::new("cp")
            .arg("-r")
            .arg(folder.path())
            .arg(kept)
            .status();
    }
    Ok(verdict)
}
