//! Requests to addresses that a repository names: never into the operator's own network, unless the operator allows it.
//!
//! A name is resolved anew for each request, and only what was looked at is connected to, so that a name cannot point
//! elsewhere in between. Redirects of a post are not followed, those of a get are looked at one by one, and no proxy of the
//! environment is used: it would connect to what nobody looked at.

mod address;
mod get;
mod post;
mod signature;

pub use get::OutboundResponse;
pub use post::{Outbound, OutboundError};
pub use signature::signed;
