//! Receives GitHub's webhook deliveries: verifies the signature, records the payload, enqueues it, and answers 202.

/// Buffers bodies of senders that are not verified yet.
mod body;
/// Parses payloads into events.
pub mod payload;
/// Routes `POST /webhooks/github`.
pub mod route;
/// Verifies `X-Hub-Signature-256`.
pub mod signature;

pub use body::BodyStore;
pub use route::{WebhookState, router};
