//! What variables are set to: the root module's by files of variables and the command line, else by their defaults.

use super::expression::key_of;
use super::file::{CodeText, File, Syntax};
use super::folder::{Folder, Problem};
use super::instance::{Context, Given, Instance, Measured, SetBy, Setting};
use super::overlay::Overlay;
use super::parse::Unparsed;
use super::scope::Scope;
use super::size::{ENTRY, MAP};
use super::{Options, given, json};
use crate::model::{Tree, Value, without_values};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A variable that a module declares.
#[derive(Debug)]
pub(super) struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    pub(super) file: &'a File,
    /// Whether its values must not be shown.
    is_sensitive: bool,
    default: Option<&'a Expression>,
    /// Its type constraint, where it has one.
    pub(super) constraint: Option<&'a Expression>,
    /// What its default is, once that was asked for.
    evaluated: OnceCell<Measured>,
}

impl<'a> Variable<'a> {
    /// The variable of a block; none where the block has no name.
    pub(super) fn new(file: &'a File, block: &'a Block) -> Option<Self> {
        let default = block.body.get_attribute("default");
        Some(Self {
            name: block.labels.first()?.as_str(),
            file,
            is_sensitive: is_sensitive(&block.body),
            default: default.map(|default| &default.value),
            constraint: block.body.get_attribute("type").map(|ty| &ty.value),
            evaluated: OnceCell::new(),
        })
    }

    /// Whether its value comes from outside for certain, where no file sets it.
    pub(super) fn is_required(&self) -> bool {
        self.default.is_none() && !self.is_sensitive
    }

    /// What it is set to where nothing from outside sets it.
    fn by_default(&self, folder: &Folder<'a>, context: &Rc<Context>) -> Setting<'a> {
        let Some(default) = self.default else {
            return Setting::unknown();
        };
        let value = self.evaluated.get_or_init(|| {
            let budget = &context.budget;
            let mark = budget.mark();
            // A default may name nothing: it means the same in a module without variables.
            let nothing = Folder::new(folder.path, Vec::new());
            let empty = Instance::root(&nothing, BTreeMap::new(), context);
            let scope = empty.scope(self.file);
            let value = scope.value(default);
            budget.settle(mark, 0);
            let value = Measured::new(value);
            let Err(excess) = budget.keep(value.bytes) else {
                return value;
            };
            scope.refuse(excess, default);
            Measured::new(Value::Unknown)
        });
        Setting {
            value: value.clone(),
            by: Some(SetBy::Default(self.file, default)),
        }
    }

    /// What it is set to, where `given` sets it from outside.
    pub(super) fn setting(
        &self,
        given: Option<Setting<'a>>,
        folder: &Folder<'a>,
        context: &Rc<Context>,
    ) -> Setting<'a> {
        match given {
            _ if self.is_sensitive => Setting::unknown(),
            Some(given) => given,
            None => self.by_default(folder, context),
        }
    }
}

/// Whether a variable's values must not be shown.
fn is_sensitive(body: &Body) -> bool {
    let marked = |name| {
        body.get_attribute(name)
            .is_some_and(|flag| flag.value.as_bool() != Some(false))
    };
    marked("sensitive") || marked("ephemeral")
}

/// What the variables of a root module are set to: by the command line, by files, by its environment, by their defaults.
/// What is set out of sight is unknown, whatever the default says.
pub(super) fn of_root<'a>(
    code: &Overlay<'_>,
    folder: &Folder<'a>,
    options: &Options,
    context: &Rc<Context>,
) -> BTreeMap<&'a str, Setting<'a>> {
    let (mut set_by_files, all_read) = set_by_files(code, folder.path, options, context);
    let set = folder.variables.iter().map(|variable| {
        let name = variable.name;
        let given = |text: Option<&str>| Some(given::setting(variable, text?, context));
        let is_set_outside = !all_read || options.outside.contains(name);
        let set = given(options.given.argument(name))
            .or_else(|| set_by_files.remove(name))
            .or_else(|| given(options.given.in_environment(name)))
            .or_else(|| is_set_outside.then(Setting::unknown));
        (name, variable.setting(set, folder, context))
    });
    set.collect()
}

/// What the files of variables set, and whether all of them were read.
fn set_by_files<'a>(
    code: &Overlay<'_>,
    folder: &str,
    options: &Options,
    context: &Rc<Context>,
) -> (BTreeMap<String, Setting<'a>>, bool) {
    let (mut set, mut all_read) = (BTreeMap::new(), true);
    for path in files(code, folder, &options.var_files) {
        match read(&path, code, options, context) {
            Ok(settings) => set.extend(settings),
            Err(problem) => {
                all_read = false;
                context.budget.tell(problem);
            }
        }
    }
    (set, all_read)
}

/// What one file of variables sets.
pub(super) fn read<'a>(
    path: &str,
    code: &Overlay<'_>,
    options: &Options,
    context: &Rc<Context>,
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
        Some(text) if path.ends_with(".json") => json(text, context),
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

/// The files of variables, in Terraform's order: later ones win.
fn files(code: &Overlay<'_>, folder: &str, named: &[String]) -> Vec<String> {
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
        let path = Tree::join(folder, name).unwrap_or_else(|| name.clone());
        code.resolve(&path).unwrap_or(path)
    });
    first.into_iter().chain(auto).chain(named).collect()
}

/// The settings of a file in HCL.
fn hcl<'a>(
    path: &str,
    text: &str,
    options: &Options,
    context: &Rc<Context>,
) -> Result<Vec<(String, Setting<'a>)>, Unparsed> {
    let room = context.budget.room_for_code();
    let syntax = Syntax::Hcl;
    let file = options
        .shared
        .file(&CodeText { path, text, syntax }, room)?;
    let nothing = Folder::new("", Vec::new());
    let scope = Instance::root(&nothing, BTreeMap::new(), context).scope(&file);
    let set = file.body.attributes().map(|set| {
        let by = place(&scope, &set.value).map(SetBy::Tfvars);
        let value = Measured::new(scope.value(&set.value));
        (set.key.as_str().to_owned(), Setting { value, by })
    });
    Ok(set.collect())
}

/// Where a value of a file of variables stands, and where its entries do. None where there is no memory for that.
fn place(scope: &Scope<'_>, value: &Expression) -> Option<Rc<Given>> {
    let bytes = 2 * size_of::<Given>() + MAP + ENTRY + scope.file.path.len();
    if let Err(excess) = scope.budget().keep(bytes) {
        scope.refuse(excess, value);
        return None;
    }
    let span = value.span()?;
    let entries = match value {
        Expression::Object(object) => object
            .iter()
            .filter_map(|(key, value)| Some((key_of(scope, key)?, place(scope, value.expr())?)))
            .collect(),
        _ => BTreeMap::new(),
    };
    Some(Rc::new(Given {
        source: scope.file.source(span),
        entries,
    }))
}

/// The settings of a file in JSON.
fn json<'a>(text: &str, context: &Context) -> Result<Vec<(String, Setting<'a>)>, Unparsed> {
    let wrong = |line, message: &str| Unparsed {
        line,
        message: message.to_owned(),
        is_too_large: false,
    };
    let room = context.budget.take(json::bytes(text));
    room.map_err(|_| wrong(1, "it is too large"))?;
    let values: BTreeMap<String, Value> = serde_json::from_str(text)
        .map_err(|error| wrong(error.line(), &without_values(&error.to_string())))?;
    let setting = |(name, value)| {
        let value = Measured::new(value);
        (name, Setting { value, by: None })
    };
    Ok(values.into_iter().map(setting).collect())
}
