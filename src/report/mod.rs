//! Pure: what people and programs read.
#![deny(clippy::disallowed_methods)]

mod alert;
mod check;
mod explain;
mod json;
mod markdown;
mod notify;
mod pull_request;
mod sarif;
mod summary;
mod text;
mod words;

pub use check::{CheckText, check, failed, onboarding};
pub use explain::explain;
pub use json::json;
pub use notify::{Occasion, notification};
pub use markdown::{Markdown, code, sentence};
pub use pull_request::{Direction, PullRequestText, carries, pull_request};
pub use sarif::{code_scanning, sarif};
pub use summary::summary;
pub use text::{Paint, text};
pub use words::{by_severity, counted, name, printable, signed};
