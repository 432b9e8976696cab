//! Pure: decides from CloudTrail's events who may have made a change. Reads nothing.
#![deny(clippy::disallowed_methods)]

mod actor;
mod event;
mod history;
mod identity;
mod names;
mod source;

pub use actor::{MAX_CANDIDATES, Suspects};
pub use event::TrailEvent;
pub use history::{Earlier, History, MAX_AGE};
pub use names::{resource_names, trail_region};
