//! The process's settings, read once.
