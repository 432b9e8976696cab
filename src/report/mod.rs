//! Pure: what people and programs read.
#![deny(clippy::disallowed_methods)]
