//! Locates the states of a repository's stacks, which its role must be allowed to read.

use super::load::Stack;
use super::locate::locate;
use crate::model::{StackName, holds_credential};
use crate::state::StateObject;
use std::collections::BTreeSet;

/// The locations of the states of some stacks, as far as their code and settings name them.
#[derive(Debug, Default)]
pub struct States {
    /// The states in S3.
    pub objects: BTreeSet<StateObject>,
    /// How many states are outside of AWS, where no permission is needed.
    pub elsewhere: usize,
    /// The stacks whose states cannot be located, and why.
    pub unknown: Vec<(StackName, String)>,
}

/// Why the policy leaves a state out.
const SECRET: &str =
    "where it lies holds what looks like a credential, which no policy should show";

impl States {
    /// Locates the states of stacks, without any request.
    pub fn of(stacks: &[Stack]) -> Self {
        let mut states = Self::default();
        for stack in stacks {
            let objects = locate(stack).and_then(|(backend, _, config)| (backend.objects)(&config));
            match objects {
                Ok(objects) if objects.iter().any(is_secret) => {
                    states.unknown.push((stack.name.clone(), SECRET.to_owned()));
                }
                Ok(objects) if objects.is_empty() => states.elsewhere += 1,
                Ok(objects) => states.objects.extend(objects),
                Err(error) => states.unknown.push((stack.name.clone(), error.message)),
            }
        }
        states
    }

    /// Returns the names of the stacks whose states cannot be located.
    pub(crate) fn unknown_names(&self) -> Vec<&str> {
        self.unknown.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// Returns whether the location of a state contains a credential.
fn is_secret(object: &StateObject) -> bool {
    holds_credential(&object.bucket) || holds_credential(&object.key)
}
