//! Pure: decides from CloudTrail's events who may have made a change. Reads nothing.
#![deny(clippy::disallowed_methods)]

mod actor;
mod event;
mod history;
mod identity;
mod names;
mod reach;
mod source;

pub use actor::{MAX_CANDIDATES, Suspects};
pub use event::TrailEvent;
pub use history::{
    DELIVERY, Earlier, EarlierAnswer, EarlierScan, History, MAX_AGE, Next, Question,
};
pub use names::resource_names;
