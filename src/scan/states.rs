//! Where the states of a repository's stacks lie: what its role has to be allowed to read.

use super::load::{Stack, locate};
use crate::model::{StackName, holds_credential};
use crate::state::StateObject;
use std::collections::BTreeSet;

/// The states of some stacks, as far as their code and settings tell.
#[derive(Debug, Default)]
pub struct States {
    /// Those in S3.
    pub objects: BTreeSet<StateObject>,
    /// How many lie in the repository, where nothing need be allowed.
    pub local: usize,
    /// The stacks whose states cannot be found, and why.
    pub unknown: Vec<(StackName, String)>,
}

/// Why no policy names a state.
const SECRET: &str =
    "where it lies holds what looks like a credential, which no policy should show";

impl States {
    /// Finds the states of stacks; asks nobody.
    pub fn of(stacks: &[Stack]) -> Self {
        let mut states = Self::default();
        for stack in stacks {
            let object = locate(stack).and_then(|(backend, _, place)| (backend.object)(&place));
            match object {
                Ok(Some(object)) if is_secret(&object) => {
                    states.unknown.push((stack.name.clone(), SECRET.to_owned()));
                }
                Ok(Some(object)) => {
                    states.objects.insert(object);
                }
                Ok(None) => states.local += 1,
                Err(error) => states.unknown.push((stack.name.clone(), error.message)),
            }
        }
        states
    }

    /// The names of the stacks whose states cannot be found.
    pub(crate) fn unknown_names(&self) -> Vec<&str> {
        self.unknown.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// Whether a credential tells where a state lies.
fn is_secret(object: &StateObject) -> bool {
    holds_credential(&object.bucket) || holds_credential(&object.key)
}
