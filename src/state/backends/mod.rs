//! One state backend a file. A new one is its file, its `mod` line and its line in `ALL`.

mod initialised;
pub mod local;
pub mod s3;

pub use initialised::InitialisedBackend;

use crate::aws::Aws;
use crate::memory::ScanShare;
use crate::model::{Backend, Region, ScanError, Tree, Value};
use crate::state::{ScanStates, StateObject};
use bytes::Bytes;
use futures::future::BoxFuture;
use std::collections::BTreeMap;

/// Every backend that DriftGuard reads.
pub static ALL: &[&BackendType] = &[
    // One line a backend, by name.
    &local::TYPE,
    &s3::TYPE,
];

/// One kind of backend.
pub struct BackendType {
    /// What follows `backend` in the code.
    pub kind: &'static str,
    /// Where the state is, from the block's settings.
    pub locate: fn(&Place<'_>) -> Result<Backend, ScanError>,
    /// The settings that say which state it is: all that is taken from what `terraform init` left.
    pub names: &'static [&'static str],
    /// What of S3 a role must be allowed to read for it; none where it lies elsewhere.
    pub object: fn(&Place<'_>) -> Result<Option<StateObject>, ScanError>,
    /// The state's bytes, and what a reader should know besides.
    pub read: for<'a> fn(&'a Place<'a>, &'a Doors<'a>) -> BoxFuture<'a, Result<Stored, ScanError>>,
}

/// What the code and `.driftguard.yml` say of one stack's state.
#[derive(Debug, Clone, Default)]
pub struct Place<'a> {
    /// The stack's folder, relative to the repository.
    pub folder: &'a str,
    /// The settings of the `backend` block; unknown where the code does not tell.
    pub settings: BTreeMap<String, Value>,
    /// `default`, or the workspace that somebody named.
    pub workspace: &'a str,
}

/// What backends are read through.
pub struct Doors<'a> {
    /// For those of AWS.
    pub aws: &'a Aws,
    /// Where the code names no region.
    pub region: Region,
    /// For those in the repository.
    pub tree: &'a Tree,
    /// How large they may be.
    pub states: &'a ScanStates,
}

/// A state as it is stored.
#[derive(Debug)]
pub struct Stored {
    /// Its bytes: never kept, never logged.
    pub bytes: Bytes,
    /// What is held of the scan's memory for it.
    pub memory: ScanShare,
    /// Such as a lock that somebody holds.
    pub notes: Vec<String>,
}

impl BackendType {
    /// The backend of this name.
    ///
    /// # Errors
    /// Names those that are read, where it is another.
    pub fn named(kind: &str) -> Result<&'static Self, ScanError> {
        let known = ALL.iter().copied().find(|known| known.kind == kind);
        known.ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|known| known.kind).collect();
            error(format!(
                "backend `{kind}` is not supported yet, only {}: give the state with --state FILE, or as \
                 `state: s3://bucket/key` in .driftguard.yml",
                names.join(", ")
            ))
        })
    }
}

impl Place<'_> {
    /// A setting that must be a text: none where the block leaves it out.
    fn text(&self, name: &str) -> Result<Option<&str>, ScanError> {
        match self.settings.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(error(format!(
                "the backend's `{name}` is not written in the code: name the state as `state: s3://bucket/key` in \
                 .driftguard.yml"
            ))),
        }
    }

    /// A setting without which there is no state.
    fn required(&self, name: &str) -> Result<&str, ScanError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| {
            error(format!(
                "the backend block does not say its `{name}` (a partial configuration): name the state as \
                 `state: s3://bucket/key` in .driftguard.yml"
            ))
        })
    }

    fn is_default_workspace(&self) -> bool {
        self.workspace.is_empty() || self.workspace == "default"
    }
}

/// An error about where a state is.
fn error(message: String) -> ScanError {
    ScanError {
        kind: "backend".into(),
        message,
    }
}
