//! Health, metrics, set-up.
