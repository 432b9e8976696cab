//! Pure: writes what people and programs read.
#![deny(clippy::disallowed_methods)]

mod actor;
mod agreed;
mod alert;
mod alike;
mod change;
mod chart;
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
mod order;
/// Writes the pages for people, as HTML.
pub mod pages;
mod person;
mod proof;
mod pull_request;
mod reply;
mod sarif;
mod size;
mod stack_pulls;
mod summary;
mod technique;
mod text;
mod undecided;
mod when;
mod words;

pub use chart::ChartError;
pub use check::{CheckText, LineAnnotation, check, failed, needs_role, review};
pub use dashboard::{DASHBOARD, DASHBOARD_MARKER, DashboardContent, dashboard, numbers};
pub use direction::{Direction, carries};
pub use explain::explain;
pub use json::{json, json_with_patch};
pub use lines::Detail;
pub use markdown::{Markdown, code, sentence};
pub use not_scanned::not_scanned;
pub use notify::{NotificationContext, notification};
pub use onboarding::{
    FirstScan, NeededRole, Onboarding, SET_UP, START_QUIET, notify_secret, onboarding_page,
    secret_rotated,
};
pub use order::by_urgency;
pub use pull_request::{EMPTIED, PullRequestContent, PullRequestText, RETRY, pull_request};
pub use reply::{accept, late, scanned};
pub use sarif::{code_scanning, sarif};
pub use size::{MAX_TEXT, fit_comment, fits};
pub use stack_pulls::StackPulls;
pub use summary::{summary, summary_with_patch};
pub use text::{Paint, text};
pub use undecided::undecided;
pub use when::{day, duration, instant, minute, moment};
pub use words::{by_severity, counted, excerpt, name, posture, printable, printable_lines, signed};
