//! Decides whether a stack can be scanned: whether its state and its code can be read.

use super::load::Loaded;
use crate::code::Problem;
use crate::model::ScanError;
use crate::state::State;

impl Loaded {
    /// Returns the stack's state, or why it cannot be scanned.
    ///
    /// # Errors
    /// The state or the code cannot be read.
    pub(super) fn scannable(&self) -> Result<&State, &ScanError> {
        let state = self.state.as_ref()?;
        self.invalid.as_ref().map_or(Ok(state), Err)
    }
}

/// Explains why a stack whose root module has invalid files is not scanned.
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
