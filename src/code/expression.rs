//! Expressions, evaluated. Whatever can grow a value asks the budget before it is made.

use super::budget::Excess;
use super::scope::Scope;
use super::size::{ENTRY, MAP};
use super::{functions, traversal};
use crate::model::{Number, Value};
use hcl_edit::Span;
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Expression, ForExpr, FuncCall, Object, ObjectKey, UnaryOp,
    UnaryOperator,
};
use hcl_edit::template::{Element, HeredocTemplate, Template};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a byte of a template takes while its copy is brought to another indentation.
const COPIED: usize = 256;

/// How many bytes of a template are brought to another indentation for one step of work.
const INDENTED: usize = 64;

/// A value, or why it is not made.
pub(super) type Evaluated = Result<Value, Excess>;

/// What an expression is; unknown where that is not certain.
pub(super) fn value(scope: &Scope<'_>, expression: &Expression) -> Evaluated {
    match expression {
        Expression::Null(_) => Ok(Value::Null),
        Expression::Bool(flag) => Ok(Value::Bool(*flag.value())),
        Expression::Number(number) => Ok(number_of(&number.value().to_string())),
        Expression::String(text) => {
            scope.budget().take_text(text.value().len())?;
            Ok(Value::text(text.value().as_str()))
        }
        Expression::Array(items) => Ok(Value::List(
            items.iter().map(|item| scope.value(item)).collect(),
        )),
        Expression::Object(object) => object_of(scope, object),
        // A template of one interpolation is what it holds, not its text.
        Expression::StringTemplate(template) => {
            match template.iter().collect::<Vec<_>>().as_slice() {
                [Element::Interpolation(one)] => Ok(scope.value(&one.expr)),
                elements => joined(scope, elements),
            }
        }
        Expression::HeredocTemplate(heredoc) => heredoc_of(scope, heredoc),
        Expression::Parenthesis(inner) => Ok(scope.value(inner.inner())),
        Expression::Variable(name) => match scope.name(name.as_str()) {
            Some(value) => scope.copy(value),
            None => Ok(Value::Unknown),
        },
        Expression::Conditional(choice) => Ok(match scope.value(&choice.cond_expr).as_bool() {
            Some(true) => scope.value(&choice.true_expr),
            Some(false) => scope.value(&choice.false_expr),
            None => Value::Unknown,
        }),
        Expression::FuncCall(call) => called(scope, call),
        Expression::Traversal(traversal) => traversal::value(scope, traversal),
        Expression::UnaryOp(operation) => Ok(unary(scope, operation)),
        Expression::BinaryOp(operation) => Ok(binary(scope, operation)),
        Expression::ForExpr(each) => for_each(scope, each),
    }
}

fn called(scope: &Scope<'_>, call: &FuncCall) -> Evaluated {
    if call.name.is_namespaced() {
        return Ok(Value::Unknown);
    }
    let arguments = call.args.iter().map(|argument| scope.value(argument));
    let mut arguments: Vec<Value> = arguments.collect();
    if call.args.expand_final() {
        match arguments.pop() {
            Some(Value::List(items)) => arguments.extend(items),
            _ => return Ok(Value::Unknown),
        }
    }
    functions::call(call.name.name.as_str(), &arguments, scope.budget())
}

fn heredoc_of(scope: &Scope<'_>, heredoc: &HeredocTemplate) -> Evaluated {
    // The parser loses text of `<<-` heredocs whose lines are indented unevenly.
    if heredoc.indent().is_none() {
        return joined(scope, &heredoc.template.iter().collect::<Vec<_>>());
    }
    let length = heredoc.template.span().map_or(0, |span| span.len());
    scope.budget().work(length / INDENTED)?;
    if uneven(&heredoc.template) {
        return Ok(Value::Unknown);
    }
    scope.budget().take(length.saturating_mul(COPIED))?;
    let mut heredoc = heredoc.clone();
    heredoc.dedent();
    joined(scope, &heredoc.template.iter().collect::<Vec<_>>())
}

/// Whether a heredoc's own text starts its lines with different indentation.
fn uneven(template: &Template) -> bool {
    let texts = template.iter().filter_map(Element::as_literal);
    let lines = texts
        .flat_map(|text| text.lines())
        .filter(|line| !line.trim().is_empty());
    let mut indents: Vec<_> = lines
        .map(|line| line.len() - line.trim_start().len())
        .collect();
    indents.sort_unstable();
    indents.first() != indents.last()
}

fn number_of(text: &str) -> Value {
    Number::parse(text).map_or(Value::Unknown, Value::Number)
}

/// The text of a template: unknown if any part of it is.
fn joined(scope: &Scope<'_>, elements: &[&Element]) -> Evaluated {
    let mut parts = Vec::with_capacity(elements.len());
    for element in elements {
        match element {
            Element::Literal(literal) => parts.push(Cow::Borrowed(literal.as_str())),
            Element::Interpolation(one) => match scope.value(&one.expr) {
                Value::String(text) => parts.push(Cow::Owned(text)),
                other => match as_text(&other) {
                    Some(text) => parts.push(Cow::Owned(text.into_owned())),
                    None => return Ok(Value::Unknown),
                },
            },
            Element::Directive(_) => return Ok(Value::Unknown),
        }
    }
    scope
        .budget()
        .take_text(parts.iter().map(|part| part.len()).sum())?;
    Ok(Value::String(parts.concat()))
}

/// A value as a template writes it.
pub(super) fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Owned(flag.to_string())),
        _ => None,
    }
}

fn object_of(scope: &Scope<'_>, object: &Object) -> Evaluated {
    let mut entries = BTreeMap::new();
    scope.budget().take(MAP)?;
    for (key, value) in object {
        let Some(name) = key_of(scope, key) else {
            return Ok(Value::Unknown);
        };
        scope.budget().take(ENTRY + name.len())?;
        entries.insert(name, scope.value(value.expr()));
    }
    Ok(Value::Map(entries))
}

/// The name of an object's entry: a bare word is one, anything else is evaluated.
pub(super) fn key_of(scope: &Scope<'_>, key: &ObjectKey) -> Option<String> {
    if let Some(name) = word(key) {
        return Some(name.to_owned());
    }
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(expression) => match scope.value(expression) {
            Value::String(text) => Some(text),
            other => as_text(&other).map(Cow::into_owned),
        },
    }
}

/// Whether the name of an object's entry is this.
pub(super) fn is_key(scope: &Scope<'_>, key: &ObjectKey, name: &str) -> bool {
    match word(key) {
        Some(word) => word == name,
        None => key_of(scope, key).as_deref() == Some(name),
    }
}

/// The name of an object's entry where it is written out.
fn word(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.value().as_str()),
        ObjectKey::Expression(_) => None,
    }
}

fn unary(scope: &Scope<'_>, operation: &UnaryOp) -> Value {
    let value = scope.value(&operation.expr);
    match *operation.operator.value() {
        UnaryOperator::Not => value
            .as_bool()
            .map_or(Value::Unknown, |flag| Value::Bool(!flag)),
        UnaryOperator::Neg => match value {
            Value::Number(number) => number_of(&format!("-{number}")),
            _ => Value::Unknown,
        },
    }
}

fn binary(scope: &Scope<'_>, operation: &BinaryOp) -> Value {
    let (left, right) = (
        scope.value(&operation.lhs_expr),
        scope.value(&operation.rhs_expr),
    );
    let flags = left.as_bool().zip(right.as_bool());
    let operator = *operation.operator.value();
    match operator {
        BinaryOperator::And => {
            return flags.map_or(Value::Unknown, |(left, right)| Value::Bool(left && right));
        }
        BinaryOperator::Or => {
            return flags.map_or(Value::Unknown, |(left, right)| Value::Bool(left || right));
        }
        BinaryOperator::Eq | BinaryOperator::NotEq => {
            if left.has_unknown() || right.has_unknown() {
                return Value::Unknown;
            }
            return Value::Bool((left == right) == (operator == BinaryOperator::Eq));
        }
        _ => {}
    }
    let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) else {
        return Value::Unknown;
    };
    let number = |number: Option<i64>| number.map_or(Value::Unknown, Value::from);
    match operator {
        BinaryOperator::Plus => number(left.checked_add(right)),
        BinaryOperator::Minus => number(left.checked_sub(right)),
        BinaryOperator::Mul => number(left.checked_mul(right)),
        // Only where it leaves nothing: the rest would be a fraction.
        BinaryOperator::Div if left.checked_rem(right) == Some(0) => {
            number(left.checked_div(right))
        }
        BinaryOperator::Mod => number(left.checked_rem(right)),
        BinaryOperator::Less => Value::Bool(left < right),
        BinaryOperator::LessEq => Value::Bool(left <= right),
        BinaryOperator::Greater => Value::Bool(left > right),
        BinaryOperator::GreaterEq => Value::Bool(left >= right),
        _ => Value::Unknown,
    }
}

fn for_each(scope: &Scope<'_>, each: &ForExpr) -> Evaluated {
    let Some(pairs) = pairs(scope.value(&each.intro.collection_expr)) else {
        return Ok(Value::Unknown);
    };
    let budget = scope.budget();
    budget.take(MAP)?;
    let (mut items, mut entries) = (Vec::new(), BTreeMap::new());
    for (key, value) in pairs {
        budget.work(1)?;
        let mut inner = scope.with(each.intro.value_var.as_str(), value);
        if let Some(name) = &each.intro.key_var {
            inner = inner.with(name.as_str(), key);
        }
        let mark = budget.mark();
        let included = each.cond.as_ref().map(|cond| inner.value(&cond.expr));
        budget.settle(mark, 0);
        match included.as_ref().map(Value::as_bool) {
            None | Some(Some(true)) => {}
            Some(Some(false)) => continue,
            Some(None) => return Ok(Value::Unknown),
        }
        let value = inner.value(&each.value_expr);
        match &each.key_expr {
            None => items.push(value),
            Some(_) if each.grouping => return Ok(Value::Unknown),
            Some(key) => match as_text(&inner.value(key)) {
                Some(key) => {
                    budget.take(ENTRY)?;
                    drop(entries.insert(key.into_owned(), value));
                }
                None => return Ok(Value::Unknown),
            },
        }
    }
    Ok(match each.key_expr {
        Some(_) => Value::Map(entries),
        None => Value::List(items),
    })
}

/// The keys and values of a collection.
pub(super) fn pairs(value: Value) -> Option<Box<dyn Iterator<Item = (Value, Value)>>> {
    match value {
        Value::Map(entries) => {
            let pair = |(key, value)| (Value::String(key), value);
            Some(Box::new(entries.into_iter().map(pair)))
        }
        Value::List(items) => {
            let number = |at| Value::from(i64::try_from(at).unwrap_or(i64::MAX));
            let pair = move |(at, item)| (number(at), item);
            Some(Box::new(items.into_iter().enumerate().map(pair)))
        }
        _ => None,
    }
}
