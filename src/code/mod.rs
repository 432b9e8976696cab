//! Pure: evaluates Terraform code and finds where each value is defined. What is not certain is unknown, never guessed.
#![deny(clippy::disallowed_methods)]

mod budget;
mod call;
mod called;
mod candidates;
mod computed_entries;
mod conditions;
mod context;
mod convert;
mod dangling;
mod data_file;
mod definition;
mod derivation;
mod edited_places;
mod effort;
mod element;
mod endpoint;
mod environment_tags;
mod equality;
mod expression;
mod fault;
mod fetched;
mod file;
mod flattened;
mod folder;
mod for_each_item;
mod for_expression;
mod from_file;
mod functions;
mod given;
mod handed_on;
mod imports;
mod installed;
mod instance;
mod instances;
mod joined;
mod json;
mod json_document;
mod json_syntax;
#[cfg(test)]
#[allow(clippy::disallowed_methods, clippy::unwrap_used)]
mod language;
mod listing;
mod literal;
mod map_parts;
mod marked_text;
mod module_source;
mod moves;
mod nested_blocks;
mod null_defaults;
mod null_search;
mod number;
mod operation;
mod output;
mod outside;
mod outside_blocks;
mod outside_expected;
mod outside_providers;
mod outside_state;
mod outside_variable;
mod overlay;
mod overrides;
/// The only module that calls the HCL parser.
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
mod switch;
mod template;
mod terragrunt;
mod trace;
mod traversal;
mod type_constraint;
mod typed;
mod types;
mod unify;
mod unseen_readers;
mod value_path;
mod variable;
mod variables_json;
mod version_constraint;
mod written_references;

pub use conditions::{Subject, UnmetCondition, UnmetConditions};
pub use dangling::DanglingReference;
pub use edited_places::EditedPlaces;
pub use environment_tags::EnvironmentTags;
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
pub use null_defaults::NullDefaults;
pub use outside::{OutsideVariables, outside_variables};
pub use outside_variable::OutsideVariable;
pub use provider::ProviderConfig;
pub use recorded::Recorded;
pub use removed::{Removal, RemovedBlock, Undeclared};
pub use root::{BackendBlock, RootFolder, RootModule, root_folders, root_modules};
pub use shared::Shared;
pub use stateless::roots_without_backend;
pub use terragrunt::{UnitFolder, UnitFolders, unit_folders};
pub use unseen_readers::{SearchUnfinished, UnseenReader, unseen_reader};
pub use version_constraint::newest_version;

use crate::model::{Declared, Interrupt, ProviderKey, ProviderTags, SecretTexts, Tree, Value};
use budget::Excess;
use context::Context;
use folder::{LoadedModules, ModuleIndex};
use instance::Instance;
use overlay::Overlay;
use root_code::RootCode;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The inputs of an evaluation besides the code.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Tfvars files besides those that Terraform loads by itself, relative to the root module.
    pub var_files: Vec<String>,
    /// The variables set on the command line; none on a server.
    pub given: GivenVariables,
    /// Variables of the root module that are set outside the code (`outside_variables`): their values are unknown.
    pub outside: BTreeSet<String>,
    /// The arguments by the default of a variable that are null in code or state alone: they are unknown.
    pub null_defaults: Arc<NullDefaults>,
    /// The workspace; empty for the default one.
    pub workspace: String,
    /// The recorded values of resources that the code refers to.
    pub recorded: Recorded,
    /// The names of nested blocks, which JSON code needs.
    pub nested_blocks: NestedBlocks,
    /// Where modules outside the repository are read from.
    pub modules: OtherModules,
    /// Whether the conditions under which Terraform plans are evaluated as well.
    pub conditions: bool,
    /// The data shared with the other evaluations of the scan.
    pub shared: Shared,
    /// Ends the evaluation early. All further values are then unknown.
    pub interrupt: Interrupt,
}

/// The files that code reads and that are missing in the tree, by their paths in the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedFiles {
    /// Files.
    pub files: BTreeSet<String>,
    /// Folders that code lists.
    pub folders: BTreeSet<String>,
}

/// The most missing files that one evaluation reports.
const MAX_MISSING: usize = 1_000;

impl RequestedFiles {
    /// Adds those of another evaluation.
    fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.folders.extend(other.folders);
    }

    /// Adds a file, up to the limit.
    fn file(&mut self, path: String) {
        if self.files.len() < MAX_MISSING {
            self.files.insert(path);
        }
    }

    /// Adds a folder, up to the limit.
    fn folder(&mut self, path: String) {
        if self.folders.len() < MAX_MISSING {
            self.folders.insert(path);
        }
    }
}

/// The result of evaluating a root module.
#[derive(Debug, Clone, Default)]
pub struct Evaluated {
    /// The declared resource instances.
    pub declared: Declared,
    /// The root module's provider configurations, and those of its modules.
    pub providers: Vec<ProviderConfig>,
    /// The targets of `import` blocks, carried out or not.
    pub imports: Vec<ImportTarget>,
    /// The parts that could not be evaluated, with the reasons.
    pub problems: Vec<Problem>,
    /// Invalid files of the root module, with which Terraform would refuse to plan.
    pub invalid: Vec<Problem>,
    /// The conditions that do not hold, or are not known to, where they are asked for.
    pub unmet: UnmetConditions,
    /// The values of the root module's outputs, where the conditions are asked for; those of sensitive ones are unknown.
    pub outputs: BTreeMap<String, Value>,
    /// The references to instances that edits removed (`Recorded::without`).
    pub dangling: Vec<DanglingReference>,
    /// The files that the code reads and that are missing in the tree. They may be read, and the code evaluated again.
    pub requested: RequestedFiles,
    /// The values of variables and locals with names of secrets.
    pub secrets: SecretTexts,
    /// The folder of the root module's code, which a Terragrunt unit may have elsewhere; `None` where it is not known.
    pub folder: Option<String>,
    kept: shared::KeptMemory,
}

impl Evaluated {
    /// Returns the default and ignored tags of each provider configuration. Of two of one name the first counts.
    pub fn provider_tags(&self) -> BTreeMap<&ProviderKey, &ProviderTags> {
        let configurations = self.providers.iter().rev();
        let tags = configurations.map(|provider| (&provider.key, &provider.tags));
        tags.collect()
    }

    /// Describes the parts that could not be evaluated, with the reasons, and the provider configurations with unknown
    /// tags.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let problems = self.problems.iter().map(ToString::to_string);
        let providers = self.providers.iter();
        problems.chain(providers.filter_map(ProviderConfig::unknown_tags))
    }
}

/// Evaluates the root module in a folder, with its local modules.
pub fn evaluate(tree: &Tree, root: &str, options: &Options) -> Evaluated {
    evaluate_edited(tree, &BTreeMap::new(), root, options)
}

/// Evaluates the root module in a folder as if these files had these contents.
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
        budget.report_excess(Excess::End, file, 1);
        evaluated.problems = budget.problems();
        return;
    }
    let files = LoadedModules::load(&code, root, options, budget);
    let folders = files.index();
    evaluated.invalid = files.invalid();
    let Some(folder) = folders.get(root) else {
        if budget.is_over() {
            budget.report_excess(Excess::End, file, 1);
            evaluated.problems = budget.problems();
        }
        return;
    };
    let of_unit = root_code.unit.iter().flat_map(|unit| unit.problems.clone());
    let problems = of_unit.chain(files.problems());
    problems.for_each(|problem| budget.report(problem));
    let (before, mark) = (budget.kept(), budget.mark());
    let configs = root_code.configs();
    let variables = variable::of_root(&code, folder, (root_code, &configs), options, &context);
    let instance = Instance::root(folder, variables.settings, &context).calling(&folders);
    let instance = instance.of_unit(variables.new_inputs);
    budget.settle(mark, 0);
    match instance.hold() {
        Ok(()) => {
            imports::declare(&instance, &mut evaluated.imports);
            walk(&folders, &instance, evaluated);
            options.null_defaults.apply(&mut evaluated.declared);
            if context.conditions {
                evaluated.outputs = output::of_root(&instance);
            }
        }
        Err(excess) => budget.report_excess(excess, file, 1),
    }
    if budget.is_over() {
        budget.report_excess(Excess::End, file, 1);
    }
    drop(instance);
    evaluated.problems = budget.problems();
    evaluated.dangling = context.dangling.take().take();
    evaluated.requested.extend(context.requested.take());
    let noted = context.secrets.take();
    evaluated.secrets.extend(&noted.texts);
    evaluated.kept = budget.end(budget.kept() - before);
}

/// Adds the declarations of a module instance and of the modules that it calls.
fn walk<'a>(folders: &'a ModuleIndex<'a>, instance: &Rc<Instance<'a>>, evaluated: &mut Evaluated) {
    provider::declare(instance, &mut evaluated.providers);
    resource::declare(instance, &mut evaluated.declared.resources);
    if instance.context.conditions {
        conditions::evaluate(instance, &mut evaluated.unmet);
    }
    if instance.context.recorded.is_any_gone() {
        dangling::evaluate(instance);
    }
    call::for_each_instance(folders, instance, &mut |called| {
        walk(folders, called, evaluated);
    });
    instance.tell_secrets(&mut evaluated.secrets);
}
