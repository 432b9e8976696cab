//! Whether a stack can be scanned: its state and its code can be read.

use super::load::Loaded;
use crate::code::Problem;
use crate::model::ScanError;
use crate::state::State;

impl Loaded {
    /// Its state, or why it cannot be scanned.
    ///
    /// # Errors
    /// When its state or its code cannot be read.
    pub(super) fn scannable(&self) -> Result<&State, &ScanError> {
        let state = self.state.as_ref()?;
        self.invalid.as_ref().map_or(Ok(state), Err)
    }
}

/// Why a stack is not scanned whose root module has files that are not valid.
pub(super) fn invalid(invalid: &[Problem]) -> Option<ScanError> {
    let first = invalid.first()?;
    let message = match invalid.len() {
        1 => first.to_string(),
        files => format!("{first}; and so in {} more files", files - 1),
    };
    Some(ScanError {
        kind: "code".into(),
        message,
    })
}
