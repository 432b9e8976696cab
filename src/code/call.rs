//! Calls of modules: one instance each, or one for each key.

use super::folder::{DEEPEST_MODULE, File, Folder, Folders, Problem, is_local};
use super::instance::{Caller, Instance, Measured, SetBy, Setting};
use super::resource::keys;
use super::scope::Scope;
use crate::model::{ModuleStep, Tree};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a module instance costs of what an evaluation may cost.
const INSTANCE: usize = 100;

/// Hands on the instances of the local modules that a module calls, one after another: none outlives its turn. A module
/// that is not evaluated is told as a problem.
pub(super) fn for_each_instance<'a>(
    folders: &'a Folders<'a>,
    instance: &Rc<Instance<'a>>,
    visit: &mut dyn FnMut(&Rc<Instance<'a>>),
) {
    let calls: Vec<_> = instance.folder.blocks("module").collect();
    for (file, block) in calls {
        let Some(name) = block.labels.first() else {
            continue;
        };
        let call = Call {
            name: name.as_str(),
            file,
            block,
        };
        match call.folder(folders, instance) {
            Ok(folder) => call.instances(folder, instance, visit),
            Err(problem) => instance.context.budget.tell(problem),
        }
        if instance.context.budget.is_over() {
            return;
        }
    }
}

/// The folder that a call names, where it is one of a repository.
fn path(from: &Folder<'_>, call: &Block) -> Option<String> {
    let source = call.body.get_attribute("source")?.value.as_str()?;
    Tree::join(from.path, source).filter(|_| is_local(source))
}

/// A `module` block.
struct Call<'a> {
    name: &'a str,
    file: &'a File,
    block: &'a Block,
}

impl<'a> Call<'a> {
    /// The module that it calls, or why that is not evaluated.
    fn folder(
        &self,
        folders: &'a Folders<'a>,
        caller: &Instance<'a>,
    ) -> Result<&'a Folder<'a>, Problem> {
        let name = self.name;
        let Some(path) = path(caller.folder, self.block) else {
            return Err(self.problem(elsewhere(name)));
        };
        if path == caller.folder.path || caller.above.contains(&path.as_str()) {
            return Err(self.problem(format!(
                "module `{name}` leads back to itself, so it was not evaluated"
            )));
        }
        if caller.path.len() >= DEEPEST_MODULE {
            return Err(self.problem(format!(
                "module `{name}` is called through {DEEPEST_MODULE} others, so it was not evaluated"
            )));
        }
        let folder = folders.get(&path);
        folder.ok_or_else(|| self.problem(elsewhere(name)))
    }

    fn problem(&self, message: String) -> Problem {
        Problem {
            file: self.file.path.clone(),
            line: self.line(),
            message,
        }
    }

    fn line(&self) -> usize {
        let span = self.block.span();
        self.file.line(span.map_or(0, |span| span.start))
    }

    /// Hands on its instances.
    fn instances(
        &self,
        folder: &'a Folder<'a>,
        caller: &Rc<Instance<'a>>,
        visit: &mut dyn FnMut(&Rc<Instance<'a>>),
    ) {
        let budget = &caller.context.budget;
        let arguments = self.block.body.attributes();
        let arguments = arguments
            .map(|argument| (argument.key.as_str(), &argument.value))
            .collect();
        let all = budget.mark();
        for (key, scope) in keys(&caller.scope(self.file), &self.block.body) {
            let mark = budget.mark();
            let step = ModuleStep {
                name: self.name.to_owned(),
                key,
            };
            let variables = variables(folder, &arguments, &scope);
            let call = Caller {
                scope,
                block: self.block,
            };
            let called = caller.called(folder, step, variables, call);
            budget.settle(mark, 0);
            let affordable = called.hold().and_then(|()| budget.work(INSTANCE));
            if let Err(excess) = affordable {
                budget.refuse(excess, &self.file.path, self.line());
                break;
            }
            visit(&called);
        }
        budget.settle(all, 0);
    }
}

fn elsewhere(name: &str) -> String {
    format!(
        "module `{name}` is not a folder of this repository, so its code was not evaluated: its resources are compared \
         by state and AWS alone"
    )
}

/// What a call sets the module's variables to.
fn variables<'a>(
    folder: &Folder<'a>,
    arguments: &BTreeMap<&'a str, &'a Expression>,
    scope: &Scope<'a>,
) -> BTreeMap<&'a str, Setting<'a>> {
    let set = folder.variables.iter().map(|variable| {
        let argument = arguments.get(variable.name).map(|argument| {
            let value = Measured::new(scope.value(argument));
            let by = Some(SetBy::Argument(scope.clone(), argument));
            Setting { value, by }
        });
        let setting = variable.setting(argument, folder, &scope.instance.context);
        (variable.name, setting)
    });
    set.collect()
}
