//! Limits the size of states, and the memory that all scans of the process take.

use crate::memory::{MemoryError, ScanBudget, ScanMemory, ScanShare};
use crate::model::ScanError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The largest state that the command line reads, in bytes.
const COMMAND_LINE_LIMIT: u64 = 512 * 1024 * 1024;
/// How long a scan waits for memory that other scans hold, before it is requeued.
const MEMORY_TIMEOUT: Duration = Duration::from_secs(20);
/// How many times its size a state takes while it is parsed: its text, and four times as much for its values. Crafted
/// ones take thirty times.
const READ_FACTOR: u64 = 5;
/// How many times the largest state all scans of a process take together: one of that size fits, two do not.
const MEMORY_FACTOR: u64 = 6;
/// The least memory of all scans, in bytes: code needs memory, however small the states are.
const MIN_MEMORY: u64 = 256 * 1024 * 1024;

/// The kind of the error that requeues a scan.
const BUSY: &str = "busy";

/// The limits for states: of one, of a scan, and the memory of all scans.
#[derive(Debug, Clone)]
pub struct StateBudget {
    largest: u64,
    remedy: &'static str,
    memory: ScanBudget,
}

/// The states of one scan.
#[derive(Debug)]
pub struct ScanStates {
    budget: StateBudget,
    memory: ScanMemory,
    /// The size of all states of the scan, in bytes.
    bytes: Mutex<u64>,
}

impl StateBudget {
    /// Creates the budget of a server, which many repositories share.
    pub fn of_server(largest: u64) -> Self {
        let remedy = "split the state, or raise DRIFTGUARD_STATE_LIMIT on the server";
        Self::new(largest, remedy)
    }

    /// Creates the budget of the command line.
    pub fn of_command_line() -> Self {
        Self::new(COMMAND_LINE_LIMIT, "split the state")
    }

    fn new(largest: u64, remedy: &'static str) -> Self {
        Self {
            largest,
            remedy,
            memory: ScanBudget::new(largest.saturating_mul(MEMORY_FACTOR).max(MIN_MEMORY)),
        }
    }

    /// Returns the memory of another scan.
    pub fn memory(&self) -> ScanMemory {
        self.memory.begin()
    }

    /// Starts to count the states of a scan.
    pub fn begin(&self, memory: &ScanMemory) -> ScanStates {
        ScanStates {
            budget: self.clone(),
            memory: memory.clone(),
            bytes: Mutex::default(),
        }
    }
}

impl ScanStates {
    /// Counts a state before it is read, and takes the memory that its size needs.
    ///
    /// # Errors
    /// When the state is too large, by itself or with the scan's others, or when other scans hold the memory.
    pub async fn admit(&self, location: &str, bytes: u64) -> Result<ScanShare, ScanError> {
        let nothing = self.memory.part();
        self.admit_more(location, nothing, 0, bytes).await
    }

    /// Counts what a state has beyond the bytes that were admitted before, and takes the memory for it.
    ///
    /// # Errors
    /// As `admit`.
    pub async fn admit_more(
        &self,
        location: &str,
        share: ScanShare,
        admitted: u64,
        bytes: u64,
    ) -> Result<ScanShare, ScanError> {
        let largest = self.budget.largest;
        if bytes > largest {
            return Err(self.too_large(&format!("{location} has {}", mebibytes(bytes))));
        }
        let more = bytes.saturating_sub(admitted);
        if let Err(together) = self.count(more) {
            let name = format!(
                "with {location} the states of this scan have {}",
                mebibytes(together)
            );
            return Err(self.too_large(&name));
        }
        let needed = bytes.saturating_mul(READ_FACTOR);
        let held = self.hold(location, needed, share).await;
        if held.is_err() {
            *self.counted() -= more;
        }
        held
    }

    /// Takes memory for a state.
    ///
    /// # Errors
    /// When the state is too large, by itself or with what the scan holds already, or when other scans hold the memory.
    pub async fn hold(
        &self,
        location: &str,
        bytes: u64,
        mut share: ScanShare,
    ) -> Result<ScanShare, ScanError> {
        match share.grow_to(bytes, MEMORY_TIMEOUT).await {
            Ok(()) => Ok(share),
            Err(MemoryError::Busy) => Err(busy()),
            Err(MemoryError::NeverFits { .. }) => Err(self.too_large(&format!(
                "{location} takes {} of memory while it is read, more than this scan may hold",
                mebibytes(bytes)
            ))),
        }
    }

    /// Adds to the size of all states; fails with the sum where that is too large.
    fn count(&self, bytes: u64) -> Result<(), u64> {
        let mut all = self.counted();
        let together = all.saturating_add(bytes);
        if together > self.budget.largest {
            return Err(together);
        }
        *all = together;
        Ok(())
    }

    fn counted(&self) -> MutexGuard<'_, u64> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates the error of a state that is too large.
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

/// Returns whether a scan failed only because other scans hold the memory.
pub fn is_busy(error: &ScanError) -> bool {
    error.kind == BUSY
}

fn busy() -> ScanError {
    ScanError {
        kind: BUSY.into(),
        message: "other scans hold the memory for states: this one comes later".to_owned(),
    }
}

/// Formats a size in MiB.
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

    fn admitted(states: &ScanStates, bytes: u64) -> Option<Result<ScanShare, ScanError>> {
        states.admit("s3://states/a", bytes).now_or_never()
    }

    #[tokio::test]
    async fn a_state_that_is_too_large_names_the_limit_and_the_setting() {
        let budget = StateBudget::of_server(100 * MIB);
        let states = budget.begin(&budget.memory());
        let error = admitted(&states, 100 * MIB + 1).unwrap().unwrap_err();
        assert_eq!(
            error.message,
            "s3://states/a has 100.1 MiB, and 100 MiB are allowed: split the state, or raise DRIFTGUARD_STATE_LIMIT on the server"
        );
        let _first = admitted(&states, 60 * MIB).unwrap().unwrap();
        let error = admitted(&states, 60 * MIB).unwrap().unwrap_err();
        assert!(
            error
                .message
                .contains("the states of this scan have 120 MiB")
        );
        // What is refused counts for nothing.
        admitted(&states, 40 * MIB).unwrap().unwrap();
    }

    #[tokio::test]
    async fn the_largest_state_fits_and_a_second_one_waits() {
        let budget = StateBudget::of_server(100 * MIB);
        let (admitted_states, next) = (
            budget.begin(&budget.memory()),
            budget.begin(&budget.memory()),
        );
        let large = admitted(&admitted_states, 100 * MIB).unwrap().unwrap();
        assert!(admitted(&next, 75 * MIB).is_none(), "it waits");
        let small = budget.begin(&budget.memory());
        admitted(&small, MIB).unwrap().unwrap();
        drop(large);
        let again = budget.begin(&budget.memory());
        admitted(&again, 75 * MIB).unwrap().unwrap();
    }

    /// A state of a few bytes an entry takes thirty times its text.
    #[tokio::test]
    async fn what_states_take_is_summed_over_the_scan_whatever_their_size() {
        let budget = StateBudget::of_server(100 * MIB);
        let states = budget.begin(&budget.memory());
        let made_up = format!("[{}]", vec![r#"{"":0}"#; 1_200_000].join(","));
        let mut held = Vec::new();
        let refused = loop {
            let share = admitted(&states, made_up.len() as u64).unwrap().unwrap();
            let weight = crate::state::weight(made_up.as_bytes());
            match states.hold("b.tfstate", weight, share).await {
                Ok(share) => held.push(share),
                Err(error) => break error.message,
            }
        };
        assert_eq!(held.len(), 2);
        assert!(refused.contains("b.tfstate takes 253 MiB"), "{refused}");
        assert!(refused.contains("DRIFTGUARD_STATE_LIMIT"), "{refused}");
    }

    #[tokio::test]
    async fn the_command_line_takes_more() {
        let budget = StateBudget::of_command_line();
        let states = budget.begin(&budget.memory());
        let _share = admitted(&states, 500 * MIB).unwrap().unwrap();
    }
}
