//! Calls of modules: one instance each, or one for each key.

use super::folder::{Folder, Folders, Problem, is_local};
use super::instance::{Instance, SetBy, Setting};
use super::resource::keys;
use super::scope::Scope;
use super::variable;
use crate::model::{ModuleStep, Tree, Value};
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a module instance costs of what an evaluation may cost.
const INSTANCE: usize = 100;

/// The instances of the local modules that a module calls. A module from elsewhere is named as a problem.
pub(super) fn instances<'a>(
    folders: &'a Folders<'a>,
    instance: &Rc<Instance<'a>>,
    problems: &mut Vec<Problem>,
) -> Vec<Rc<Instance<'a>>> {
    let mut all = Vec::new();
    let calls: Vec<_> = instance.folder.blocks("module").collect();
    for (file, call) in &calls {
        let Some(name) = call.labels.first().map(|label| label.as_str()) else {
            continue;
        };
        let Some(folder) = called(folders, instance.folder, call) else {
            let problem = Problem {
                file: file.path.to_owned(),
                line: file.line(call.span().map_or(0, |span| span.start)),
                message: format!(
                    "module `{name}` is not a folder of this repository, so its code was not evaluated: its resources \
                     are compared by state and AWS alone"
                ),
            };
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            continue;
        };
        if folder.path == instance.folder.path || instance.above.contains(&folder.path) {
            let problem = Problem {
                file: file.path.to_owned(),
                line: file.line(call.span().map_or(0, |span| span.start)),
                message: format!("module `{name}` leads back to itself, so it was not evaluated"),
            };
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            continue;
        }
        let scope = instance.scope(file);
        let others = calls.iter().filter(|(_, other)| {
            called(folders, instance.folder, other).is_some_and(|other| other.path == folder.path)
        });
        let several = others.count() > 1;
        for (key, scope) in keys(&scope, &call.body) {
            if !instance.spend(INSTANCE) {
                return all;
            }
            let shared = several || key.is_some() || scope.each.is_some();
            let step = ModuleStep {
                name: name.to_owned(),
                key,
            };
            let variables = variables(folder, call, &scope);
            all.push(instance.called(folder, step, variables, shared));
        }
    }
    all
}

/// The folder that a call names, where it is one of this repository.
fn called<'a>(folders: &'a Folders<'a>, from: &Folder<'_>, call: &Block) -> Option<&'a Folder<'a>> {
    let source = call.body.get_attribute("source")?.value.as_str()?;
    let path = is_local(source)
        .then(|| Tree::join(from.path, source))
        .flatten()?;
    folders.get(&path)
}

/// What a call sets the module's variables to.
fn variables<'a>(
    folder: &'a Folder<'a>,
    call: &'a Block,
    scope: &Scope<'a>,
) -> BTreeMap<String, Setting<'a>> {
    let set = variable::declared(folder).map(|(name, file, body)| {
        let argument = call
            .body
            .get_attribute(&name)
            .map(|argument| &argument.value);
        let default = body.get_attribute("default").map(|default| &default.value);
        let setting = match (argument, default) {
            _ if variable::is_sensitive(body) => Setting {
                value: Value::Unknown,
                by: None,
            },
            (Some(argument), _) => Setting {
                value: scope.value(argument),
                by: Some(SetBy::Argument(scope.clone(), argument)),
            },
            (None, Some(default)) => Setting {
                value: variable::empty(folder, &super::Options::default())
                    .scope(file)
                    .value(default),
                by: Some(SetBy::Default(file, default)),
            },
            (None, None) => Setting {
                value: Value::Unknown,
                by: None,
            },
        };
        (name, setting)
    });
    set.collect()
}
