//! How large states may be, and how many large ones a process reads at once.

use crate::model::ScanError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

/// The largest state that the command line reads.
const OF_COMMAND_LINE: u64 = 512 * 1024 * 1024;
/// From how many bytes of states on a scan counts as large: of those the server makes one at a time.
const LARGE: u64 = 8 * 1024 * 1024;
/// How long a scan waits for another that is large; then it comes back later, and others get their turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many times the limit what is read of a state may take in memory: states as Terraform writes them take four times
/// their size, made up ones eighty times.
const IN_MEMORY: u64 = 8;

/// The kind of error of a scan that has to come back later.
const BUSY: &str = "busy";

/// How large states may be: those of one scan together, too.
#[derive(Debug, Clone)]
pub struct StateBudget {
    largest: u64,
    remedy: &'static str,
    /// For the large scan; none where there is one scan only.
    large: Option<Arc<Semaphore>>,
}

/// What the states of one scan take. Dropping it lets the next large scan begin.
#[derive(Debug)]
pub struct ScanStates {
    budget: StateBudget,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    bytes: u64,
    turn: Option<OwnedSemaphorePermit>,
}

impl StateBudget {
    /// That of a server, which many repositories share.
    pub fn of_server(largest: u64) -> Self {
        Self {
            largest,
            remedy: "split the state, or raise DRIFTGUARD_STATE_LIMIT on the server",
            large: Some(Arc::new(Semaphore::new(1))),
        }
    }

    /// That of the command line.
    pub fn of_command_line() -> Self {
        Self {
            largest: OF_COMMAND_LINE,
            remedy: "split the state",
            large: None,
        }
    }

    /// Begins a scan.
    pub fn begin(&self) -> ScanStates {
        ScanStates {
            budget: self.clone(),
            taken: Mutex::default(),
        }
    }
}

impl ScanStates {
    /// The most bytes that one state may have.
    pub fn largest(&self) -> u64 {
        self.budget.largest
    }

    /// The most bytes of memory that what is read of a state may take.
    pub fn largest_in_memory(&self) -> u64 {
        self.budget.largest.saturating_mul(IN_MEMORY)
    }

    /// Counts a state before it is read, and waits while another scan is large.
    ///
    /// # Errors
    /// When it is too large, by itself or with the scan's others.
    pub async fn admit(&self, location: &str, bytes: u64) -> Result<(), ScanError> {
        let largest = self.budget.largest;
        if bytes > largest {
            return Err(self.too_large(&format!("{location} has {}", mebibytes(bytes))));
        }
        let mut taken = self.taken.lock().await;
        let together = taken.bytes + bytes;
        if together > largest {
            let name = format!(
                "with {location} the states of this scan have {}",
                mebibytes(together)
            );
            return Err(self.too_large(&name));
        }
        if let Some(large) = &self.budget.large
            && together > LARGE
            && taken.turn.is_none()
        {
            let turn = tokio::time::timeout(PATIENCE, large.clone().acquire_owned()).await;
            taken.turn = Some(turn.ok().and_then(Result::ok).ok_or_else(busy)?);
        }
        taken.bytes = together;
        Ok(())
    }

    /// The error of a state that is too large.
    pub fn too_large(&self, what: &str) -> ScanError {
        ScanError {
            kind: "state".into(),
            message: format!(
                "{what}, and {} are allowed: {}",
                mebibytes(self.budget.largest),
                self.budget.remedy
            ),
        }
    }
}

/// Whether a scan could not be made because another one is large.
pub fn is_busy(error: &ScanError) -> bool {
    error.kind == BUSY
}

fn busy() -> ScanError {
    ScanError {
        kind: BUSY.into(),
        message: "another scan reads a large state: this one comes later".to_owned(),
    }
}

/// A size in words.
fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1024 * 1024);
    match tenths % 10 {
        0 => format!("{} MiB", tenths / 10),
        rest => format!("{}.{rest} MiB", tenths / 10),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const MIB: u64 = 1024 * 1024;

    fn admitted(states: &ScanStates, bytes: u64) -> Option<Result<(), ScanError>> {
        states.admit("s3://states/a", bytes).now_or_never()
    }

    #[tokio::test]
    async fn a_state_that_is_too_large_names_the_limit_and_the_setting() {
        let states = StateBudget::of_server(100 * MIB).begin();
        let error = admitted(&states, 100 * MIB + 1).unwrap().unwrap_err();
        assert_eq!(
            error.message,
            "s3://states/a has 100.1 MiB, and 100 MiB are allowed: split the state, or raise DRIFTGUARD_STATE_LIMIT on the server"
        );
        admitted(&states, 60 * MIB).unwrap().unwrap();
        let error = admitted(&states, 60 * MIB).unwrap().unwrap_err();
        assert!(
            error
                .message
                .contains("the states of this scan have 120 MiB")
        );
    }

    #[tokio::test]
    async fn one_scan_at_a_time_is_large() {
        let budget = StateBudget::of_server(100 * MIB);
        let large = budget.begin();
        admitted(&large, 9 * MIB).unwrap().unwrap();
        admitted(&large, 9 * MIB).unwrap().unwrap();
        let next = budget.begin();
        admitted(&next, 7 * MIB).unwrap().unwrap();
        assert!(admitted(&next, 7 * MIB).is_none(), "it waits");
        drop(large);
        admitted(&next, 7 * MIB).unwrap().unwrap();
    }

    #[tokio::test]
    async fn the_command_line_takes_more() {
        let budget = StateBudget::of_command_line();
        let (one, other) = (budget.begin(), budget.begin());
        admitted(&one, 500 * MIB).unwrap().unwrap();
        admitted(&other, 500 * MIB).unwrap().unwrap();
    }
}
