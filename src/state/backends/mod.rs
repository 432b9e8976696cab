//! Reads state backends, one file each. A new backend is its file, its `mod` line, its line in `ALL` and its cases in
//! `tests/backends`; `support/` holds what several backends need.

pub mod cloud;
pub mod http;
pub mod local;
pub mod remote;
pub mod s3;
mod support;

pub use support::environment::BackendEnvironment;
pub use support::http_access::{HostTokens, HttpAccess};
pub use support::initialised::InitialisedBackend;

use crate::aws::Aws;
use crate::memory::ScanShare;
use crate::model::{Backend, Region, ScanError, Tree, Value, ValueMap};
use crate::state::{ScanStates, StateObject};
use bytes::Bytes;
use futures::future::BoxFuture;

/// Every backend that DriftGuard reads.
pub static ALL: &[&BackendType] = &[
    // One line a backend, by name.
    &cloud::TYPE,
    &http::TYPE,
    &local::TYPE,
    &remote::TYPE,
    &s3::TYPE,
];

/// A type of backend.
pub struct BackendType {
    /// The label of the `backend` block, or `cloud`.
    pub kind: &'static str,
    /// Returns the location of the state, from the block's settings.
    pub locate: fn(&BackendConfig<'_>) -> Result<Backend, ScanError>,
    /// The settings that identify a state: only these are taken from what `terraform init` recorded.
    pub names: &'static [&'static str],
    /// The environment variables of Terraform that stand for settings which the code leaves out, with the setting.
    pub variables: &'static [(&'static str, &'static str)],
    /// Returns the S3 objects that a role must be allowed to read; none for other backends.
    pub objects: fn(&BackendConfig<'_>) -> Result<Vec<StateObject>, ScanError>,
    /// Reads the bytes of the state, with notes for the report.
    pub read:
        for<'a> fn(&'a BackendConfig<'a>, &'a BackendAccess<'a>) -> BackendFuture<'a, StoredState>,
    /// Lists the workspaces that have a state.
    pub workspaces:
        for<'a> fn(&'a BackendConfig<'a>, &'a BackendAccess<'a>) -> BackendFuture<'a, Vec<String>>,
}

/// What a backend will have read.
pub type BackendFuture<'a, T> = BoxFuture<'a, Result<T, ScanError>>;

/// The configuration of a stack's backend: the code's and `.driftguard.yml`'s.
#[derive(Debug, Clone, Default)]
pub struct BackendConfig<'a> {
    /// The stack's folder, relative to the repository.
    pub folder: &'a str,
    /// The settings of the `backend` block; unknown where the code cannot be evaluated.
    pub settings: ValueMap,
    /// The selected workspace, or `default`.
    pub workspace: &'a str,
    /// Whether all workspaces are meant, in place of that one.
    pub all_workspaces: bool,
}

/// What a backend reads through.
pub struct BackendAccess<'a> {
    /// The AWS connections, for backends in AWS.
    pub aws: &'a Aws,
    /// The HTTP client and the tokens, for backends elsewhere.
    pub http: &'a HttpAccess,
    /// The region where the code names none.
    pub region: Region,
    /// The repository's files, for local states.
    pub tree: &'a Tree,
    /// The scan's limit on the size of states.
    pub states: &'a ScanStates,
}

/// A state as the backend stores it.
#[derive(Debug)]
pub struct StoredState {
    /// The bytes of the state: never stored, never logged.
    pub bytes: Bytes,
    /// The scan's memory that the state takes.
    pub memory: ScanShare,
    /// Notes for the report, such as a lock.
    pub notes: Vec<String>,
}

impl BackendType {
    /// Returns the backend type of this name.
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

impl BackendConfig<'_> {
    /// Returns a setting that must be a string; `None` where the block lacks it.
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

    /// Returns a setting that the backend requires.
    fn required(&self, name: &str) -> Result<&str, ScanError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| {
            error(format!(
                "the backend block does not say its `{name}` (a partial configuration): name the state as \
                 `state: s3://bucket/key` in .driftguard.yml"
            ))
        })
    }

    /// Returns a nested block; `None` where the configuration lacks it.
    fn block(&self, name: &str) -> Option<&ValueMap> {
        let block = match self.settings.get(name)? {
            Value::List(blocks) => blocks.first()?,
            block => block,
        };
        match block {
            Value::Map(arguments) => Some(arguments),
            _ => None,
        }
    }

    fn is_default_workspace(&self) -> bool {
        self.workspace.is_empty() || self.workspace == "default"
    }
}

/// Creates an error about the location of a state.
fn error(message: String) -> ScanError {
    ScanError {
        kind: "backend".into(),
        message,
    }
}
