//! Parses the module paths of states.

use crate::model::{Address, ModuleStep};

/// The longest module path, in bytes: each instance holds a copy of it.
const MAX_MODULE_PATH: usize = 1024;

/// Parses a module path such as `module.a["x"].module.b`.
pub(super) fn modules(text: Option<&str>) -> Option<Vec<ModuleStep>> {
    let Some(text) = text else {
        return Some(Vec::new());
    };
    if text.len() > MAX_MODULE_PATH {
        return None;
    }
    // An address needs a resource at its end: any will do.
    let address: Address = format!("{text}.aws_any.any").parse().ok()?;
    Some(address.modules)
}
