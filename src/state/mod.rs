//! Terraform state: its format, and the backends that hold it. Reads only.

pub mod backends;
mod format;
mod grant;
mod limit;
mod moves;
mod provider;
mod sensitive;
mod weight;

pub use format::{State, StateError, parse};
pub use grant::{Extent, StateObject, statements, widening};
pub use limit::{ScanStates, StateBudget, is_busy};

/// The bytes that what is read of a state takes in memory, estimated from its text.
pub fn weight(json: &[u8]) -> u64 {
    weight::weight(json)
}
