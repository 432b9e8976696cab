//! Pure: how bad each finding is.
#![deny(clippy::disallowed_methods)]
