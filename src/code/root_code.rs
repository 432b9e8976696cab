//! Locates the code of a root module: in its own folder, or where a Terragrunt unit says.

use super::Options;
use super::context::Context;
use super::fetched::{ModuleCall, OtherModules};
use super::folder::{ModuleFolder, Problem};
use super::installed::{ModuleRequest, NotInstalled};
use super::listing::code_files;
use super::module_source::ModuleSource;
use super::overlay::{Overlay, OverlayFiles};
use super::terragrunt::{self, Inputs, Unit, UnitSource};
use crate::model::Tree;
use std::rc::Rc;

/// The key of a unit's source among fetched modules. No call can have this name.
const SOURCE_KEY: &str = "terragrunt:source";

/// The code of a root module.
#[derive(Debug)]
pub(super) struct RootCode {
    /// Its folder, or why there is none.
    pub folder: Result<String, Problem>,
    /// The folder of the root module, which names it.
    path: String,
    /// The unit that says so.
    pub unit: Option<Unit>,
    /// The files that Terragrunt copies and generates there.
    laid: Option<OverlayFiles>,
}

impl RootCode {
    /// Finds the code of the root module in a folder.
    pub(super) fn find(code: &Overlay<'_>, root: &str, options: &Options) -> Self {
        if !terragrunt::is_unit(code, root) {
            return Self {
                folder: Ok(root.to_owned()),
                path: root.to_owned(),
                unit: None,
                laid: None,
            };
        }
        let unit = match Unit::read(code, root, options) {
            Ok(unit) => unit,
            Err(problem) => {
                return Self {
                    folder: Err(problem),
                    path: root.to_owned(),
                    unit: None,
                    laid: None,
                };
            }
        };
        let folder = folder(&unit, root, code, options);
        let laid = folder.as_ref().ok().map(|folder| OverlayFiles {
            folder: folder.clone(),
            copied: (folder != root).then(|| root.to_owned()),
            generated: unit.generated.clone(),
        });
        Self {
            folder,
            path: root.to_owned(),
            unit: Some(unit),
            laid,
        }
    }

    /// Returns the folder that names the root module: files of variables are named relative to it.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the files of the repository, overlaid with those of the unit.
    pub(super) fn lay<'t>(&'t self, code: Overlay<'t>) -> Overlay<'t> {
        code.with(self.laid.as_ref())
    }

    /// Returns the configurations of the unit as modules.
    pub(super) fn configs(&self) -> Vec<ModuleFolder<'_>> {
        self.unit.as_ref().map(Unit::folders).unwrap_or_default()
    }

    /// Returns what the unit sets variables to.
    pub(super) fn inputs<'a>(
        &'a self,
        configs: &'a [ModuleFolder<'a>],
        module: &ModuleFolder<'_>,
        context: &Rc<Context<'a>>,
    ) -> Inputs<'a> {
        let unit = self.unit.as_ref();
        let inputs = unit.map(|unit| unit.inputs(configs, module, context));
        inputs.unwrap_or_default()
    }

    /// Returns a unit's source as a module call, where it is in another repository.
    pub(super) fn call(&self) -> Option<ModuleCall> {
        match &self.unit.as_ref()?.source {
            UnitSource::Elsewhere(source, version) => Some(ModuleCall {
                key: SOURCE_KEY.to_owned(),
                source: source.clone(),
                version: version.clone(),
            }),
            _ => None,
        }
    }
}

/// Returns the folder of a unit's code.
fn folder(
    unit: &Unit,
    root: &str,
    code: &Overlay<'_>,
    options: &Options,
) -> Result<String, Problem> {
    let place = Tree::join(root, terragrunt::CONFIG).unwrap_or_default();
    let refused = |why: String| Problem {
        file: place.clone(),
        line: 1,
        message: format!(
            "{why}, so its code was not evaluated: its resources are compared by state and AWS alone"
        ),
    };
    match &unit.source {
        UnitSource::Unknown(problem) => Err(Problem {
            file: problem.file.clone(),
            line: problem.line,
            ..refused(problem.message.clone())
        }),
        UnitSource::Folder(folder) => {
            let has_code = !code_files(code, folder).is_empty();
            let has_code = has_code || !unit.generated.is_empty();
            has_code.then(|| folder.clone()).ok_or_else(|| {
                refused(format!(
                    "the source of this unit leads to `{folder}`, which holds no code"
                ))
            })
        }
        UnitSource::Elsewhere(source, version) => {
            let named = ModuleSource::parse(source).package;
            let request = ModuleRequest {
                source,
                version: version.as_deref(),
            };
            match &options.modules {
                OtherModules::Fetched(modules) => {
                    let folder = modules.folder(SOURCE_KEY, request).map(str::to_owned);
                    folder.map_err(|why| {
                        let why = match why {
                            NotInstalled::NotFetched(why) => why,
                            _ => "it is not in the repository".to_owned(),
                        };
                        refused(format!(
                            "the source {named} of this unit was not fetched: {why}"
                        ))
                    })
                }
                OtherModules::Installed | OtherModules::NotRead => Err(refused(format!(
                    "the source {named} of this unit is not in the repository"
                ))),
            }
        }
    }
}
