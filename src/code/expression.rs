//! Evaluates expressions. Memory is requested from the budget before a value is built.

use super::fault::{Evaluated, Fault, Invalid};
use super::for_expression::for_each;
use super::number::Number;
use super::scope::Scope;
use super::size::{ENTRY, MAP};
use super::typed::Typed;
use super::types::Type;
use super::{functions, operation, parse, template, terragrunt, traversal};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, Object, ObjectKey};
use std::collections::BTreeMap;

/// Evaluates an expression. The value is unknown where it is not certain.
///
/// # Errors
/// Terraform refuses it, or it would exceed a limit.
pub(super) fn value(scope: &Scope<'_>, expression: &Expression) -> Evaluated {
    match expression {
        Expression::Null(_) => Ok(Typed::NULL),
        Expression::Bool(flag) => Ok((*flag.value()).into()),
        Expression::Number(number) => {
            // Terraform tells a negative zero from a positive one.
            let small = number.value().as_i64().filter(|number| *number != 0);
            if let Some(small) = small.and_then(Number::written) {
                return Ok(small.into());
            }
            let written = scope.written(number.span(), &number.value().to_string());
            Ok(Number::parse(&written).map_or(Typed::Unknown(Type::Number), Typed::from))
        }
        Expression::String(text) => {
            scope.budget().take_text(text.value().len())?;
            Ok(Typed::text(text.value().as_str()))
        }
        Expression::Array(items) => {
            let items = items.iter().map(|item| scope.value(item));
            Ok(Typed::Tuple(items.collect::<Result<_, _>>()?))
        }
        Expression::Object(object) => object_of(scope, object),
        Expression::StringTemplate(text) => template::quoted(scope, text),
        Expression::HeredocTemplate(heredoc) => template::heredoc(scope, heredoc),
        Expression::Parenthesis(inner) => Ok(scope.value(inner.inner())?),
        Expression::Variable(name) => match scope.name(name.as_str()) {
            Some(value) => Ok(scope.copy(value)?),
            None if scope.is_closed() => Err(Fault::Invalid),
            None => Ok(Typed::UNKNOWN),
        },
        Expression::Conditional(choice) => operation::conditional(scope, choice),
        Expression::FuncCall(call) => called(scope, call),
        Expression::Traversal(traversal) => traversal::value(scope, traversal),
        Expression::UnaryOp(operation) => operation::unary(scope, operation),
        Expression::BinaryOp(operation) => operation::binary(scope, operation),
        Expression::ForExpr(each) => for_each(scope, each),
    }
}

fn called(scope: &Scope<'_>, call: &FuncCall) -> Evaluated {
    let mut namespace = call.name.namespace.iter().map(|part| part.as_str());
    match (namespace.next(), namespace.next()) {
        (None | Some("core"), None) => {}
        // A provider's own functions run in the provider.
        _ => return Ok(Typed::UNKNOWN),
    }
    if let Some(config) = &scope.instance.config
        && let Some(answer) = terragrunt::call(scope, config, call)
    {
        return answer;
    }
    let name = call.name.name.as_str();
    if !call.args.expand_final()
        && let Some(lazy) = functions::lazy(name)
    {
        let arguments: Vec<_> = call.args.iter().collect();
        return lazy(scope, &arguments);
    }
    let arguments = call.args.iter().map(|argument| scope.value(argument));
    let mut arguments = arguments.collect::<Result<Vec<_>, Invalid>>()?;
    if call.args.expand_final() {
        match arguments.pop() {
            Some(Typed::List(_, items) | Typed::Tuple(items) | Typed::Set(_, items)) => {
                arguments.extend(items)
            }
            Some(Typed::Unknown(_)) => return Ok(Typed::UNKNOWN),
            _ => return Err(Fault::Invalid),
        }
        if functions::lazy(name).is_some() {
            // Which of its elements would fail cannot be told: all have a value already.
            return Ok(Typed::UNKNOWN);
        }
    }
    functions::call(name, arguments, scope)
}

fn object_of(scope: &Scope<'_>, object: &Object) -> Evaluated {
    let mut entries = BTreeMap::new();
    scope.budget().take(MAP)?;
    for text in scope.repeated(object.span()) {
        scope.budget().work(text.len())?;
        // Terraform evaluates what another entry replaces, too.
        if let Ok(value) = parse::expression(text.trim()) {
            scope.value(&value)?;
        }
    }
    let mut is_certain = true;
    for (key, value) in object {
        let value = scope.value(value.expr())?;
        match key_of(scope, key)? {
            // Of two with one key the last counts.
            Some(name) => {
                scope.budget().take(ENTRY + name.len())?;
                entries.insert(name, value);
            }
            None => is_certain = false,
        }
    }
    Ok(if is_certain {
        Typed::Object(entries)
    } else {
        Typed::UNKNOWN
    })
}

/// Returns the key of an object's entry: an identifier is a key, any other expression is evaluated. Returns `None`
/// where it is not known.
///
/// # Errors
/// Terraform refuses it.
pub(super) fn key_of(scope: &Scope<'_>, key: &ObjectKey) -> Result<Option<String>, Invalid> {
    if let Some(name) = word(key) {
        return Ok(Some(Typed::key(name.to_owned())));
    }
    let ObjectKey::Expression(expression) = key else {
        return Ok(None);
    };
    match scope.value(expression)? {
        Typed::Unknown(_) => Ok(None),
        Typed::String(text) => Ok(Some(text.into_string())),
        other => Ok(Some(other.as_text().ok_or(Invalid)?.into_owned())),
    }
}

/// Returns the key of an object's entry, where it is certain.
pub(super) fn certain_key(scope: &Scope<'_>, key: &ObjectKey) -> Option<String> {
    key_of(scope, key).ok().flatten()
}

/// Returns whether an object's entry has this key.
pub(super) fn is_key(scope: &Scope<'_>, key: &ObjectKey, name: &str) -> bool {
    match word(key) {
        Some(word) => word == name,
        None => certain_key(scope, key).as_deref() == Some(name),
    }
}

/// Returns the key of an object's entry where it is a literal.
pub(super) fn word(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.value().as_str()),
        ObjectKey::Expression(_) => None,
    }
}
