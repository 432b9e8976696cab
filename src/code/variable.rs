//! What variables are set to: the root module's by files of variables, else by their defaults.

use super::expression::key_of;
use super::folder::{File, Folder, Problem};
use super::instance::{Context, Given, Instance, Measured, SetBy, Setting};
use super::overlay::Overlay;
use super::parse::Unparsed;
use super::scope::Scope;
use super::size::{ENTRY, MAP};
use super::{Options, json};
use crate::model::{Source, Tree, Value, without_values};
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
    file: &'a File,
    /// Whether its values must not be shown.
    is_sensitive: bool,
    default: Option<&'a Expression>,
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
            evaluated: OnceCell::new(),
        })
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

/// What the variables of a root module are set to.
pub(super) fn of_root<'a>(
    code: &Overlay<'_>,
    folder: &Folder<'a>,
    options: &Options,
    context: &Rc<Context>,
) -> BTreeMap<&'a str, Setting<'a>> {
    let mut given = BTreeMap::new();
    for path in files(code, folder.path, &options.var_files, context) {
        let read = match code.text(&path) {
            Some(text) if path.ends_with(".json") => json(text, context),
            Some(text) => hcl(&path, text, options, context),
            None => Err(Unparsed {
                line: 1,
                message: "this file is not UTF-8".to_owned(),
            }),
        };
        match read {
            Ok(settings) => given.extend(settings),
            Err(unparsed) => context.budget.tell(Problem {
                file: path,
                line: unparsed.line,
                message: format!("this file of variables could not be read: {unparsed}"),
            }),
        }
    }
    let variables = folder.variables.iter();
    let set = variables.map(|variable| {
        let given = given.remove(variable.name);
        (variable.name, variable.setting(given, folder, context))
    });
    set.collect()
}

/// The files of variables, in Terraform's order: later ones win.
fn files(code: &Overlay<'_>, folder: &str, named: &[String], context: &Context) -> Vec<String> {
    let own = code.by_folder().remove(folder).unwrap_or_default();
    let (mut first, mut auto) = (Vec::new(), Vec::new());
    for path in own {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name == "terraform.tfvars" || name == "terraform.tfvars.json" {
            first.push(path.to_owned());
        } else if name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json") {
            auto.push(path.to_owned());
        }
    }
    let mut all = [first, auto].concat();
    for name in named {
        match Tree::join(folder, name).filter(|path| code.has(path)) {
            Some(path) => all.push(path),
            None => context.budget.tell(Problem {
                file: name.clone(),
                line: 1,
                message: format!("there is no such file of variables in `{folder}`"),
            }),
        }
    }
    all
}

/// The settings of a file in HCL.
fn hcl<'a>(
    path: &str,
    text: &str,
    options: &Options,
    context: &Rc<Context>,
) -> Result<Vec<(String, Setting<'a>)>, Unparsed> {
    let room = context.budget.room_for_code();
    let file = options.shared.file(path, text, room)?;
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
        source: Source {
            file: scope.file.path.clone(),
            line: scope.file.line(span.start),
            span: (span.start, span.end),
        },
        entries,
    }))
}

/// The settings of a file in JSON.
fn json<'a>(text: &str, context: &Context) -> Result<Vec<(String, Setting<'a>)>, Unparsed> {
    let wrong = |line, message: &str| Unparsed {
        line,
        message: message.to_owned(),
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
