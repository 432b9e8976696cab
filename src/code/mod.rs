//! Pure: Terraform code, evaluated, and where each value is defined. What is not certain is unknown, never guessed.
#![deny(clippy::disallowed_methods)]

mod budget;
mod call;
mod candidates;
mod context;
mod convert;
mod definition;
mod effort;
mod endpoint;
mod equality;
mod expression;
mod fault;
mod fetched;
mod file;
mod folder;
mod for_expression;
mod from_file;
mod functions;
mod given;
mod handed_on;
mod imports;
mod installed;
mod instance;
mod json;
mod json_syntax;
#[cfg(test)]
#[allow(clippy::disallowed_methods, clippy::unwrap_used)]
mod language;
mod listing;
mod literal;
mod marked_text;
mod module_source;
mod moves;
mod nested_blocks;
mod number;
mod operation;
mod output;
mod outside;
mod outside_variable;
mod overlay;
mod overrides;
/// The one way to the HCL parser.
pub mod parse;
mod policy;
mod policy_document;
mod policy_file;
mod provider;
mod recorded;
mod references;
mod removed;
mod resource;
mod respell;
mod root;
mod root_code;
mod scope;
mod secrets;
mod set;
mod shared;
mod size;
mod stateless;
mod template;
mod terragrunt;
mod trace;
mod traversal;
mod type_constraint;
mod typed;
mod types;
mod unify;
mod variable;
mod variables_json;
mod version_constraint;

pub use fetched::{FetchedModule, FetchedModules, ModuleCall, OtherModules, calls_to_fetch};
pub use folder::Problem;
pub use given::GivenVariables;
pub use imports::ImportTarget;
pub use json_syntax::{
    Entry as JsonEntry, Json as JsonValue, Node as JsonNode, nodes as json_nodes,
};
pub use listing::{code_paths, is_code};
pub use module_source::{GitPackage, ModuleSource, Package, RegistryPackage};
pub use moves::Moves;
pub use nested_blocks::NestedBlocks;
pub use outside::outside_variables;
pub use outside_variable::OutsideVariable;
pub use provider::ProviderConfig;
pub use recorded::Recorded;
pub use removed::{Removal, RemovedBlock, Undeclared};
pub use root::{BackendBlock, RootFolder, RootModule, root_folders, root_modules};
pub use shared::Shared;
pub use stateless::roots_without_backend;
pub use terragrunt::{UnitFolder, UnitFolders, unit_folders};
pub use version_constraint::newest_version;

use crate::model::{Declared, Interrupt, SecretTexts, Tree};
use budget::Excess;
use context::Context;
use folder::{Files, Folders};
use instance::Instance;
use overlay::Overlay;
use root_code::RootCode;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What evaluation needs besides the code.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Files of variables besides those that Terraform reads by itself, relative to the root module.
    pub var_files: Vec<String>,
    /// What the command line sets variables to. On a server nothing is.
    pub given: GivenVariables,
    /// Variables of the root module that are set out of sight (`outside_variables`): their values are unknown.
    pub outside: BTreeSet<String>,
    /// The workspace; empty for the default one.
    pub workspace: String,
    /// What a state records of the resources that the code refers to.
    pub recorded: Recorded,
    /// What is a block in code that is written in JSON.
    pub nested_blocks: NestedBlocks,
    /// Where modules are that are not in the repository itself.
    pub modules: OtherModules,
    /// What it shares with the other evaluations of a scan.
    pub shared: Shared,
    /// Ends the evaluation early: what is left is unknown.
    pub interrupt: Interrupt,
}

/// What code reads of a repository, and was not there to be read: paths relative to the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedFiles {
    /// Files.
    pub files: BTreeSet<String>,
    /// Folders whose files it lists.
    pub folders: BTreeSet<String>,
}

/// How many files one evaluation may name that were not there.
const MOST_WANTED: usize = 1_000;

impl RequestedFiles {
    /// Adds what another evaluation named.
    fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.folders.extend(other.folders);
    }

    /// Adds a file, where it is not one too many.
    fn file(&mut self, path: String) {
        if self.files.len() < MOST_WANTED {
            self.files.insert(path);
        }
    }

    /// Adds a folder, where it is not one too many.
    fn folder(&mut self, path: String) {
        if self.folders.len() < MOST_WANTED {
            self.folders.insert(path);
        }
    }
}

/// What a root module says.
#[derive(Debug, Clone, Default)]
pub struct Evaluated {
    /// Each resource instance.
    pub declared: Declared,
    /// The root module's provider configurations, and those of its modules.
    pub providers: Vec<ProviderConfig>,
    /// What `import` blocks take into the state, or took.
    pub imports: Vec<ImportTarget>,
    /// What could not be evaluated, and why.
    pub problems: Vec<Problem>,
    /// Files of the root module itself that are not valid: Terraform would do nothing with it.
    pub invalid: Vec<Problem>,
    /// What the code reads of the repository that was not there: it may be read, and the code evaluated again.
    pub requested: RequestedFiles,
    /// What variables and local values hold that are called as secrets are: what is made of them is one as well.
    pub secrets: SecretTexts,
    /// The folder of the root module's code: of a Terragrunt unit it may be another. None where it is not known.
    pub folder: Option<String>,
    kept: shared::Kept,
}

/// Evaluates the root module in a folder, with its local modules.
pub fn evaluate(tree: &Tree, root: &str, options: &Options) -> Evaluated {
    evaluate_edited(tree, &BTreeMap::new(), root, options)
}

/// The same, as if these files had these contents.
pub fn evaluate_edited(
    tree: &Tree,
    edited: &BTreeMap<String, Vec<u8>>,
    root: &str,
    options: &Options,
) -> Evaluated {
    let code = Overlay::new(tree, edited);
    let root_code = RootCode::find(&code, root, options);
    let mut evaluated = Evaluated::default();
    if let Some(unit) = &root_code.unit {
        evaluated.requested = unit.requested.clone();
        evaluated.secrets.extend(&unit.secrets);
    }
    evaluated.folder = root_code.folder.clone().ok();
    match &root_code.folder {
        Ok(folder) => evaluate_folder(&root_code, folder, code, options, &mut evaluated),
        Err(problem) => {
            let unit = root_code.unit.iter().flat_map(|unit| &unit.problems);
            evaluated.problems = std::iter::once(problem).chain(unit).cloned().collect();
        }
    }
    evaluated
}

/// Evaluates the code in the folder of a root module.
fn evaluate_folder(
    root_code: &RootCode,
    root: &str,
    code: Overlay<'_>,
    options: &Options,
    evaluated: &mut Evaluated,
) {
    let code = root_code.lay(code);
    let context = Context::new(options, code);
    let budget = &context.budget;
    let first = listing::code_files(&code, root).into_iter().next();
    let file = first.map_or(root.to_owned(), |file| file.name);
    let file = file.as_str();
    if budget.is_over() {
        budget.refuse(Excess::End, file, 1);
        evaluated.problems = budget.problems();
        return;
    }
    let files = Files::load(&code, root, options, budget);
    let folders = files.folders();
    evaluated.invalid = files.invalid();
    let Some(folder) = folders.get(root) else {
        if budget.is_over() {
            budget.refuse(Excess::End, file, 1);
            evaluated.problems = budget.problems();
        }
        return;
    };
    let of_unit = root_code.unit.iter().flat_map(|unit| unit.problems.clone());
    for problem in of_unit.chain(files.problems()) {
        budget.tell(problem);
    }
    let before = budget.kept();
    let mark = budget.mark();
    let configs = root_code.configs();
    let variables = variable::of_root(&code, folder, (root_code, &configs), options, &context);
    let instance = Instance::root(folder, variables.settings, &context).calling(&folders);
    let instance = instance.of_unit(variables.new_inputs);
    budget.settle(mark, 0);
    match instance.hold() {
        Ok(()) => {
            imports::declare(&instance, &mut evaluated.imports);
            walk(&folders, &instance, evaluated);
        }
        Err(excess) => budget.refuse(excess, file, 1),
    }
    if budget.is_over() {
        budget.refuse(Excess::End, file, 1);
    }
    drop(instance);
    evaluated.problems = budget.problems();
    evaluated.requested.extend(context.requested.take());
    let noted = context.secrets.take();
    evaluated.secrets.extend(&noted.texts);
    evaluated.kept = budget.end(budget.kept() - before);
}

/// Adds what one module instance declares, and what the modules below it do.
fn walk<'a>(folders: &'a Folders<'a>, instance: &Rc<Instance<'a>>, evaluated: &mut Evaluated) {
    provider::declare(instance, &mut evaluated.providers);
    resource::declare(instance, &mut evaluated.declared.resources);
    call::for_each_instance(folders, instance, &mut |called| {
        walk(folders, called, evaluated);
    });
    instance.tell_secrets(&mut evaluated.secrets);
}
