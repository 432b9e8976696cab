//! Reading through Terraform's own providers: the codec, the verdict, and a provider that misbehaves.

mod claims;
mod codec;
pub mod fake;
mod folder;
mod further;
mod recorded;
mod sandbox;
pub mod scan;
mod server;
mod source;
mod stories;
mod verdict;
