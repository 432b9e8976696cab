//! Tells how an expression depends on a variable of the root module.

use super::call;
use super::handed_on::only_interpolation;
use super::instance::SetBy;
use super::references::MAX_CHAIN;
use super::scope::Scope;
use super::written_references::reference;
use hcl_edit::expr::{Expression, Traversal};

/// How an expression depends on a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Derivation {
    /// It is the variable.
    Variable,
    /// It is a template that contains the variable.
    Template,
    /// Anything else, such as a condition or a function call.
    Computed,
}

/// Returns how an expression depends on the variable behind it.
pub(super) fn derivation(scope: &Scope<'_>, expression: &Expression) -> Derivation {
    derivation_within(scope, expression, MAX_CHAIN)
}

fn derivation_within(scope: &Scope<'_>, expression: &Expression, left: usize) -> Derivation {
    let Some(left) = left.checked_sub(1) else {
        return Derivation::Computed;
    };
    match expression {
        Expression::Parenthesis(inner) => derivation_within(scope, inner.inner(), left),
        Expression::StringTemplate(template) => match only_interpolation(template.iter()) {
            Some(inner) => derivation_within(scope, inner, left),
            None => Derivation::Template,
        },
        Expression::Traversal(traversal) => {
            let Some([root, first, ..]) = reference(traversal) else {
                return Derivation::Computed;
            };
            let instance = &scope.instance;
            match root.as_str() {
                "module" if traversal.operators.len() == 2 => {
                    output_derivation(scope, traversal, left)
                }
                _ if traversal.operators.len() != 1 => Derivation::Computed,
                "var" if instance.path.is_empty() => Derivation::Variable,
                "var" => match instance.variables.get(first.as_str()).map(|set| &set.by) {
                    Some(Some(SetBy::Argument(caller, argument))) => {
                        derivation_within(caller, argument, left)
                    }
                    _ => Derivation::Computed,
                },
                "local" => match instance.local(&first) {
                    Some((file, local)) => derivation_within(&instance.scope(file), local, left),
                    None => Derivation::Computed,
                },
                _ => Derivation::Computed,
            }
        }
        _ => Derivation::Computed,
    }
}

/// Returns how the output of a called module depends on the variable behind it.
fn output_derivation(scope: &Scope<'_>, traversal: &Traversal, left: usize) -> Derivation {
    let output = || {
        let [_, call, output, _] = reference(traversal)?;
        let instances = call::kept(&scope.instance, &call, scope.depth() + 1)?;
        let [called] = instances.as_ref() else {
            return None;
        };
        let (file, block) = called.folder.outputs.get(output.as_str())?;
        let value = block.body.get_attribute("value")?;
        Some(derivation_within(&called.scope(file), &value.value, left))
    };
    output().unwrap_or(Derivation::Computed)
}
