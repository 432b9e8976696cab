//! Evaluates Terragrunt units: folders whose `terragrunt.hcl` names the code, the backend and the variables of a root
//! module.
//!
//! A configuration is evaluated by Terraform's evaluator, with Terragrunt's functions besides. Nothing is run for it,
//! and no file outside the repository is read. Paths on the machine that applies are not known here. So each
//! configuration is evaluated as if the repository were in two different places, and what differs is unknown.

mod config;
mod evaluations;
mod functions;
mod inputs;
mod layers;
mod merge;
mod source;
mod unit;
mod unit_context;
mod units;
mod values;

pub(super) use functions::call;
pub(super) use inputs::Inputs;
pub(super) use source::UnitSource;
pub(super) use unit::{GeneratedFile, Unit};
pub(super) use unit_context::ConfigScope;
pub use units::{UnitFolder, UnitFolders, unit_folders};

use super::overlay::Overlay;
use crate::model::Tree;

/// The name of a unit's configuration.
pub(super) const CONFIG: &str = "terragrunt.hcl";
/// The name of a unit's configuration in JSON, which is not evaluated.
const JSON_CONFIG: &str = "terragrunt.hcl.json";
/// The name of a file that generates units, which is not evaluated.
const STACK_CONFIG: &str = "terragrunt.stack.hcl";

/// Returns whether a folder is a unit, or would be for Terragrunt.
pub(super) fn is_unit(code: &Overlay<'_>, folder: &str) -> bool {
    [CONFIG, JSON_CONFIG, STACK_CONFIG].iter().any(|name| {
        let path = Tree::join(folder, name);
        path.is_some_and(|path| code.resolve(&path).is_some())
    })
}
