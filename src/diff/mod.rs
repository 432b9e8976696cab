//! Pure: code, state and live against one another.
#![deny(clippy::disallowed_methods)]
