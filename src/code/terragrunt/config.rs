//! Evaluates one configuration: a unit's, one that it includes, or one that it reads.

use super::layers::{Config, Layer, LocatedValue, Strategy};
use super::unit_context::{ConfigScope, UnitContext};
use super::values::{body, copied, entries, generated};
use crate::code::budget::Budget;
use crate::code::context::Context;
use crate::code::file::{CodeText, File, Syntax};
use crate::code::folder::{ModuleFolder, Problem};
use crate::code::instance::Instance;
use crate::code::scope::Scope;
use crate::code::typed::Typed;
use crate::model::Tree;
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// The depth that reading a configuration adds.
const DEEPER: usize = 10;
/// The blocks of commands that Terragrunt runs around its own.
const HOOKS: &[&str] = &["before_hook", "after_hook", "error_hook"];
/// Blocks that are not evaluated.
const UNUSUAL: &[&str] = &["unit", "stack", "feature", "exclude", "engine"];

/// An `include` block.
struct Include<'a> {
    label: String,
    block: &'a Block,
    path: String,
    strategy: Strategy,
    exposes: bool,
}

/// Reads a configuration for a unit. `included` is its own folder, where another configuration includes it.
///
/// # Errors
/// Why it cannot be evaluated.
pub(super) fn read(
    path: &str,
    unit: &str,
    running: &str,
    included: Option<Strategy>,
    (from, config): (&Scope<'_>, &ConfigScope),
) -> Result<Config, Problem> {
    let context = &from.instance.context;
    let request = Request {
        path,
        unit,
        running,
        included,
        depth: from.depth() + DEEPER,
    };
    request.read(context, &config.unit_context)
}

/// The configuration to read, and for which unit.
pub(super) struct Request<'r> {
    pub(super) path: &'r str,
    pub(super) unit: &'r str,
    pub(super) running: &'r str,
    pub(super) included: Option<Strategy>,
    pub(super) depth: usize,
}

impl Request<'_> {
    pub(super) fn read(
        &self,
        context: &Rc<Context<'_>>,
        unit_context: &Rc<UnitContext>,
    ) -> Result<Config, Problem> {
        let refused = |message| Problem {
            file: self.path.to_owned(),
            line: 1,
            message,
        };
        unit_context.begin(self.path).map_err(refused)?;
        let read = self.parsed(context, unit_context);
        unit_context.end();
        read
    }

    fn parsed(
        &self,
        context: &Rc<Context<'_>>,
        unit_context: &Rc<UnitContext>,
    ) -> Result<Config, Problem> {
        let problem = |line, message: String| Problem {
            file: self.path.to_owned(),
            line,
            message,
        };
        let text = context.code.text(self.path);
        let text = text.ok_or_else(|| problem(1, "this file is not UTF-8".to_owned()))?;
        let read = CodeText {
            path: self.path,
            text,
            syntax: Syntax::Hcl,
        };
        let file = context.shared.file(&read, context.budget.room_for_code());
        let file = file.map_err(|unparsed| {
            problem(
                unparsed.line,
                format!("this configuration of Terragrunt's could not be parsed: {unparsed}"),
            )
        })?;
        context.budget.hold_code(file.memory);
        let own = Tree::folder(self.path);
        let folder = ModuleFolder::new(own, vec![file.as_ref()]);
        let included = self.included.map(|_| own);
        let mut scope = ConfigScope::new(unit_context, self.unit, self.running, included);
        let includes = self.includes(&file, &folder, &scope, context)?;
        let mut above = Vec::new();
        for include in &includes {
            let config = self.include(include, &file, context, unit_context)?;
            let own = Tree::folder(&include.path).to_owned();
            scope.includes.insert(include.label.clone(), own);
            if include.exposes {
                let value = config.value(&context.budget);
                let value = value.map_err(|_| problem(1, over(&context.budget)))?;
                scope.expose(&include.label, value);
            }
            above.push(config.layers);
        }
        let layer = self.layer(&file, &folder, Rc::new(scope), context);
        if let Some(problem) = unit_context.problem() {
            return Err(problem);
        }
        let merged = above.into_iter().rev().flatten();
        let merged = merged.filter(|layer| layer.strategy != Strategy::NoMerge);
        Ok(Config {
            layers: std::iter::once(layer).chain(merged).collect(),
            included: includes.into_iter().map(|include| include.path).collect(),
        })
    }

    /// Returns the `include` blocks, whose paths may only use functions.
    fn includes<'a>(
        &self,
        file: &'a File,
        folder: &'a ModuleFolder<'a>,
        scope: &ConfigScope,
        context: &Rc<Context<'a>>,
    ) -> Result<Vec<Include<'a>>, Problem> {
        let instance = Instance::root(folder, BTreeMap::new(), context);
        let instance = instance.configured(Rc::new(scope.clone()));
        let here = instance.scope(file).deeper(self.depth);
        let blocks = file.body.get_blocks("include");
        let includes = blocks.map(|block| {
            if self.included.is_some() {
                let message = "this configuration is included, and includes another itself: Terragrunt follows one level";
                return Err(file.problem(block.span(), message.to_owned()));
            }
            include_of(&here, scope, block).map_err(|message| {
                let failed = scope.unit_context.problem();
                let budget = &context.budget;
                let message = budget.reason_of_end().map_or(message, str::to_owned);
                failed.unwrap_or_else(|| file.problem(block.span(), message))
            })
        });
        includes.collect()
    }

    /// Reads an included configuration, from where this one is.
    fn include(
        &self,
        include: &Include<'_>,
        file: &File,
        context: &Rc<Context<'_>>,
        unit_context: &Rc<UnitContext>,
    ) -> Result<Config, Problem> {
        let request = Request {
            path: &include.path,
            unit: self.unit,
            running: self.running,
            included: Some(include.strategy),
            depth: self.depth + DEEPER,
        };
        request.read(context, unit_context).map_err(|problem| {
            match problem.file == include.path && problem.message.starts_with("the configurations")
            {
                true => file.problem(include.block.span(), problem.message),
                false => problem,
            }
        })
    }

    /// Evaluates the file without its includes.
    fn layer<'a>(
        &self,
        file: &'a Arc<File>,
        folder: &'a ModuleFolder<'a>,
        scope: Rc<ConfigScope>,
        context: &Rc<Context<'a>>,
    ) -> Layer {
        let instance = Instance::root(folder, BTreeMap::new(), context);
        let instance = instance.configured(scope.clone());
        let here = instance.scope(file).deeper(self.depth);
        let mut layer = Layer {
            file: file.clone(),
            scope,
            strategy: self.included.unwrap_or(Strategy::Shallow),
            inputs: Typed::NULL,
            locals: Typed::NULL,
            source: None,
            remote_state: None,
            generated: BTreeMap::new(),
            arguments: BTreeMap::new(),
        };
        if let Some(inputs) = file.body.get_attribute("inputs") {
            layer.inputs = entries(&here, &inputs.value);
        }
        let locals = folder.locals.keys();
        let locals = locals.map(|name| {
            let value = instance.local_value(name, self.depth);
            ((*name).to_owned(), copied(&here, &value))
        });
        layer.locals = Typed::Object(locals.collect());
        layer.read_terraform(&here);
        layer.read_remote_state(&here);
        layer.read_generated(&here);
        for name in UNUSUAL {
            if let Some(block) = file.body.get_blocks(name).next() {
                let what = format!("`{name}` blocks are not evaluated");
                layer.note(block.span(), what);
            }
        }
        layer
    }
}

impl Layer {
    fn placed(&self, span: Option<Range<usize>>, value: Typed) -> LocatedValue {
        let Problem { file, line, .. } = self.file.problem(span, String::new());
        LocatedValue { file, line, value }
    }

    /// Records a part that is not evaluated.
    fn note(&self, span: Option<Range<usize>>, what: String) {
        let place = self.file.place(span);
        self.scope.unit_context.note_unusual(place, what);
    }

    /// Reads the `terraform` block: the source of the code, and further arguments for Terraform.
    fn read_terraform(&mut self, here: &Scope<'_>) {
        let file = self.file.clone();
        for block in file.body.get_blocks("terraform") {
            if let Some(source) = block.body.get_attribute("source") {
                self.source = Some(self.placed(source.span(), here.known(&source.value)));
            }
            for hook in block.body.blocks() {
                let name = hook.ident.as_str();
                if HOOKS.contains(&name) {
                    self.note(hook.span(), format!("`{name}`: hooks are never run"));
                }
            }
            for extra in block.body.get_blocks("extra_arguments") {
                let value = self.placed(extra.span(), body(here, &extra.body));
                self.arguments.insert(label(extra), value);
            }
        }
    }

    /// Reads `remote_state`, a block or an object.
    fn read_remote_state(&mut self, here: &Scope<'_>) {
        let file = self.file.clone();
        let block = file.body.get_blocks("remote_state").next();
        let block = block.map(|block| self.placed(block.span(), body(here, &block.body)));
        let written = file.body.get_attribute("remote_state");
        let written = || Some(self.placed(written?.span(), here.known(&written?.value)));
        self.remote_state = block.or_else(written);
    }

    /// Reads `generate`, blocks or an object.
    fn read_generated(&mut self, here: &Scope<'_>) {
        let file = self.file.clone();
        for block in file.body.get_blocks("generate") {
            let value = self.placed(block.span(), generated(here, &block.body));
            self.generated.insert(label(block), value);
        }
        if let Some(written) = file.body.get_attribute("generate")
            && let Typed::Object(blocks) = entries(here, &written.value)
        {
            for (label, value) in blocks {
                let value = self.placed(written.span(), value);
                self.generated.insert(label, value);
            }
        }
    }
}

/// Returns why a configuration was not evaluated to its end.
fn over(budget: &Budget) -> String {
    let reason = budget.reason_of_end();
    reason
        .unwrap_or("this code declares too much to keep")
        .to_owned()
}

/// Returns the label of a block; empty where it has none.
fn label(block: &Block) -> String {
    let label = block.labels.first();
    label.map_or("", |label| label.as_str()).to_owned()
}

/// Returns the configuration that an `include` block names.
///
/// # Errors
/// Why it cannot be followed.
fn include_of<'a>(
    here: &Scope<'_>,
    scope: &ConfigScope,
    block: &'a Block,
) -> Result<Include<'a>, String> {
    let argument = |name: &str| {
        let found = block.body.get_attribute(name)?;
        Some(here.known(&found.value))
    };
    let Some(Typed::String(path)) = argument("path") else {
        return Err("the path of this `include` is not known, or there is no such file".to_owned());
    };
    let path = scope
        .unit_context
        .in_repository(&scope.running, &path)
        .ok_or("this `include` leads out of the repository, and no file outside of it is read")?;
    let code = &here.instance.context.code;
    let path = code
        .resolve(&path)
        .ok_or_else(|| format!("this `include` leads to {path}, which is not in the repository"))?;
    let strategy = match argument("merge_strategy").as_ref().map(Typed::as_str) {
        None | Some(Some("shallow")) => Strategy::Shallow,
        Some(Some("deep")) => Strategy::Deep,
        Some(Some("no_merge")) => Strategy::NoMerge,
        Some(_) => return Err("the `merge_strategy` of this `include` is not known".to_owned()),
    };
    let exposes = argument("expose");
    Ok(Include {
        label: label(block),
        block,
        path,
        strategy,
        exposes: exposes.is_some_and(|exposes| exposes != Typed::Bool(false)),
    })
}
