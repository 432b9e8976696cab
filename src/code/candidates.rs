//! Finds the tfvars files that Terraform does not load by itself and that may set a variable whose value is not in the
//! code.

use super::Options;
use super::context::Context;
use super::outside_variable::OutsideVariable;
use super::overlay::Overlay;
use super::variable;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most files that are named for one variable.
const NAMED: usize = 3;
/// The most files that are searched.
const READ: usize = 100;

/// Lists the files that set each variable: only those with the recorded value where there are any; those of the root
/// module's own folder first.
pub(super) fn find(
    outside: Vec<&mut OutsideVariable>,
    (code, root): (&Overlay<'_>, &str),
    options: &Options,
    context: &Rc<Context<'_>>,
) {
    if outside.is_empty() {
        return;
    }
    let mut paths: Vec<&str> = code.paths().filter(|path| is_variables(path)).collect();
    let is_own = |path: &str| crate::model::Tree::holds(root, path);
    paths.sort_by_key(|path| (!is_own(path), path.matches('/').count(), *path));
    let files = paths.into_iter().take(READ).filter_map(|path| {
        let settings = variable::read(path, code, options, context).ok()?;
        let mut by_name = BTreeMap::new();
        for (name, setting) in settings {
            by_name.entry(name).or_insert(setting);
        }
        Some((path, by_name))
    });
    let files: Vec<_> = files.collect();
    for variable in outside {
        let set = files.iter().filter_map(|(path, settings)| {
            let set = settings.get(&variable.name)?;
            Some((*path, variable.is(&set.value.plain())))
        });
        let set: Vec<_> = set.collect();
        let some_fit = set.iter().any(|(_, fits)| *fits == Some(true));
        let fitting = set
            .iter()
            .filter(|(_, fits)| !some_fit || *fits == Some(true));
        variable.files = fitting
            .take(NAMED)
            .map(|(path, _)| (*path).to_owned())
            .collect();
    }
}

fn is_variables(path: &str) -> bool {
    path.ends_with(".tfvars") || path.ends_with(".tfvars.json")
}
