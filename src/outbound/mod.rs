//! Requests to addresses that a repository names: never into the operator's own network, unless the operator allows it.
//!
//! A name is resolved anew for each request, and only what was looked at is connected to, so that a name cannot point
//! elsewhere in between. Redirects of a post are not followed, those of a get are looked at one by one, and a server uses no
//! proxy of its environment: it would connect to what nobody looked at.

mod address;
mod client;
mod error;
mod get;
mod post;
mod redirects;
mod resolver;
mod signature;
mod stream;

pub use client::Outbound;
pub use error::OutboundError;
pub use get::OutboundResponse;
pub use signature::signed;
pub use stream::OutboundStream;
