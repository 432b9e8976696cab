//! Holds the values of variables from the command line: `TF_VAR_name` and `--var name=value`; and the tags that its
//! environment gives to providers.

use super::context::Context;
use super::environment_tags::EnvironmentTags;
use super::folder::Problem;
use super::instance::{Measured, Setting};
use super::parse;
use super::scope::alone;
use super::typed::Typed;
use super::variable::Variable;
use hcl_edit::expr::Expression;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The variables set on the command line. Each value is a string as the shell passes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenVariables {
    /// `TF_VAR_name` of the environment. Files take precedence.
    pub environment: BTreeMap<String, String>,
    /// `--var name=value`, in order. They take precedence over files, and the last one of a name over the others.
    pub arguments: Vec<(String, String)>,
    /// The environment that `get_env` of a Terragrunt configuration reads. On a server there is none.
    pub terragrunt: Option<Arc<BTreeMap<String, String>>>,
    /// The tags of AWS providers that `TF_AWS_*` of the environment sets. On a server there are none.
    pub tags: EnvironmentTags,
}

impl GivenVariables {
    /// Returns the value of `--var` for a variable.
    pub(super) fn argument(&self, name: &str) -> Option<&str> {
        let mut last_first = self.arguments.iter().rev();
        let found = last_first.find(|(given, _)| given == name);
        found.map(|(_, text)| text.as_str())
    }

    /// Returns the value of `TF_VAR_name` for a variable.
    pub(super) fn in_environment(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }
}

/// Returns the setting of a variable from a string: the string itself for a primitive type or none, else the expression
/// that it contains.
pub(super) fn setting<'a>(
    variable: &Variable<'a>,
    text: &str,
    context: &Rc<Context<'a>>,
) -> Setting<'a> {
    // The variable converts it to its type.
    let value = match is_primitive(variable.constraint) {
        true => Typed::text(text),
        false => spelled(variable, text, context),
    };
    Setting {
        value: Measured::new(value),
        by: None,
    }
}

/// Returns whether a value of a type is taken literally on a command line, unlike collections, objects and `any`.
pub(super) fn is_primitive(constraint: Option<&Expression>) -> bool {
    let name = match constraint {
        None => return true,
        Some(Expression::Variable(name)) => name.as_str(),
        // As code for Terraform 0.11 has it.
        Some(Expression::String(name)) => name.value().as_str(),
        Some(_) => return false,
    };
    ["string", "number", "bool"].contains(&name)
}

/// Evaluates an expression without references.
fn spelled(variable: &Variable<'_>, text: &str, context: &Rc<Context<'_>>) -> Typed {
    let name = variable.name;
    match parse::expression(text) {
        Ok(expression) => alone("", variable.file, context, |scope| scope.known(&expression)),
        Err(unparsed) => {
            context.budget.report(Problem {
                file: variable.file.path.clone(),
                line: 1,
                message: format!(
                    "what the command line gives to `var.{name}` is no expression: {unparsed}"
                ),
            });
            Typed::UNKNOWN
        }
    }
}
