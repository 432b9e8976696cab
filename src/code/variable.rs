//! What the root module's variables are set to: by files of variables, else by their defaults.

use super::Options;
use super::expression::key_of;
use super::folder::{Folder, Problem};
use super::instance::{Given, Instance, SetBy, Setting};
use super::scope::Scope;
use crate::model::{Source, Tree, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the variables of a root module are set to.
pub(super) struct Values<'a> {
    /// By name.
    pub set: BTreeMap<String, Setting<'a>>,
    /// Files that could not be read.
    pub problems: Vec<Problem>,
}

/// The variables of a root module.
pub(super) fn of_root<'a>(tree: &'a Tree, folder: &'a Folder<'a>, options: &Options) -> Values<'a> {
    let mut problems = Vec::new();
    let mut given = BTreeMap::new();
    for path in files(tree, folder.path, &options.var_files, &mut problems) {
        if path.ends_with(".json") {
            json(tree, &path, &mut given, &mut problems);
        } else {
            hcl(tree, &path, &mut given, &mut problems);
        }
    }
    let set = declared(folder).map(|(name, file, body)| {
        let default = body.get_attribute("default").map(|default| &default.value);
        let mut setting = match (given.remove(&name), default) {
            (Some(given), _) => given,
            (None, Some(default)) => Setting {
                value: empty(folder, options).scope(file).value(default),
                by: Some(SetBy::Default(file, default)),
            },
            (None, None) => Setting {
                value: Value::Unknown,
                by: None,
            },
        };
        if is_sensitive(body) {
            setting = Setting {
                value: Value::Unknown,
                by: None,
            };
        }
        (name, setting)
    });
    Values {
        set: set.collect(),
        problems,
    }
}

/// The variables that a module declares: name, file, block.
pub(super) fn declared<'a>(
    folder: &'a Folder<'a>,
) -> impl Iterator<Item = (String, &'a super::folder::File<'a>, &'a Body)> {
    let blocks = folder.blocks("variable");
    blocks.filter_map(|(file, block)| {
        let name = block.labels.first()?.as_str().to_owned();
        Some((name, file, &block.body))
    })
}

/// Whether a variable's values must not be shown.
pub(super) fn is_sensitive(body: &Body) -> bool {
    let marked = |name| {
        body.get_attribute(name)
            .is_some_and(|flag| flag.value.as_bool() != Some(false))
    };
    marked("sensitive") || marked("ephemeral")
}

/// A module without variables: what an expression means that may name none.
pub(super) fn empty<'a>(folder: &'a Folder<'a>, options: &Options) -> Rc<Instance<'a>> {
    Instance::root(folder, BTreeMap::new(), options)
}

/// The files of variables, in Terraform's order: later ones win.
fn files(tree: &Tree, folder: &str, named: &[String], problems: &mut Vec<Problem>) -> Vec<String> {
    let own = tree.in_folder(folder).map(|(path, _)| path);
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
        match Tree::join(folder, name).filter(|path| tree.files.contains_key(path)) {
            Some(path) => all.push(path),
            None => problems.push(Problem {
                file: name.clone(),
                line: 1,
                message: format!("there is no such file of variables in `{folder}`"),
            }),
        }
    }
    all
}

fn hcl<'a>(
    tree: &Tree,
    path: &str,
    given: &mut BTreeMap<String, Setting<'a>>,
    problems: &mut Vec<Problem>,
) {
    let parsed = tree.text(path).map(hcl_edit::parser::parse_body);
    let body = match parsed {
        Some(Ok(body)) => body,
        Some(Err(error)) => {
            return problems.push(problem(path, error.location().line(), error.message()));
        }
        None => return problems.push(problem(path, 1, "this file is not UTF-8")),
    };
    let text = tree.text(path).unwrap_or_default();
    let file = super::folder::File { path, text, body };
    let folder = Folder {
        path: "",
        files: Vec::new(),
    };
    let scope = empty(&folder, &Options::default()).scope(&file);
    for set in file.body.attributes() {
        let by = place(&scope, &set.value).map(SetBy::Tfvars);
        let value = scope.value(&set.value);
        given.insert(set.key.as_str().to_owned(), Setting { value, by });
    }
}

/// Where a value of a file of variables stands, and where its entries do.
fn place(scope: &Scope<'_>, value: &Expression) -> Option<Rc<Given>> {
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
            file: scope.file.path.to_owned(),
            line: scope.file.line(span.start),
            span: (span.start, span.end),
        },
        entries,
    }))
}

fn json<'a>(
    tree: &Tree,
    path: &str,
    given: &mut BTreeMap<String, Setting<'a>>,
    problems: &mut Vec<Problem>,
) {
    let bytes = tree.files.get(path).map(Vec::as_slice).unwrap_or_default();
    match serde_json::from_slice::<BTreeMap<String, Value>>(bytes) {
        Ok(values) => {
            let setting = |(name, value)| (name, Setting { value, by: None });
            given.extend(values.into_iter().map(setting));
        }
        Err(error) => problems.push(problem(path, error.line(), &error.to_string())),
    }
}

fn problem(path: &str, line: usize, message: &str) -> Problem {
    Problem {
        file: path.to_owned(),
        line,
        message: format!("this file of variables could not be read: {message}"),
    }
}
