//! What fails meanwhile: processes, the database, its disk, and GitHub, one after another with pauses between.

use super::database::Database;
use super::servers::Servers;
use super::tenants::Tenants;
use super::traffic::Dice;
use anyhow::Result;
use driftguard::standin::github::Fault;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The pause between two faults.
const PAUSE: Duration = Duration::from_secs(7);
/// How long GitHub is out of order.
const OUTAGE: Duration = Duration::from_secs(5);
/// After how long a supervisor starts a process again.
const RESTART: Duration = Duration::from_secs(1);

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A process is killed.
    Kill,
    /// PostgreSQL is restarted.
    Restart,
    /// The database's disk is full for a while.
    FullDisk,
    /// GitHub answers each request with this.
    GitHub(Fault),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill => f.write_str("a process is killed"),
            Self::Restart => f.write_str("PostgreSQL is killed and started"),
            Self::FullDisk => f.write_str("the database's disk is full"),
            Self::GitHub(Fault::Status(status)) => write!(f, "GitHub answers {status}"),
            Self::GitHub(Fault::SecondaryLimit) => f.write_str("GitHub answers a secondary limit"),
            Self::GitHub(Fault::LostResponse) => f.write_str("GitHub acts, and hangs up"),
            Self::GitHub(Fault::StaleToken) => f.write_str("GitHub forgets its tokens"),
        }
    }
}

const CAUSES: &[Cause] = &[
    Cause::Kill,
    Cause::GitHub(Fault::Status(502)),
    Cause::Restart,
    Cause::GitHub(Fault::SecondaryLimit),
    Cause::Kill,
    Cause::GitHub(Fault::LostResponse),
    Cause::FullDisk,
    Cause::GitHub(Fault::Status(403)),
    Cause::Kill,
    Cause::GitHub(Fault::StaleToken),
];

/// A fault, and when it was there.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub cause: Cause,
    pub from: Instant,
    pub to: Instant,
}

impl Window {
    /// Whether the database or GitHub was not there: nobody can be answered in that time.
    pub fn stops_answers(&self) -> bool {
        self.cause != Cause::Kill
    }
}

/// Causes one fault after another until `end`.
pub async fn cause(
    servers: Arc<Servers>,
    database: Arc<Database>,
    tenants: Arc<Tenants>,
    end: Instant,
    seed: u64,
) -> Result<Vec<Window>> {
    let mut dice = Dice::new(seed ^ 0xfa01);
    let mut windows = Vec::new();
    for cause in CAUSES.iter().cycle().copied() {
        tokio::time::sleep(PAUSE).await;
        if Instant::now() >= end {
            break;
        }
        let from = Instant::now();
        let happened = match cause {
            Cause::Kill => {
                let at = dice.below(servers.count());
                servers.kill(at);
                tokio::time::sleep(RESTART).await;
                servers.start_one(at)?;
                true
            }
            Cause::Restart => database.restart().await?,
            Cause::FullDisk => database.fill().await?,
            Cause::GitHub(fault) => {
                tenants.github.fail_all(Some(fault));
                tokio::time::sleep(OUTAGE).await;
                tenants.github.fail_all(None);
                true
            }
        };
        if happened {
            let to = Instant::now();
            eprintln!("{cause} for {:.1} s", to.duration_since(from).as_secs_f64());
            windows.push(Window { cause, from, to });
        }
        // A process that gave up is started again, as a supervisor does.
        for at in 0..servers.count() {
            servers.start_one(at)?;
        }
    }
    Ok(windows)
}
