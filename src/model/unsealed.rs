//! The recorded state of a resource as it is, for a provider.

use std::fmt;

/// The recorded state of an instance, secrets included: a provider needs it as it is. It is never shown or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct UnsealedState {
    /// The source of its provider, where that is another one than AWS's.
    pub source: Option<String>,
    /// The version of the type's schema that the state was recorded with.
    pub schema_version: u64,
    /// The attributes, as JSON.
    pub attributes: String,
    /// The provider's own note of the resource.
    pub private: Vec<u8>,
}

impl fmt::Debug for UnsealedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnsealedState(..)")
    }
}
