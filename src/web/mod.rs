//! Serves health, metrics and set-up pages.

/// Tracks what a connection does.
mod activity;
/// Limits the connections, and evicts one for a new one.
mod connections;
/// Determines how many connections the system allows.
mod descriptors;
/// Serves the server's health and metrics.
mod health;
/// Accepts connections, and serves requests on them.
mod listen;
/// Serves the set-up pages that create the App.
pub mod setup;

pub use health::{alive, metrics, router};
pub use listen::serve;
