//! Simulates GitHub, STS, CloudTrail and a module registry strictly, and runs moto for AWS: for tests and `driftguard demo`.
//!
//! The simulations hold state from which answers and events derive. They share no code with the product's own clients,
//! so that neither can be right only by agreeing with the other.

pub mod cloudtrail;
pub mod github;
pub mod moto;
pub mod registry;
pub mod sts;
pub mod venv;
mod wire;
