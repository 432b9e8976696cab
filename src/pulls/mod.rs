//! Pure: decides which pull requests to open, update, close, keep, queue and remind of.
//!
//! `group` decides which fixes share a pull request, `Resolution` which listed findings are resolved, `decide` what to
//! do about each pull request, `history_update` what a scan changes of a stack's history. `jobs` applies the decisions at
//! GitHub.
#![deny(clippy::disallowed_methods)]

mod accepted;
mod decide;
mod decisions;
mod groups;
mod history;
mod outcome;
mod pass;
mod resolution;
mod rest;

pub use decide::{CloseReason, Limits, PullAction, QueueReason, Situation, decide};
pub use decisions::{DecisionIndex, is_over, set_aside_snoozed};
pub use groups::{PullGroup, group};
pub use history::history_update;
pub use outcome::{Consequence, Person, PullRequestEnd, consequence, ended};
pub use pass::Pass;
pub use resolution::Resolution;
pub use rest::undecided;
