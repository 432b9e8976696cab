//! Loads the stacks, their code and their states: everything that a scan needs before it reads AWS.

use super::empty_state::nothing_in_state;
use super::locate::locate;
use super::pending::Pending;
use super::scannable;
use super::secret_parts;
use crate::aws::Aws;
use crate::code::{self, Evaluated, Moves, NestedBlocks, Recorded, RootModule, is_code};
use crate::memory::ScanShare;
use crate::model::{
    Attributes, Backend, Catalog, Interrupt, Redactor, Region, Resource, ScanError, StackName, Tree,
};
use crate::resources::UnmanagedScope;
use crate::settings::{Settings, StackSettings, Unmanaged};
use crate::state::backends::{
    BackendAccess, BackendConfig, BackendEnvironment, BackendType, HttpAccess, InitialisedBackend,
    StoredState,
};
use crate::state::{self, ScanStates, State};
use bytes::Bytes;
use std::sync::Arc;

/// One stack of a repository, as its files describe it.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The name.
    pub name: StackName,
    /// The folder, relative to the repository.
    pub path: String,
    /// The backend block of the code, if there is one.
    pub module: Option<RootModule>,
    /// The stack's settings in `.driftguard.yml`.
    pub settings: StackSettings,
    /// The workspace.
    pub workspace: String,
    /// The backend settings that `terraform init` stored on this machine and the code leaves out; none on a server.
    pub initialised: Option<InitialisedBackend>,
    /// What the environment says of its backend. On a server there is nothing.
    pub environment: BackendEnvironment,
    /// Why its workspaces could not be listed, where it stands for all of them.
    pub unlisted: Option<ScanError>,
    /// A state that replaces the backend's: its name and its bytes.
    pub given: Option<(String, Bytes)>,
    /// Further files of variables.
    pub var_files: Vec<String>,
    /// The values that the command line sets variables to.
    pub given_variables: code::GivenVariables,
    /// What the evaluations of one scan's stacks share.
    pub shared: code::Shared,
    /// Where modules are that are not in the repository itself.
    pub modules: code::OtherModules,
}

impl Stack {
    /// Creates the stack of these settings, whose state is in its backend.
    pub fn new(settings: StackSettings, module: Option<RootModule>) -> Self {
        let named = settings.workspace.as_ref();
        let workspace = named.map_or("default", |workspace| workspace.as_str());
        Self {
            name: settings.name(),
            path: settings.path.clone(),
            module,
            var_files: settings.var_files.clone(),
            workspace: workspace.to_owned(),
            initialised: None,
            environment: BackendEnvironment::default(),
            unlisted: None,
            settings,
            given: None,
            given_variables: code::GivenVariables::default(),
            shared: code::Shared::default(),
            modules: code::OtherModules::default(),
        }
    }

    /// Returns whether it is the requested stack, if one is requested. One whose workspaces could not be listed stands for
    /// each of them.
    pub fn is_asked_for(&self, only: Option<&StackName>) -> bool {
        only.is_none_or(|only| *only == self.name || self.may_stand_for(only))
    }

    /// Returns whether a name may be that of one of its workspaces, which could not be listed.
    pub fn may_stand_for(&self, name: &StackName) -> bool {
        let workspace = name.as_str().strip_prefix(self.name.as_str());
        self.unlisted.is_some() && workspace.is_some_and(|rest| rest.starts_with('-'))
    }

    /// Returns the options to evaluate the stack's code without a known state.
    pub fn options(&self) -> code::Options {
        code::Options {
            var_files: self.var_files.clone(),
            given: self.given_variables.clone(),
            workspace: self.workspace.clone(),
            shared: self.shared.clone(),
            modules: self.modules.clone(),
            ..code::Options::default()
        }
    }
}

/// Returns how far to look for unmanaged resources in a repository.
pub fn repository_scope(settings: &Settings) -> UnmanagedScope {
    let scope = settings.unmanaged.map(unmanaged_scope);
    scope.unwrap_or_default()
}

/// Converts the setting of how far to look for unmanaged resources.
pub fn unmanaged_scope(unmanaged: Unmanaged) -> UnmanagedScope {
    match unmanaged {
        Unmanaged::Account => UnmanagedScope::Account,
        Unmanaged::Children => UnmanagedScope::Children,
        Unmanaged::Off => UnmanagedScope::Off,
    }
}

/// A stack with its code and its state.
pub struct Loaded {
    /// The stack.
    pub stack: Stack,
    /// Where the state is, as far as that is known.
    pub backend: Option<Backend>,
    /// The options with which the code was evaluated.
    pub options: code::Options,
    /// The evaluated code.
    pub code: Evaluated,
    /// The state, or why there is none.
    pub state: Result<State, ScanError>,
    /// What the code is about to do to the state.
    pub(super) pending: Pending,
    /// Why the code cannot be read.
    pub invalid: Option<ScanError>,
    /// Notes for the reader of the report.
    pub notes: Vec<String>,
    /// Notes about what should have been read and was not.
    pub unread: Vec<String>,
    /// The scan's share of memory that the state uses.
    _memory: Option<ScanShare>,
}

/// Everything needed to load a stack.
pub struct Sources<'a> {
    /// The files of the repository.
    pub tree: &'a Tree,
    /// The connection to AWS.
    pub aws: &'a Aws,
    /// The HTTP connections of the backends outside of AWS.
    pub http: &'a HttpAccess,
    /// The region where neither code nor state names one.
    pub region: &'a Region,
    /// The provider's schema of each type.
    pub catalog: &'a Catalog,
    /// Replaces secrets as they are read.
    pub redactor: &'a Redactor,
    /// Ends the evaluation of code early.
    pub interrupt: &'a Interrupt,
    /// The limits on the size of states.
    pub states: &'a ScanStates,
    /// The providers beside AWS's whose instances are kept as they were recorded, as AWS's are; `None` where none is.
    pub kept: Option<&'a [String]>,
}

impl Sources<'_> {
    /// Returns what a backend reads through.
    pub(super) fn backends(&self) -> BackendAccess<'_> {
        BackendAccess {
            aws: self.aws,
            http: self.http,
            region: self.region.clone(),
            tree: self.tree,
            states: self.states,
        }
    }
}

/// Loads one stack's code and state.
pub async fn load(stack: Stack, sources: &Sources<'_>) -> Loaded {
    let located = locate(&stack);
    let stored = located.as_ref().ok().map(|(_, backend, _)| backend.clone());
    let backend = stack.given.as_ref().map(given_backend).or(stored);
    let mut notes = Vec::new();
    let state = match (&stack.given, located) {
        (Some((name, bytes)), _) => read_given(name, bytes, sources).await,
        (None, Ok(located)) => read_stored(located, sources, &mut notes).await,
        (None, Err(error)) => Err(error),
    };
    let (mut state, memory) = match state {
        Ok((state, memory)) => (Ok(state), Some(memory)),
        Err(error) => (Err(error), None),
    };
    let mut options = stack.options();
    options.interrupt = sources.interrupt.clone();
    options.nested_blocks = NestedBlocks::of(sources.catalog);
    let mut moves = Moves::default();
    if let Ok(state) = &mut state {
        moves = Moves::read(sources.tree, &stack.path, &options);
        state.move_resources(&moves);
        notes.extend(state.notes.iter().cloned());
        options.recorded = recorded(state);
    }
    let outside = code::outside_variables(sources.tree, &stack.path, &options, sources.catalog);
    options.outside = outside.names();
    notes.extend(outside.found.iter().map(ToString::to_string));
    options.null_defaults = Arc::new(outside.null_defaults);
    let code = evaluate(&stack.path, &mut options, state.as_mut().ok(), sources);
    notes.splice(0..0, code.notes());
    notes.extend(unread_code(sources.tree, &stack.path));
    if let Some(folder) = code.folder.as_ref().filter(|folder| **folder != stack.path) {
        notes.extend(unread_code(sources.tree, folder));
    }
    let pending = state.as_ref().map(|state| {
        let pending = Pending::of(&stack, &code, (state, moves), sources.tree);
        notes.extend(pending.notes(&code, &state.resources));
        pending
    });
    let mut unread = Vec::new();
    if state.as_ref().is_ok_and(State::is_empty) {
        unread.extend(nothing_in_state(&stack, backend.as_ref(), &code, &sources.backends()).await);
    }
    notes.splice(0..0, unread.iter().cloned());
    Loaded {
        backend,
        stack,
        options,
        invalid: scannable::invalid(&code.invalid),
        pending: pending.unwrap_or_default(),
        code,
        state,
        notes,
        unread,
        _memory: memory,
    }
}

/// Returns what the report calls a state that replaces the backend's.
fn given_backend((name, _): &(String, Bytes)) -> Backend {
    Backend {
        kind: "file".to_owned(),
        location: name.clone(),
    }
}

/// Evaluates a stack's code, and seals the secrets in it. What the code makes from parts of secrets is sealed in the
/// state as well: then the code that refers to it is evaluated again.
fn evaluate(
    folder: &str,
    options: &mut code::Options,
    state: Option<&mut State>,
    sources: &Sources<'_>,
) -> Evaluated {
    let evaluate = |options: &code::Options| {
        let mut code = code::evaluate(sources.tree, folder, options);
        seal(&mut code, sources.catalog, sources.redactor);
        code
    };
    let code = evaluate(options);
    let Some(state) = state.filter(|_| secret_parts::are_in(&code)) else {
        return code;
    };
    // Nobody else holds the resources then, so none is copied.
    options.recorded = Recorded::default();
    secret_parts::seal(&code, state, sources);
    options.recorded = recorded(state);
    evaluate(options)
}

/// Reads the state that replaces the backend's.
async fn read_given(
    name: &str,
    bytes: &Bytes,
    sources: &Sources<'_>,
) -> Result<(State, ScanShare), ScanError> {
    let memory = sources.states.admit(name, bytes.len() as u64).await?;
    let stored = StoredState {
        bytes: bytes.clone(),
        memory,
        notes: Vec::new(),
    };
    parse(stored, name, sources).await
}

/// Reads the state from its backend, and notes what the backend tells of it.
async fn read_stored(
    (backend_type, backend, config): (&BackendType, Backend, BackendConfig<'_>),
    sources: &Sources<'_>,
    notes: &mut Vec<String>,
) -> Result<(State, ScanShare), ScanError> {
    let mut stored = (backend_type.read)(&config, &sources.backends()).await?;
    notes.append(&mut stored.notes);
    parse(stored, &backend.location, sources).await
}

/// Lists the files of a folder that are too large to be read.
fn unread_code<'a>(tree: &'a Tree, folder: &'a str) -> impl Iterator<Item = String> + 'a {
    let files = tree.too_large.iter();
    let own = files.filter(move |(path, _)| Tree::folder(path) == folder && is_code(path));
    own.map(|(path, size)| {
        format!("{path} was not read: it has {size} bytes, which is too much for a file of code")
    })
}

/// Parses a state, once there is enough memory for it.
async fn parse(
    stored: StoredState,
    file: &str,
    sources: &Sources<'_>,
) -> Result<(State, ScanShare), ScanError> {
    let StoredState { bytes, memory, .. } = stored;
    let weight = state::weight(&bytes);
    let copies = 1 + u64::from(sources.kept.is_some());
    let needed = weight.saturating_add(copies.saturating_mul(bytes.len() as u64));
    let mut memory = sources.states.hold(file, needed, memory).await?;
    let (catalog, redactor) = (sources.catalog, sources.redactor);
    let (kept, interrupt) = (sources.kept, sources.interrupt);
    let parsed = state::parse_within(&bytes, file, catalog, redactor, kept, interrupt);
    let state = parsed.map_err(|error| ScanError {
        kind: "state".into(),
        message: error.to_string(),
    })?;
    drop(bytes);
    memory.shrink_to(weight.saturating_add(state.unsealed_bytes()));
    Ok((state, memory))
}

/// Replaces, in code and states, the values that contain a known secret: a text that some code or state of the scan
/// marks as sensitive. Returns the redactor that knows those texts, for the answers of AWS; `None` where there is no
/// such text.
pub(super) fn seal_known(loaded: &mut [Loaded], sources: &Sources<'_>) -> Option<Redactor> {
    let texts = loaded.iter().map(|stack| &stack.code.secrets);
    let redactor = sources.redactor.knowing(texts)?;
    for stack in loaded {
        // What is not sealed then is not seen: the result of an interrupted scan is discarded.
        if sources.interrupt.is_raised() {
            break;
        }
        seal(&mut stack.code, sources.catalog, &redactor);
        // They quote code, and what the state holds in place of a variable's default.
        for note in stack.notes.iter_mut().chain(&mut stack.unread) {
            *note = redactor.mask(note).into_owned();
        }
        let errors = stack.state.as_mut().err().into_iter();
        for error in errors.chain(&mut stack.invalid) {
            error.message = redactor.mask(&error.message).into_owned();
        }
        let Ok(state) = &mut stack.state else {
            continue;
        };
        let holds_secret = |resource: &Resource| {
            let mut values = resource.attributes.values();
            values.any(|value| redactor.knows_any_of(value))
        };
        let mut held = state.resources.iter().chain(state.data.iter());
        if !held.any(holds_secret) {
            continue;
        }
        // Nobody else holds the resources then, so none is copied.
        stack.options.recorded = Recorded::default();
        for resources in [&mut state.resources, &mut state.data] {
            for resource in Arc::make_mut(resources) {
                if holds_secret(resource) {
                    let attributes = std::mem::take(&mut resource.attributes);
                    resource.attributes = redactor.redact(attributes);
                }
            }
        }
        stack.options.recorded = recorded(state);
    }
    Some(redactor)
}

/// Returns the recorded resources that references in code resolve to.
fn recorded(state: &State) -> Recorded {
    let known = Recorded::new([state.resources.clone(), state.data.clone()]);
    known.by_terraform(state.info.terraform_version.as_deref())
}

/// Replaces the secrets in code.
pub fn seal(code: &mut Evaluated, catalog: &Catalog, redactor: &Redactor) {
    for provider in &mut code.providers {
        secret_parts::seal_tags(provider, redactor);
    }
    for (address, resource) in &mut code.declared.resources {
        let schema = catalog.get(&address.tf_type);
        secret_parts::seal_declared(resource, schema, redactor);
        let values: Attributes = resource
            .attributes
            .iter_mut()
            .map(|(name, definition)| (name.clone(), std::mem::take(&mut definition.value)))
            .collect();
        for (name, value) in redactor.seal(schema, values) {
            if let Some(definition) = resource.attributes.get_mut(&name) {
                definition.value = value;
            }
        }
    }
}
