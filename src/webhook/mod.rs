//! The door for GitHub's deliveries: verify, record, enqueue, 202.

/// Bodies of senders who are not known yet.
mod body;
/// What a payload tells.
pub mod event;
/// The route itself.
pub mod route;
/// Who sent it.
pub mod signature;

pub use body::Bodies;
pub use route::{Door, router};
