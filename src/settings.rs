//! One repository's `.driftguard.yml`: strict, documented.
#![deny(clippy::disallowed_methods)]
