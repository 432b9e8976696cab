//! Keeps recorded instances as they are, for a provider to read.

use super::State;
use crate::model::{Attributes, UnsealedState};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Returns the recorded state of an instance as it is.
pub(super) fn state(
    source: Option<&str>,
    attributes: &Attributes,
    schema_version: u64,
    private: Option<&str>,
) -> UnsealedState {
    let private = private.and_then(|text| STANDARD.decode(text).ok());
    UnsealedState {
        source: source.map(str::to_owned),
        schema_version,
        attributes: serde_json::to_string(attributes).unwrap_or_default(),
        private: private.unwrap_or_default(),
    }
}

impl State {
    /// Returns how many bytes the instances take that are kept as they are.
    pub fn unsealed_bytes(&self) -> u64 {
        let sizes = self.unsealed.values();
        let sizes = sizes.map(|state| (state.attributes.len() + state.private.len()) as u64);
        sizes.sum()
    }
}
