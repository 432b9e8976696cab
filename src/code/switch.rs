//! Finds the flag that chooses a value: its opposite gives the other branch of the conditional.

use super::convert::convert;
use super::handed_on::is_call;
use super::scope::Scope;
use super::trace::{End, Head, head, source, trace};
use super::typed::Typed;
use super::types::Type;
use crate::model::{Location, Switch};
use hcl_edit::expr::{Conditional, Expression};

/// Finds the flag behind an expression that is a conditional, or passes one on unchanged.
pub(super) fn of_expression<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Option<Switch> {
    let left = left.checked_sub(1)?;
    match expression {
        Expression::Parenthesis(inner) => of_expression(scope, inner.inner(), left),
        Expression::Traversal(traversal) if traversal.operators.len() == 1 => {
            match head(scope, traversal, expression).ok()? {
                Head::Code(scope, inner, _) => of_expression(&scope, inner, left),
                Head::FileValue(_) | Head::LeftOut(_) => None,
            }
        }
        Expression::FuncCall(call) if is_call(call, "try") => {
            let mut arguments = call.args.iter();
            let first = arguments.find(|argument| scope.value(argument).is_ok())?;
            of_expression(scope, first, left)
        }
        Expression::Conditional(choice) => of_choice(scope, choice, left),
        _ => None,
    }
}

fn of_choice<'a>(scope: &Scope<'a>, choice: &'a Conditional, left: usize) -> Option<Switch> {
    let condition = scope.known(&choice.cond_expr);
    let condition = convert(condition, &Type::Bool, scope.budget());
    let (flag, other) = match condition.ok()? {
        Typed::Bool(true) => (false, &choice.false_expr),
        Typed::Bool(false) => (true, &choice.true_expr),
        _ => return None,
    };
    let value = scope.known(other);
    value.as_text()?;
    let location = match trace(scope, &choice.cond_expr, left).ok()? {
        End::Code(scope, literal @ Expression::Bool(_), site) => Location {
            source: source(&scope, literal),
            site,
        },
        End::FileValue(given, site) => Location {
            source: given.source.clone(),
            site,
        },
        End::LeftOut(location) => location,
        End::Code(..) | End::Policy(..) | End::Json(..) => return None,
    };
    Some(Switch {
        location,
        flag,
        value: value.plain(),
    })
}
