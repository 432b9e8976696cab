//! Evaluates one unit with all its includes, as if the repository were in two places.

use super::config::Request;
use super::evaluations::UnitEvaluations;
use super::layers::Config;
use super::source::UnitSource;
use super::unit_context::{MACHINE_ROOTS, UnitContext};
use super::{CONFIG, JSON_CONFIG, STACK_CONFIG};
use crate::code::budget::MAX_PROBLEMS;
use crate::code::context::Context;
use crate::code::folder::Problem;
use crate::code::marked_text::MarkedText;
use crate::code::overlay::Overlay;
use crate::code::typed::Typed;
use crate::code::{BackendBlock, Options, RequestedFiles};
use crate::model::{SecretTexts, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// A unit.
#[derive(Debug)]
pub(in crate::code) struct Unit {
    /// The location of its code.
    pub(in crate::code) source: UnitSource,
    /// Its backend, as far as its configuration has one.
    pub(in crate::code) backend: Result<Option<BackendBlock>, Problem>,
    /// The files that it generates in the folder of its code, by name.
    pub(in crate::code) generated: BTreeMap<String, GeneratedFile>,
    /// The configurations that were read for it.
    pub(in crate::code) files: BTreeSet<String>,
    /// Those of them that it includes.
    pub(super) included: BTreeSet<String>,
    /// Whether its configuration has a source.
    pub(super) has_source: bool,
    /// The tfvars files of `extra_arguments`, relative to the unit.
    pub(in crate::code) var_files: Vec<String>,
    /// What Terragrunt sets variables to in Terraform's environment.
    pub(in crate::code) environment: BTreeMap<String, MarkedText>,
    /// Where something unknown may set any variable.
    pub(super) unknown_arguments: Option<String>,
    /// What could not be evaluated.
    pub(in crate::code) problems: Vec<Problem>,
    /// The files that its configuration reads and that are missing in the tree.
    pub(in crate::code) requested: RequestedFiles,
    /// The values with names of secrets.
    pub(in crate::code) secrets: SecretTexts,
    pub(super) config: Config,
    /// The merged inputs; null where there are none.
    pub(super) inputs: Typed,
    /// What is not evaluated.
    pub(super) unusual: Vec<String>,
    pub(super) path: String,
}

impl Unit {
    /// Evaluates the unit in a folder.
    ///
    /// # Errors
    /// Why it cannot be evaluated.
    pub(in crate::code) fn read(
        code: &Overlay<'_>,
        folder: &str,
        options: &Options,
    ) -> Result<Self, Problem> {
        let path = config_file(code, folder)?;
        let context = Context::new(options, *code);
        let evaluate = |machine_root| {
            let unit_context = UnitContext::new(machine_root, options.given.terragrunt.clone());
            let request = Request {
                path: &path,
                unit: folder,
                running: folder,
                included: None,
                depth: 0,
            };
            let config = request.read(&context, &unit_context)?;
            Ok::<_, Problem>((config, unit_context))
        };
        let [first, second] = MACHINE_ROOTS.map(evaluate);
        let evaluations = [first?, second?];
        let evaluations = UnitEvaluations {
            folder,
            code: *code,
            evaluations,
        };
        let mut unit = evaluations.unit(path);
        unit.problems.extend(context.budget.problems());
        unit.problems.truncate(MAX_PROBLEMS);
        unit.requested = context.requested.take();
        unit.secrets = context.secrets.take().texts;
        Ok(unit)
    }
}

/// Returns the configuration of a unit.
///
/// # Errors
/// Its format is not supported.
fn config_file(code: &Overlay<'_>, folder: &str) -> Result<String, Problem> {
    let find = |name| Tree::join(folder, name).and_then(|path| code.resolve(&path));
    if let Some(path) = find(CONFIG) {
        return Ok(path);
    }
    let (path, what) = match (find(STACK_CONFIG), find(JSON_CONFIG)) {
        (Some(path), _) => (
            path,
            "the units that a stack of Terragrunt's generates are not evaluated: name each with its \
                                   state, or commit the generated units",
        ),
        (None, Some(path)) => (
            path,
            "a configuration of Terragrunt's in JSON is not evaluated: write it as terragrunt.hcl",
        ),
        (None, None) => (folder.to_owned(), "there is no terragrunt.hcl"),
    };
    Err(Problem {
        file: path,
        line: 1,
        message: what.to_owned(),
    })
}

/// A file that Terragrunt generates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::code) struct GeneratedFile {
    /// Its path: below the unit, where no file of the repository is.
    pub(in crate::code) path: String,
    pub(in crate::code) bytes: Vec<u8>,
    /// Whether a file of the module takes precedence.
    pub(in crate::code) skips: bool,
}
