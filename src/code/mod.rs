//! Pure: Terraform code, evaluated, and where each value is defined. What is not certain is unknown, never guessed.
#![deny(clippy::disallowed_methods)]

mod call;
mod expression;
mod folder;
mod functions;
mod instance;
mod policy;
mod policy_document;
mod provider;
mod recorded;
mod resource;
mod root;
mod scope;
mod trace;
mod variable;

pub use folder::Problem;
pub use provider::ProviderConfig;
pub use recorded::Recorded;
pub use root::{BackendBlock, RootModule, root_modules};

use crate::model::{Declared, Interrupt, Tree, Value};
use folder::Folders;
use instance::Instance;
use std::collections::BTreeMap;

/// What evaluation needs besides the code.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Files of variables besides those that Terraform reads by itself, relative to the root module.
    pub var_files: Vec<String>,
    /// The workspace; empty for the default one.
    pub workspace: String,
    /// What a state records of the resources that the code refers to.
    pub recorded: Recorded,
    /// Ends the evaluation early: what is left is unknown.
    pub interrupt: Interrupt,
}

/// What a root module says.
#[derive(Debug, Clone, Default)]
pub struct Evaluated {
    /// Each resource instance.
    pub declared: Declared,
    /// The root module's provider configurations, and those of its modules.
    pub providers: Vec<ProviderConfig>,
    /// What could not be evaluated, and why.
    pub problems: Vec<Problem>,
}

/// Evaluates the root module in a folder, with its local modules.
pub fn evaluate(tree: &Tree, root: &str, options: &Options) -> Evaluated {
    let folders = Folders::parse(tree, root);
    let mut evaluated = Evaluated::default();
    let Some(folder) = folders.get(root) else {
        return evaluated;
    };
    let values = variable::of_root(tree, folder, options);
    evaluated.problems = folders.problems();
    evaluated.problems.extend(values.problems);
    let instance = Instance::root(folder, values.set, options);
    walk(&folders, &instance, &mut evaluated);
    if instance.is_spent() {
        evaluated.problems.push(Problem {
            file: folder
                .files
                .first()
                .map_or(root, |file| file.path)
                .to_owned(),
            line: 1,
            message: match options.interrupt.is_raised() {
                true => "the scan ran out of time, so part of this code was not evaluated",
                false => "this code takes too long to evaluate, so part of it was not",
            }
            .to_owned(),
        });
    }
    evaluated
}

/// Adds what one module instance declares, and what the modules below it do.
fn walk<'a>(
    folders: &'a Folders<'a>,
    instance: &std::rc::Rc<Instance<'a>>,
    evaluated: &mut Evaluated,
) {
    evaluated.providers.extend(provider::of(instance));
    resource::declare(instance, &mut evaluated.declared.resources);
    for called in call::instances(folders, instance, &mut evaluated.problems) {
        walk(folders, &called, evaluated);
    }
}

/// Values by name.
type Names = BTreeMap<String, Value>;
