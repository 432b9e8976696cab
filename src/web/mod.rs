//! Health, metrics, set-up.

/// What one connection does at the moment.
mod activity;
/// How many connections there are, and which of them gives way.
mod connections;
/// How many the system allows.
mod descriptors;
/// What the server says of itself.
mod health;
/// Takes connections, and answers what is asked on them.
mod listen;
/// From nothing to an App.
pub mod setup;

pub use health::{alive, metrics, router};
pub use listen::serve;
