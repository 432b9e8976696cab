//! Pure: what each finding costs a month.
#![deny(clippy::disallowed_methods)]
