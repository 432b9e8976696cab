//! Evaluates variables: set by tfvars files and the command line, else by their defaults.

use super::context::Context;
use super::convert::convert;
use super::expression::certain_key;
use super::fault::Fault;
use super::file::{CodeText, File, Syntax};
use super::folder::{ModuleFolder, Problem};
use super::instance::{FileValue, Measured, SetBy, Setting};
use super::outside_variable::NotGiven;
use super::overlay::Overlay;
use super::parse::Unparsed;
use super::root_code::RootCode;
use super::scope::{Scope, alone};
use super::size::{ENTRY, MAP};
use super::typed::Typed;
use super::types::Type;
use super::{Options, given, type_constraint, variables_json};
use crate::model::{OptionalParts, Source, Tree};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A variable that a module declares.
#[derive(Debug)]
pub(super) struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    pub(super) file: &'a File,
    /// Whether its values must not be shown.
    is_sensitive: bool,
    /// Whether it may be null.
    pub(super) is_nullable: bool,
    /// Its `type` argument.
    pub(super) constraint: Option<&'a Expression>,
    default: Option<&'a Expression>,
    /// Its type, once parsed; `None` where it is not supported.
    kind: OnceCell<Option<Type>>,
    /// Its default, once evaluated.
    evaluated: OnceCell<Measured>,
}

impl<'a> Variable<'a> {
    /// Reads a `variable` block; `None` where it has no name.
    pub(super) fn new(file: &'a File, block: &'a Block) -> Option<Self> {
        let argument = |name| block.body.get_attribute(name).map(|found| &found.value);
        Some(Self {
            name: block.labels.first()?.as_str(),
            file,
            is_sensitive: is_sensitive(&block.body),
            is_nullable: argument("nullable").and_then(Expression::as_bool) != Some(false),
            constraint: argument("type"),
            default: argument("default"),
            kind: OnceCell::new(),
            evaluated: OnceCell::new(),
        })
    }

    /// Returns why it has no value where no file sets it; `None` where it has a default.
    pub(super) fn not_given(&self) -> Option<NotGiven> {
        let is_null = |default: &Expression| matches!(default, Expression::Null(_));
        match self.is_sensitive {
            true => self.default.is_none_or(is_null).then_some(NotGiven::Secret),
            false => self.default.is_none().then_some(NotGiven::NoDefault),
        }
    }

    /// Returns its type; `None` where it is not supported.
    fn kind(&self, folder: &ModuleFolder<'a>, context: &Rc<Context<'a>>) -> Option<&Type> {
        let kind = self.kind.get_or_init(|| {
            let Some(constraint) = self.constraint else {
                return Some(Type::Any);
            };
            let mark = context.budget.mark();
            let kind = alone(folder.path, self.file, context, |scope| {
                type_constraint::of(scope, constraint, 0)
            });
            let bytes = context.budget.settle(mark, 0);
            let kept = context.budget.keep(bytes);
            kind.ok().filter(|_| kept.is_ok())
        });
        kind.as_ref()
    }

    /// Converts a value to the variable's type.
    fn take(
        &self,
        value: Measured,
        folder: &ModuleFolder<'a>,
        context: &Rc<Context<'a>>,
    ) -> Measured {
        let Some(kind) = self.kind(folder, context) else {
            return Measured::new(Typed::UNKNOWN);
        };
        if matches!(kind, Type::Any) {
            return value;
        }
        let budget = &context.budget;
        let converted = value.own(budget).map_err(Fault::from);
        let converted = converted.and_then(|value| convert(value, kind, budget));
        Measured::new(converted.unwrap_or_else(|_| Typed::Unknown(kind.of_values())))
    }

    /// Returns the setting by its default.
    fn by_default(&self, folder: &ModuleFolder<'a>, context: &Rc<Context<'a>>) -> Setting<'a> {
        let Some(default) = self.default else {
            return self.unknown(folder, context);
        };
        let value = self.evaluated.get_or_init(|| {
            let budget = &context.budget;
            let mark = budget.mark();
            let value = alone(folder.path, self.file, context, |scope| {
                scope.known(default)
            });
            let value = self.take(Measured::new(value), folder, context);
            budget.settle(mark, 0);
            let Err(excess) = budget.keep(value.bytes) else {
                return value;
            };
            alone(folder.path, self.file, context, |scope| {
                scope.refuse(excess, default)
            });
            Measured::new(Typed::UNKNOWN)
        });
        Setting {
            value: value.clone(),
            by: Some(SetBy::Default(self.file, default)),
        }
    }

    fn unknown(&self, folder: &ModuleFolder<'a>, context: &Rc<Context<'a>>) -> Setting<'a> {
        Setting::unknown(self.kind(folder, context).unwrap_or(&Type::Any))
    }

    /// Returns the setting by `given`, or by its default.
    pub(super) fn setting(
        &self,
        given: Option<Setting<'a>>,
        folder: &ModuleFolder<'a>,
        context: &Rc<Context<'a>>,
    ) -> Setting<'a> {
        match given {
            _ if self.is_sensitive => self.unknown(folder, context),
            Some(given) if self.is_nullable || !given.value.is_null() => Setting {
                value: self.take(given.value, folder, context),
                by: given.by,
            },
            _ => self.by_default(folder, context),
        }
    }
}

/// Returns what the type of a variable lets a call leave out.
pub(super) fn optional_parts(scope: &Scope<'_>, name: &str) -> OptionalParts {
    let instance = &scope.instance;
    let mut variables = instance.folder.variables.iter();
    let variable = variables.find(|variable| variable.name == name);
    let kind = variable.and_then(|variable| variable.kind(instance.folder, &instance.context));
    kind.map(Type::optional_parts).unwrap_or_default()
}

/// Returns whether a variable or an output is `sensitive` or `ephemeral`.
pub(super) fn is_sensitive(body: &Body) -> bool {
    let marked = |name| {
        body.get_attribute(name)
            .is_some_and(|flag| flag.value.as_bool() != Some(false))
    };
    marked("sensitive") || marked("ephemeral")
}

/// The variables of a root module.
#[derive(Debug)]
pub(super) struct RootVariables<'a> {
    /// Their settings.
    pub settings: BTreeMap<&'a str, Setting<'a>>,
    /// The place where a Terragrunt unit could set each variable that it leaves out.
    pub new_inputs: BTreeMap<String, Source>,
    /// The variables that nothing sets.
    pub unset: BTreeSet<&'a str>,
}

/// Evaluates the variables of a root module: set by the command line, by files, by the environment, or by their
/// defaults. One that is set outside the code is unknown, whatever its default.
pub(super) fn of_root<'a>(
    code: &Overlay<'_>,
    folder: &ModuleFolder<'a>,
    (root, configs): (&'a RootCode, &'a [ModuleFolder<'a>]),
    options: &Options,
    context: &Rc<Context<'a>>,
) -> RootVariables<'a> {
    let mut inputs = root.inputs(configs, folder, context);
    let (mut set_by_files, all_read) = set_by_files(code, (folder.path, root), options, context);
    let of_unit = |name: &str| root.unit.as_ref()?.environment.get(name);
    let mut unset = BTreeSet::new();
    let set = folder.variables.iter().map(|variable| {
        let name = variable.name;
        let given = |text: Option<&str>| Some(given::setting(variable, text?, context));
        let is_set_outside = !all_read || options.outside.contains(name);
        let set = given(options.given.argument(name))
            .or_else(|| set_by_files.remove(name))
            .or_else(|| {
                let text = of_unit(name)?;
                Some(given(Some(text))?.marked(text.is_secret()))
            })
            .or_else(|| given(options.given.in_environment(name)))
            .or_else(|| inputs.settings.remove(name).filter(|_| all_read));
        if set.is_none() {
            unset.insert(name);
        }
        let set = set.or_else(|| is_set_outside.then(|| Setting::unknown(&Type::Any)));
        (name, variable.setting(set, folder, context))
    });
    RootVariables {
        settings: set.collect(),
        new_inputs: inputs.left_out,
        unset,
    }
}

/// Returns the settings of all tfvars files, and whether all of them were read.
fn set_by_files<'a>(
    code: &Overlay<'_>,
    (folder, root): (&str, &RootCode),
    options: &Options,
    context: &Rc<Context<'a>>,
) -> (BTreeMap<String, Setting<'a>>, bool) {
    let (mut set, mut all_read) = (BTreeMap::new(), true);
    let of_unit = root.unit.iter().flat_map(|unit| &unit.var_files);
    let named: Vec<_> = of_unit.chain(&options.var_files).cloned().collect();
    for path in files(code, (folder, root.path()), &named) {
        match read(&path, code, options, context) {
            Ok(settings) => set.extend(settings),
            Err(problem) => {
                all_read = false;
                context.budget.report(problem);
            }
        }
    }
    (set, all_read)
}

/// Returns the settings of one tfvars file.
pub(super) fn read<'a>(
    path: &str,
    code: &Overlay<'_>,
    options: &Options,
    context: &Rc<Context<'a>>,
) -> Result<Vec<(String, Setting<'a>)>, Problem> {
    let problem = |line, message: String| Problem {
        file: path.to_owned(),
        line,
        message,
    };
    if !code.has(path) {
        let message = "there is no such file of variables in the repository".to_owned();
        return Err(problem(1, message));
    }
    let read = match code.text(path) {
        Some(text) if path.ends_with(".json") => variables_json::settings(path, text, context),
        Some(text) => hcl(path, text, options, context),
        None => Err(Unparsed {
            line: 1,
            message: "this file is not UTF-8".to_owned(),
            is_too_large: false,
        }),
    };
    read.map_err(|unparsed| {
        let message = format!("this file of variables could not be read: {unparsed}");
        problem(unparsed.line, message)
    })
}

/// Returns the tfvars files in Terraform's order: later ones take precedence.
fn files(code: &Overlay<'_>, (folder, root): (&str, &str), named: &[String]) -> Vec<String> {
    let (mut first, mut auto) = (Vec::new(), Vec::new());
    for file in code.in_folder(folder) {
        let name = file.base_name().to_owned();
        let path = file.path.unwrap_or(file.name);
        if name == "terraform.tfvars" || name == "terraform.tfvars.json" {
            first.push(path);
        } else if name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json") {
            auto.push(path);
        }
    }
    let named = named.iter().map(|name| {
        let path = Tree::join(root, name).unwrap_or_else(|| name.clone());
        code.resolve(&path).unwrap_or(path)
    });
    first.into_iter().chain(auto).chain(named).collect()
}

/// Returns the settings of a file in HCL.
fn hcl<'a>(
    path: &str,
    text: &str,
    options: &Options,
    context: &Rc<Context<'a>>,
) -> Result<Vec<(String, Setting<'a>)>, Unparsed> {
    let room = context.budget.room_for_code();
    let syntax = Syntax::Hcl;
    let file = options
        .shared
        .file(&CodeText { path, text, syntax }, room)?;
    Ok(alone("", &file, context, |scope| {
        let set = file.body.attributes().map(|set| {
            let by = place(scope, &set.value).map(SetBy::FileValue);
            let value = Measured::new(scope.known(&set.value));
            (set.key.as_str().to_owned(), Setting { value, by })
        });
        set.collect()
    }))
}

/// The most items of a list in a file of variables that are edited one by one.
const MAX_ITEMS: usize = 1000;

/// Returns the location of a value in a tfvars file, and those of its entries and items; `None` where the budget has no memory
/// for them.
fn place(scope: &Scope<'_>, value: &Expression) -> Option<Rc<FileValue>> {
    let bytes = 2 * size_of::<FileValue>() + MAP + ENTRY + scope.file.path.len();
    if let Err(excess) = scope.budget().keep(bytes) {
        scope.refuse(excess, value);
        return None;
    }
    let span = value.span()?;
    let entries = match value {
        Expression::Object(object) => object
            .iter()
            .filter_map(|(key, value)| {
                Some((certain_key(scope, key)?, place(scope, value.expr())?))
            })
            .collect(),
        _ => BTreeMap::new(),
    };
    let items: Option<Vec<_>> = match value {
        Expression::Array(items) if items.len() <= MAX_ITEMS => {
            items.iter().map(|item| place(scope, item)).collect()
        }
        _ => Some(Vec::new()),
    };
    Some(Rc::new(FileValue {
        source: scope.file.source(span),
        items: items?,
        entries,
    }))
}
