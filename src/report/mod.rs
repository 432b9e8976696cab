//! Pure: what people and programs read.
#![deny(clippy::disallowed_methods)]

mod agreed;
mod alert;
mod alike;
mod change;
mod check;
mod coverage;
mod dashboard;
mod direction;
mod explain;
mod json;
mod lines;
mod markdown;
mod not_scanned;
mod notify;
mod onboarding;
mod person;
mod pull_request;
mod reply;
mod sarif;
mod summary;
mod text;
mod undecided;
mod when;
mod words;

pub use check::{CheckText, Remark, check, failed, needs_role, review};
pub use dashboard::{DASHBOARD, DASHBOARD_MARKER, Overview, dashboard, numbers};
pub use direction::{Direction, carries};
pub use explain::explain;
pub use json::json;
pub use lines::Detail;
pub use markdown::{Markdown, code, sentence};
pub use not_scanned::not_scanned;
pub use notify::{Occasion, notification};
pub use onboarding::{
    FirstLook, NeededRole, Onboarding, SET_UP, START_QUIET, notify_secret, onboarding_page,
    secret_rotated,
};
pub use pull_request::{
    EMPTIED, LONGEST, PullRequestContent, PullRequestText, RETRY, pull_request,
};
pub use reply::{accept, late, scanned, shortened};
pub use sarif::{code_scanning, sarif};
pub use summary::summary;
pub use text::{Paint, text};
pub use undecided::undecided;
pub use when::{day, minute};
pub use words::{by_severity, counted, excerpt, name, posture, printable, printable_lines, signed};
