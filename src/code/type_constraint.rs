//! Parses the `type` argument of a variable.

use super::convert::convert;
use super::expression::certain_key;
use super::fault::Invalid;
use super::scope::Scope;
use super::size::{ENTRY, Size};
use super::typed::Typed;
use super::types::{Attribute, Type};
use hcl_edit::expr::{Expression, FuncCall, Object};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The deepest nesting of types, which no value exceeds.
const MAX_DEPTH: usize = 64;

/// Parses a type.
///
/// # Errors
/// It is no type that is supported: the variable's value is then unknown.
pub(super) fn of(
    scope: &Scope<'_>,
    expression: &Expression,
    depth: usize,
) -> Result<Type, Invalid> {
    if depth > MAX_DEPTH || scope.budget().take(ENTRY).is_err() {
        return Err(Invalid);
    }
    match expression {
        Expression::Variable(name) => keyword(name.as_str()),
        // Terraform 0.11 wrote them in quotes.
        Expression::String(name) => match name.value().as_str() {
            "list" => Ok(Type::list(Type::String)),
            "map" => Ok(Type::map(Type::String)),
            name => keyword(name),
        },
        Expression::Parenthesis(inner) => of(scope, inner.inner(), depth + 1),
        Expression::FuncCall(call) => called(scope, call, depth + 1),
        _ => Err(Invalid),
    }
}

fn keyword(name: &str) -> Result<Type, Invalid> {
    match name {
        "any" => Ok(Type::Any),
        "bool" => Ok(Type::Bool),
        "number" => Ok(Type::Number),
        "string" => Ok(Type::String),
        "list" => Ok(Type::list(Type::Any)),
        "set" => Ok(Type::set(Type::Any)),
        "map" => Ok(Type::map(Type::Any)),
        _ => Err(Invalid),
    }
}

fn called(scope: &Scope<'_>, call: &FuncCall, depth: usize) -> Result<Type, Invalid> {
    let mut arguments = call.args.iter();
    let (Some(argument), None) = (arguments.next(), arguments.next()) else {
        return Err(Invalid);
    };
    let element = || of(scope, argument, depth);
    match (call.name.name.as_str(), argument) {
        ("list", _) => Ok(Type::list(element()?)),
        ("set", _) => Ok(Type::set(element()?)),
        ("map", _) => Ok(Type::map(element()?)),
        ("object", Expression::Object(attributes)) => object(scope, attributes, depth),
        ("tuple", Expression::Array(elements)) => {
            let elements = elements.iter().map(|element| of(scope, element, depth));
            Ok(Type::Tuple(elements.collect::<Result<Vec<_>, _>>()?.into()))
        }
        _ => Err(Invalid),
    }
}

fn object(scope: &Scope<'_>, object: &Object, depth: usize) -> Result<Type, Invalid> {
    let mut attributes = BTreeMap::new();
    for (key, value) in object {
        let name = certain_key(scope, key).ok_or(Invalid)?;
        if scope.budget().take(ENTRY + name.len()).is_err() {
            return Err(Invalid);
        }
        let attribute = match value.expr() {
            Expression::FuncCall(call) if call.name.name.as_str() == "optional" => {
                optional(scope, call, depth)?
            }
            plain => of(scope, plain, depth)?.into(),
        };
        attributes.insert(name, attribute);
    }
    Ok(Type::Object(Rc::new(attributes)))
}

/// Parses `optional(type)` or `optional(type, default)`.
fn optional(scope: &Scope<'_>, call: &FuncCall, depth: usize) -> Result<Attribute, Invalid> {
    let mut arguments = call.args.iter();
    let kind = of(scope, arguments.next().ok_or(Invalid)?, depth)?;
    let default = match arguments.next() {
        None => Typed::Null(kind.of_values()),
        Some(default) => {
            let default = convert(scope.value(default)?, &kind, scope.budget());
            default.map_err(|_| Invalid)?
        }
    };
    let size = Size::of_typed(&default);
    scope.budget().take(size.bytes).map_err(|_| Invalid)?;
    Ok(Attribute {
        of: kind,
        optional: Some(Rc::new(default)),
    })
}
