//! Pure: what people and programs read.
#![deny(clippy::disallowed_methods)]

mod check;
mod json;
mod markdown;
mod pull_request;
mod text;
mod words;

pub use check::{CheckText, check, failed, onboarding};
pub use json::json;
pub use pull_request::{Direction, PullRequestText, carries, pull_request};
pub use text::{Paint, text};
