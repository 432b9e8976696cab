//! Pure: what people and programs read.
#![deny(clippy::disallowed_methods)]

mod json;
mod text;
mod words;

pub use json::json;
pub use text::{Paint, text};
