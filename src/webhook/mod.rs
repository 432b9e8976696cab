//! The door for GitHub's deliveries: verify, record, enqueue, 202.

/// What a payload tells.
pub mod event;
/// The route itself.
pub mod route;
/// Who sent it.
pub mod signature;

pub use route::{Door, router};
