//! Values that the command line gives to the root module's variables: `TF_VAR_name` and `--var name=value`.

use super::folder::{Folder, Problem};
use super::instance::{Context, Instance, Measured, Setting};
use super::parse;
use super::variable::Variable;
use crate::model::{Number, Value};
use hcl_edit::expr::Expression;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the command line sets variables to. Each value is a text, as a shell hands it over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenVariables {
    /// `TF_VAR_name` of the environment: what a file sets counts before it.
    pub environment: BTreeMap<String, String>,
    /// `--var name=value`, in order: it counts before every file, and the last of one name before the others.
    pub arguments: Vec<(String, String)>,
}

impl GivenVariables {
    /// What `--var` sets a variable to.
    pub(super) fn argument(&self, name: &str) -> Option<&str> {
        let mut last_first = self.arguments.iter().rev();
        let found = last_first.find(|(given, _)| given == name);
        found.map(|(_, text)| text.as_str())
    }

    /// What the environment sets a variable to.
    pub(super) fn in_environment(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }
}

/// A variable set to a text: the text itself for a primitive type and where the variable has none, else the expression
/// that it spells.
pub(super) fn setting<'a>(
    variable: &Variable<'a>,
    text: &str,
    context: &Rc<Context>,
) -> Setting<'a> {
    let value = match primitive(variable.constraint) {
        Some("number") => Number::parse(text).map_or_else(|| Value::text(text), Value::Number),
        Some("bool") => match text.parse() {
            Ok(flag) => Value::Bool(flag),
            Err(_) => Value::text(text),
        },
        Some(_) => Value::text(text),
        None => spelled(variable, text, context),
    };
    Setting {
        value: Measured::new(value),
        by: None,
    }
}

/// The name of a type whose values are texts on a command line; none for collections, objects and `any`.
fn primitive(constraint: Option<&Expression>) -> Option<&str> {
    let name = match constraint {
        None => return Some("string"),
        Some(Expression::Variable(name)) => name.as_str(),
        // As code for Terraform 0.11 has it.
        Some(Expression::String(name)) => name.value().as_str(),
        Some(_) => return None,
    };
    ["string", "number", "bool"].contains(&name).then_some(name)
}

/// The value of an expression that may refer to nothing.
fn spelled(variable: &Variable<'_>, text: &str, context: &Rc<Context>) -> Value {
    let name = variable.name;
    match parse::expression(text) {
        Ok(expression) => {
            let nothing = Folder::new("", Vec::new());
            let scope = Instance::root(&nothing, BTreeMap::new(), context).scope(variable.file);
            scope.value(&expression)
        }
        Err(unparsed) => {
            context.budget.tell(Problem {
                file: variable.file.path.clone(),
                line: 1,
                message: format!(
                    "what the command line gives to `var.{name}` is no expression: {unparsed}"
                ),
            });
            Value::Unknown
        }
    }
}
