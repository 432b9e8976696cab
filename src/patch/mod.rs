//! Pure: byte splices that make the code right, each verified.
#![deny(clippy::disallowed_methods)]
