//! Terraform state: its format, and the backends that hold it. Reads only.

pub mod backends;
mod format;
mod grant;
mod provider;
mod sensitive;

pub use format::{State, StateError, parse};
pub use grant::{Extent, StateObject, statements, widening};
