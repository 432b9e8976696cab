//! Reads what `terraform plan` would read on this machine: variables and the workspace of the environment, and what
//! `terraform init` left in `.terraform`. A server takes none of it.

use super::checkout::{Checkout, MAX_FILE_BYTES};
use super::installed::INSTALLED;
use super::output::tell;
use crate::code::{EnvironmentTags, GivenVariables};
use crate::model::Tree;
use crate::scan::load::Stack;
use crate::settings::Workspace;
use crate::state::backends::{BackendEnvironment, InitialisedBackend};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

/// The start of the environment's names for variables' values.
const VARIABLE: &str = "TF_VAR_";

/// The environment, as far as Terraform reads it for a plan.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// `TF_VAR_name`, by name.
    pub variables: BTreeMap<String, String>,
    /// The arguments that `TF_CLI_ARGS` and `TF_CLI_ARGS_plan` add to the command.
    pub arguments: Vec<PlanArgument>,
    /// `TF_WORKSPACE`.
    pub workspace: Option<String>,
    /// The settings of backends, such as `TF_HTTP_ADDRESS`.
    backends: BackendEnvironment,
    /// The tags that `TF_AWS_*` gives to AWS providers.
    tags: EnvironmentTags,
    /// All of it, for `get_env` of a Terragrunt configuration.
    all: Arc<BTreeMap<String, String>>,
    /// `TF_DATA_DIR`: where `.terraform` is, if not there.
    data_folder: Option<String>,
}

/// An argument of `terraform plan` that sets variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlanArgument {
    /// `-var-file=FILE`: relative to the root module.
    File(String),
    /// `-var NAME=VALUE`.
    Variable(String, String),
}

impl Environment {
    /// Reads it.
    pub(super) fn of_process() -> Self {
        Self::read(std::env::vars_os())
    }

    fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut all = Self::default();
        let (mut of_all, mut of_plan) = (Vec::new(), Vec::new());
        let mut whole = BTreeMap::new();
        for (name, value) in variables {
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                continue;
            };
            whole.insert(name.clone(), value.clone());
            match name.as_str() {
                "TF_CLI_ARGS" => of_all = plan_arguments(&value),
                "TF_CLI_ARGS_plan" => of_plan = plan_arguments(&value),
                "TF_WORKSPACE" => all.workspace = Some(value).filter(|name| !name.is_empty()),
                "TF_DATA_DIR" => all.data_folder = Some(value).filter(|name| !name.is_empty()),
                name => {
                    if let Some(variable) = name.strip_prefix(VARIABLE) {
                        all.variables.insert(variable.to_owned(), value);
                    } else {
                        all.tags.add(name, &value);
                        all.backends.add(name, &value);
                    }
                }
            }
        }
        all.arguments = [of_all, of_plan].concat();
        all.all = Arc::new(whole);
        all
    }

    /// Returns the variables that Terragrunt's configurations may read.
    pub(super) fn of_configurations(&self) -> GivenVariables {
        GivenVariables {
            terragrunt: Some(self.all.clone()),
            ..GivenVariables::default()
        }
    }
}

/// Returns the arguments in a line of a shell that set variables.
fn plan_arguments(line: &str) -> Vec<PlanArgument> {
    let mut words = words(line).into_iter();
    let mut arguments = Vec::new();
    while let Some(word) = words.next() {
        let word = word.trim_start_matches('-');
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let mut value = || value.clone().or_else(|| words.next());
        match name {
            "var-file" => arguments.extend(value().map(PlanArgument::File)),
            "var" => arguments.extend(value().and_then(|set| {
                let (name, value) = set.split_once('=')?;
                Some(PlanArgument::Variable(
                    name.trim().to_owned(),
                    value.to_owned(),
                ))
            })),
            _ => {}
        }
    }
    arguments
}

/// Splits a line into words as a shell does: quotes hold words together, a backslash escapes the next character.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Sets the workspace of each stack: the first of `--workspace`, what the settings name, `TF_WORKSPACE` where the path is
/// one root module, and what `terraform workspace select` left there.
pub(super) fn select_workspaces(
    stacks: &mut Vec<Stack>,
    asked: Option<&Workspace>,
    environment: &Environment,
    checkout: &Checkout,
) {
    if let Some(asked) = asked {
        // Of the stacks of one folder one is left: that of the workspace, where the settings name it.
        stacks.sort_by_key(|stack| stack.workspace != asked.as_str());
        let mut folders = BTreeSet::new();
        stacks.retain(|stack| folders.insert(stack.path.clone()));
        for stack in stacks {
            stack.workspace = asked.as_str().to_owned();
        }
        return;
    }
    let is_one_root = is_one_root(stacks, checkout);
    for stack in stacks
        .iter_mut()
        .filter(|stack| stack.settings.workspace.is_none())
    {
        let of_process = environment.workspace.clone().filter(|_| is_one_root);
        let selected = || {
            let bytes = initialised(checkout, &stack.path, environment, "environment")?;
            let text = String::from_utf8(bytes).ok()?;
            Some(text.trim().to_owned())
        };
        let name = of_process.or_else(selected);
        match name.map(|name| Workspace::new(&name).ok_or(name)) {
            Some(Ok(workspace)) => stack.workspace = workspace.as_str().to_owned(),
            Some(Err(name)) if !name.is_empty() => {
                tell(&format!(
                    "driftguard: `{name}` is no workspace's name: it is passed over"
                ));
            }
            _ => {}
        }
    }
}

/// Returns whether the path is one root module: only then the shell means it.
fn is_one_root(stacks: &[Stack], checkout: &Checkout) -> bool {
    matches!(stacks, [only] if only.path == checkout.path)
}

/// Gives each stack the backend that `terraform init` made, and one root module what the environment says of its backend:
/// credentials there are meant for its address alone.
pub(super) fn find_backends(stacks: &mut [Stack], environment: &Environment, checkout: &Checkout) {
    let is_one_root = is_one_root(stacks, checkout);
    for stack in stacks {
        if is_one_root {
            stack.environment = environment.backends.clone();
        }
        let file = initialised(checkout, &stack.path, environment, "terraform.tfstate");
        stack.initialised = file.and_then(|bytes| InitialisedBackend::parse(&bytes));
    }
}

/// Returns a file of a root module's `.terraform`, where it lies in the repository.
fn initialised(
    checkout: &Checkout,
    folder: &str,
    environment: &Environment,
    name: &str,
) -> Option<Vec<u8>> {
    let data_folder = environment.data_folder.as_deref().unwrap_or(INSTALLED);
    let path = checkout
        .root
        .join(folder)
        .join(Path::new(data_folder))
        .join(name);
    let real = std::fs::canonicalize(path).ok()?;
    let is_inside = real.starts_with(&checkout.root);
    is_inside.then(|| Checkout::read_limited(&real, MAX_FILE_BYTES).ok())?
}

/// Gives each stack the variables and the providers' tags that the environment sets: the variables of the arguments
/// count after its own.
pub(super) fn set_variables(stacks: &mut [Stack], environment: &Environment, checkout: &Checkout) {
    for stack in stacks {
        stack.given_variables.environment = environment.variables.clone();
        stack.given_variables.tags = environment.tags.clone();
        for argument in &environment.arguments {
            match argument {
                PlanArgument::Variable(name, value) => {
                    let set = (name.clone(), value.clone());
                    stack.given_variables.arguments.push(set);
                }
                PlanArgument::File(file) => match in_repository(checkout, &stack.path, file) {
                    Some(file) => stack.var_files.push(file),
                    None => tell(&format!(
                        "driftguard: TF_CLI_ARGS_plan names {file}, which is no file of the repository: it is passed over"
                    )),
                },
            }
        }
    }
}

/// Returns a file that is named relative to a root module, as it is seen from there.
fn in_repository(checkout: &Checkout, folder: &str, file: &str) -> Option<String> {
    let relative = match Path::new(file).is_absolute() {
        true => super::source::climb(folder, &checkout.path_in_tree(Path::new(file))?),
        false => file.to_owned(),
    };
    let path = Tree::join(folder, &relative)?;
    checkout.tree.files.contains_key(&path).then_some(relative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_as_terraform_reads_it() {
        let variables = [
            ("TF_VAR_session", "7200"),
            (
                "TF_CLI_ARGS_plan",
                r#"-input=false -var-file env/prod.tfvars --var 'a=b c' -var="d=\"e\"""#,
            ),
            ("TF_CLI_ARGS", "-no-color -var-file=first.tfvars"),
            ("TF_WORKSPACE", "blue"),
            ("TF_AWS_DEFAULT_TAGS_Team", "core"),
            ("TF_AWS_IGNORE_TAGS_KEYS", "Scan, B,"),
            ("TF_AWS_IGNORE_TAGS_KEY_PREFIXES", "k8s/"),
            ("PATH", "/bin"),
        ];
        let environment = Environment::read(
            variables
                .map(|(name, value)| (name.into(), value.into()))
                .into_iter(),
        );
        assert_eq!(
            environment.variables,
            BTreeMap::from([("session".into(), "7200".into())])
        );
        assert_eq!(environment.workspace.as_deref(), Some("blue"));
        let mut tags = EnvironmentTags::default();
        tags.add("TF_AWS_DEFAULT_TAGS_Team", "core");
        tags.add("TF_AWS_IGNORE_TAGS_KEYS", "Scan,B");
        tags.add("TF_AWS_IGNORE_TAGS_KEY_PREFIXES", "k8s/");
        assert_eq!(environment.tags, tags);
        assert_eq!(
            environment.arguments,
            [
                PlanArgument::File("first.tfvars".into()),
                PlanArgument::File("env/prod.tfvars".into()),
                PlanArgument::Variable("a".into(), "b c".into()),
                PlanArgument::Variable("d".into(), "\"e\"".into()),
            ]
        );
    }
}
