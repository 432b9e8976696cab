//! Reads Terraform state: its format, and the backends that store it.

pub mod backends;
mod document;
mod format;
mod grant;
mod limit;
mod module_path;
mod moves;
mod provider;
mod sensitive;
mod unsealed;
mod weight;

pub use format::{State, StateError, parse, parse_within};
pub use grant::{Extent, StateObject, statements, widening};
pub use limit::{ScanStates, StateBudget, is_busy};

/// Estimates how much memory a parsed state takes, in bytes, from its text.
pub fn weight(json: &[u8]) -> u64 {
    weight::weight(json)
}
