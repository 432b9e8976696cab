//! Recognizes literals, and expressions that pass a value on unchanged.

use super::convert::convert;
use super::scope::Scope;
use super::typed::Typed;
use super::types::Type;
use hcl_edit::expr::{Conditional, Expression, ForExpr, FuncCall};
use hcl_edit::template::Element;

/// Returns whether a call names this function.
pub(super) fn is_call(call: &FuncCall, name: &str) -> bool {
    call.name.name.as_str() == name && !call.name.is_namespaced() && !call.args.expand_final()
}

/// Returns whether a call names this function, with the items of a list as its last arguments.
pub(super) fn is_expanded(call: &FuncCall, name: &str) -> bool {
    call.name.name.as_str() == name && !call.name.is_namespaced() && call.args.expand_final()
}

/// Returns the branch of a conditional that is taken, where that is certain.
pub(super) fn taken<'a>(scope: &Scope<'_>, choice: &'a Conditional) -> Option<&'a Expression> {
    let condition = convert(scope.known(&choice.cond_expr), &Type::Bool, scope.budget());
    match condition.ok()? {
        Typed::Bool(true) => Some(&choice.true_expr),
        Typed::Bool(false) => Some(&choice.false_expr),
        _ => None,
    }
}

/// Returns the key in `{ for x in list : x.name => x }`, which passes each element on unchanged.
pub(super) fn by_key(each: &ForExpr) -> Option<&Expression> {
    let element = each.value_expr.as_variable()?;
    let is_same = *element.as_str() == *each.intro.value_var.as_str();
    each.key_expr.as_ref().filter(|_| is_same && !each.grouping)
}

/// Returns the map in `{ for key, value in map : key => value }`, which passes each entry on, or leaves it out.
pub(super) fn filtered(each: &ForExpr) -> Option<&Expression> {
    let key = by_key(each)?.as_variable()?.as_str();
    let is_own = each
        .intro
        .key_var
        .as_ref()
        .is_some_and(|own| own.as_str() == key);
    is_own.then_some(&each.intro.collection_expr)
}

/// Returns the expression in `"${...}"` without further text: the older form of a reference.
pub(super) fn only_interpolation<'t>(
    mut elements: impl Iterator<Item = &'t Element>,
) -> Option<&'t Expression> {
    match (elements.next(), elements.next()) {
        (Some(Element::Interpolation(only)), None) => Some(&only.expr),
        _ => None,
    }
}

/// Returns whether an expression is a literal throughout.
pub(super) fn is_literal(expression: &Expression) -> bool {
    match expression {
        Expression::Null(_)
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::String(_) => true,
        Expression::Array(items) => items.iter().all(is_literal),
        Expression::Object(object) => object.iter().all(|(_, value)| is_literal(value.expr())),
        Expression::HeredocTemplate(heredoc) => {
            heredoc.template.iter().all(|element| element.is_literal())
        }
        Expression::StringTemplate(template) => template.iter().all(|element| element.is_literal()),
        _ => false,
    }
}
