//! Strict stand-ins for GitHub and STS, and moto for AWS: tests and `driftguard demo`.
//!
//! They hold the state of what they stand in for: answers and webhooks derive from it. They share no code with the
//! product's own clients, so that neither can be right only by agreeing with the other.

pub mod github;
pub mod moto;
pub mod sts;
mod wire;
