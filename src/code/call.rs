//! Evaluates `module` blocks: one module instance each, or one for each key of `count` or `for_each`.

use super::file::File;
use super::folder::{MAX_MODULE_DEPTH, ModuleFolder, ModuleIndex, Problem};
use super::installed::NotInstalled;
use super::instance::{Caller, Instance, Measured, SetBy, Setting};
use super::resource::keys;
use super::scope::Scope;
use crate::model::ModuleStep;
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The work that one module instance costs.
const INSTANCE: usize = 100;

/// Passes each instance of the modules that a module calls to `visit`, and drops it afterwards. Records a problem for a
/// module that is not evaluated.
pub(super) fn for_each_instance<'a>(
    folders: &'a ModuleIndex<'a>,
    instance: &Rc<Instance<'a>>,
    visit: &mut dyn FnMut(&Rc<Instance<'a>>),
) {
    for (file, block) in instance.folder.blocks("module") {
        let Some(name) = block.labels.first() else {
            continue;
        };
        let call = Call {
            name: name.as_str(),
            file,
            block,
        };
        match (
            instance.kept_modules(call.name),
            call.folder(folders, instance),
        ) {
            (Some(kept), _) => kept.iter().for_each(&mut *visit),
            (None, Ok(folder)) => {
                call.instances(folder, instance, 0, visit);
            }
            (None, Err(problem)) => instance.context.budget.report(problem),
        }
        if instance.context.budget.is_over() {
            return;
        }
    }
}

/// Returns the instances of a call and keeps them as long as its caller, because expressions refer to their outputs.
/// Returns `None` where the module is not evaluated, or calls itself.
pub(super) fn kept<'a>(
    instance: &Rc<Instance<'a>>,
    name: &str,
    depth: usize,
) -> Option<Rc<[Rc<Instance<'a>>]>> {
    let folders = instance.folders?;
    let (name, (file, block)) = instance.folder.calls.get_key_value(name)?;
    let call = Call { name, file, block };
    let folder = call.folder(folders, instance).ok()?;
    instance.keep_modules(name, || {
        let mut all = Vec::new();
        call.instances(folder, instance, depth, &mut |called| {
            all.push(called.clone());
        });
        all
    })
}

/// A `module` block.
struct Call<'a> {
    name: &'a str,
    file: &'a File,
    block: &'a Block,
}

impl<'a> Call<'a> {
    /// Returns the called module, or why it is not evaluated.
    fn folder(
        &self,
        folders: &'a ModuleIndex<'a>,
        caller: &Instance<'a>,
    ) -> Result<&'a ModuleFolder<'a>, Problem> {
        let name = self.name;
        let path = folders.resolve(&caller.names(), caller.folder.path, self.block);
        let path = path.map_err(|why| self.problem(elsewhere(name, &why)))?;
        if path == caller.folder.path || caller.above.contains(&path.as_str()) {
            return Err(self.problem(format!(
                "module `{name}` leads back to itself, so it was not evaluated"
            )));
        }
        if caller.path.len() >= MAX_MODULE_DEPTH {
            return Err(self.problem(format!(
                "module `{name}` is called through {MAX_MODULE_DEPTH} others, so it was not evaluated"
            )));
        }
        let folder = folders.get(&path);
        folder.ok_or_else(|| self.problem(elsewhere(name, &NotInstalled::NotRead)))
    }

    fn problem(&self, message: String) -> Problem {
        self.file.problem(self.block.span(), message)
    }

    fn line(&self) -> usize {
        let span = self.block.span();
        self.file.line(span.map_or(0, |span| span.start))
    }

    /// Passes each instance on.
    fn instances(
        &self,
        folder: &'a ModuleFolder<'a>,
        caller: &Rc<Instance<'a>>,
        depth: usize,
        visit: &mut dyn FnMut(&Rc<Instance<'a>>),
    ) {
        let budget = &caller.context.budget;
        let arguments = self.block.body.attributes();
        let arguments = arguments
            .map(|argument| (argument.key.as_str(), &argument.value))
            .collect();
        let all = budget.mark();
        for (key, scope) in keys(&caller.scope(self.file).deeper(depth), &self.block.body) {
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
                budget.report_excess(excess, &self.file.path, self.line());
                break;
            }
            visit(&called);
        }
        budget.settle(all, 0);
    }
}

/// Returns why a module is not evaluated.
fn elsewhere(name: &str, why: &NotInstalled) -> String {
    let why = match why {
        NotInstalled::NotRead => "is not a folder of this repository".to_owned(),
        NotInstalled::Missing => "is not installed (run `terraform init`)".to_owned(),
        NotInstalled::Other(found) => {
            format!(
                "asks for another source or version than {found}, which is installed (run `terraform init`)"
            )
        }
        NotInstalled::Outside => {
            "is installed outside of this repository (run `terraform init`)".to_owned()
        }
        NotInstalled::NotFetched(why) => format!("was not fetched: {why}"),
    };
    format!(
        "module `{name}` {why}, so its code was not evaluated: its resources are compared by state and AWS alone"
    )
}

/// Returns what a call sets the module's variables to.
fn variables<'a>(
    folder: &ModuleFolder<'a>,
    arguments: &BTreeMap<&'a str, &'a Expression>,
    scope: &Scope<'a>,
) -> BTreeMap<&'a str, Setting<'a>> {
    let set = folder.variables.iter().map(|variable| {
        let argument = arguments.get(variable.name).map(|argument| {
            let value = Measured::new(scope.known(argument));
            let by = Some(SetBy::Argument(scope.clone(), argument));
            Setting { value, by }
        });
        let setting = variable.setting(argument, folder, &scope.instance.context);
        (variable.name, setting)
    });
    set.collect()
}
