//! Finds the value of an attribute and the places where an edit may change it: the literal behind it, and the arguments
//! that pass it on.

use super::element::computed_for;
use super::from_file::{for_reason, function_reason};
use super::instance::SetBy;
use super::joined::holds_literal;
use super::scope::Scope;
use super::switch;
use super::trace::{End, MAX_CHAIN, source, trace};
use crate::model::{Alternatives, Definition, Location, Part, Parts, Site, Uneditable, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, TraversalOperator};

/// Evaluates an expression and finds the places where an edit would change it.
pub(super) fn definition<'a>(scope: &Scope<'a>, expression: &'a Expression) -> Definition {
    definition_within(scope, expression, MAX_CHAIN)
}

/// Finds the definition of a part of a value. Its chain of references may have `left` further links.
/// The part may refer to the value itself, so both share one limit.
pub(super) fn definition_within<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Definition {
    let value = scope.plain(expression);
    let arguments = arguments(scope, expression);
    let traced = match traced(scope, expression, left) {
        Ok(end) => end.definition(value),
        Err(why) => refused(scope, expression, value, why),
    };
    let alternatives = Alternatives {
        arguments,
        switch: switch::of_expression(scope, expression, left),
        ..Alternatives::default()
    };
    let has_some = !alternatives.arguments.is_empty() || alternatives.switch.is_some();
    Definition {
        alternatives: has_some.then(|| Box::new(alternatives)),
        ..traced
    }
}

/// Traces an expression to a literal, to literal lists that a call puts together, or to a `for` that passes each element on
/// unchanged: not to `merge`.
fn traced<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Result<End<'a>, Uneditable> {
    let end = trace(scope, expression, left)?;
    let why = match end {
        End::Code(ref inner, Expression::FuncCall(call), _) if !holds_literal(call) => {
            Some(function_reason(inner, call, left))
        }
        End::Code(ref inner, each, _) => {
            computed_for(each).map(|each| for_reason(inner, each, left))
        }
        _ => None,
    };
    match why {
        Some(why) => Err(why),
        None => Ok(end),
    }
}

/// Returns a definition that must not be edited, with the reason.
pub(super) fn refused(
    scope: &Scope<'_>,
    expression: &Expression,
    value: Value,
    why: Uneditable,
) -> Definition {
    Definition {
        value,
        source: source(scope, expression),
        site: Site::Refused(Box::new(why)),
        parts: Parts::Whole,
        alternatives: None,
    }
}

impl End<'_> {
    /// Returns the definition of a value whose trace ends here.
    pub(super) fn definition(self, value: Value) -> Definition {
        let (source, site, parts) = match self {
            Self::Code(scope, expression, site) => {
                (source(&scope, expression), site, items(&scope, expression))
            }
            Self::Policy(source, code, site) => (source, site, Parts::Policy(code)),
            Self::Json(source, code, site) => (source, site, Parts::Json(code)),
            Self::FileValue(given, site) => (given.source.clone(), site, Parts::Whole),
            Self::LeftOut(location) => (location.source, location.site, Parts::Whole),
        };
        Definition {
            value,
            source,
            site,
            parts,
            alternatives: None,
        }
    }
}

/// Returns the items of a list.
fn items<'a>(scope: &Scope<'a>, expression: &'a Expression) -> Parts {
    let items = match expression {
        Expression::Array(items) => items,
        Expression::FuncCall(_) => return Parts::Joined,
        _ => return Parts::Whole,
    };
    let item = |item: &'a Expression| {
        Some(Part {
            value: scope.plain(item),
            span: scope.file.span(item.span()?),
            behind: super::policy::behind_element(scope, item),
        })
    };
    let items: Option<_> = items.iter().map(item).collect();
    items.map_or(Parts::Whole, Parts::Items)
}

/// Returns the arguments that pass a value on unchanged, outermost call first; not the literal itself.
fn arguments<'a>(scope: &Scope<'a>, expression: &'a Expression) -> Vec<Location> {
    let mut found = Vec::new();
    let (mut scope, mut expression) = (scope.clone(), expression);
    for _ in 0..MAX_CHAIN {
        let Some(name) = variable(expression) else {
            break;
        };
        let set = scope.instance.variables.get(name);
        let Some(SetBy::Argument(caller, argument)) = set.and_then(|set| set.by.clone()) else {
            break;
        };
        if matches!(argument, Expression::Traversal(_)) {
            found.push(Location {
                source: source(&caller, argument),
                site: Site::ModuleArgument,
            });
        }
        (scope, expression) = (caller, argument);
    }
    found.reverse();
    found
}

/// Returns the name in a plain `var.x`.
fn variable(expression: &Expression) -> Option<&str> {
    let traversal = expression.as_traversal()?;
    let is_variable = traversal.expr.as_variable()?.as_str() == "var";
    match traversal.operators.as_slice() {
        [only] if is_variable => match only.value() {
            TraversalOperator::GetAttr(name) => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    }
}
