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

/// The pause between two faults, and between two kills; a little longer each time, by chance.
const PAUSE: Duration = Duration::from_secs(7);
const BETWEEN_KILLS: Duration = Duration::from_secs(15);
/// How long GitHub is out of order, and how long it is away. A little longer each time, by chance.
const DISORDER: Duration = Duration::from_secs(5);
const OUTAGE: Duration = Duration::from_secs(90);
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

/// What fails one after another, beside the processes that are killed all the time.
const CAUSES: &[Cause] = &[
    Cause::GitHub(Fault::SecondaryLimit),
    Cause::Restart,
    Cause::GitHub(Fault::LostResponse),
    Cause::FullDisk,
    Cause::GitHub(Fault::Status(502)),
    Cause::GitHub(Fault::Status(403)),
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

/// What can be made to fail.
pub struct Surroundings {
    pub servers: Arc<Servers>,
    pub database: Arc<Database>,
    pub tenants: Arc<Tenants>,
}

impl Surroundings {
    /// Kills processes, and beside that causes one fault after another, until `end`.
    pub async fn fail(&self, end: Instant, seed: u64) -> Result<Vec<Window>> {
        let (kills, others) = tokio::try_join!(
            self.kill(end, Dice::new(seed ^ 0xdead)),
            self.disturb(end, Dice::new(seed ^ 0xfa01))
        )?;
        Ok([kills, others].concat())
    }

    async fn kill(&self, end: Instant, mut dice: Dice) -> Result<Vec<Window>> {
        let mut windows = Vec::new();
        while pause(BETWEEN_KILLS, end, &mut dice).await {
            let from = Instant::now();
            let at = dice.below(self.servers.count());
            self.servers.kill(at);
            tokio::time::sleep(RESTART).await;
            self.servers.start_one(at)?;
            windows.push(Window::until_now(Cause::Kill, from));
        }
        Ok(windows)
    }

    async fn disturb(&self, end: Instant, mut dice: Dice) -> Result<Vec<Window>> {
        let mut windows = Vec::new();
        for cause in CAUSES.iter().cycle().copied() {
            if !pause(PAUSE, end, &mut dice).await {
                break;
            }
            let from = Instant::now();
            let happened = match cause {
                Cause::Kill => false,
                Cause::Restart => self.database.restart().await?,
                Cause::FullDisk => self.database.fill().await?,
                Cause::GitHub(fault) => {
                    let time = match fault {
                        Fault::Status(502) => OUTAGE,
                        _ => DISORDER,
                    };
                    self.tenants.github.fail_all(Some(fault));
                    tokio::time::sleep(longer(time, &mut dice)).await;
                    self.tenants.github.fail_all(None);
                    true
                }
            };
            if happened {
                windows.push(Window::until_now(cause, from));
            }
        }
        Ok(windows)
    }
}

impl Window {
    fn until_now(cause: Cause, from: Instant) -> Self {
        let to = Instant::now();
        eprintln!("{cause} for {:.1} s", (to - from).as_secs_f64());
        Self { cause, from, to }
    }
}

/// Waits a while: whether it is not over.
async fn pause(time: Duration, end: Instant, dice: &mut Dice) -> bool {
    tokio::time::sleep(longer(time, dice)).await;
    Instant::now() < end
}

/// Up to ten seconds longer.
fn longer(time: Duration, dice: &mut Dice) -> Duration {
    let more = u64::try_from(dice.below(10_000)).unwrap_or_default();
    time + Duration::from_millis(more)
}
