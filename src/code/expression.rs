//! Expressions, evaluated.

use super::scope::Scope;
use super::{functions, policy_document};
use crate::model::{Number, Value};
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Expression, ForExpr, Object, ObjectKey, Traversal, TraversalOperator,
    UnaryOp, UnaryOperator,
};
use hcl_edit::template::{Element, Template};
use std::collections::BTreeMap;

pub(super) fn value(scope: &Scope<'_>, expression: &Expression) -> Value {
    match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(flag) => Value::Bool(*flag.value()),
        Expression::Number(number) => number_of(&number.value().to_string()),
        Expression::String(text) => Value::text(text.value().as_str()),
        Expression::Array(items) => {
            Value::List(items.iter().map(|item| scope.value(item)).collect())
        }
        Expression::Object(object) => object_of(scope, object),
        Expression::StringTemplate(template) => {
            // A template of one interpolation is what it holds, not its text.
            let elements: Vec<_> = template.iter().collect();
            match elements.as_slice() {
                [Element::Interpolation(one)] => scope.value(&one.expr),
                _ => joined(scope, elements),
            }
        }
        Expression::HeredocTemplate(heredoc) => {
            let mut heredoc = (**heredoc).clone();
            // The parser loses text of `<<-` heredocs whose lines are indented unevenly.
            if heredoc.indent().is_some() {
                if uneven(&heredoc.template) {
                    return Value::Unknown;
                }
                heredoc.dedent();
            }
            joined(scope, heredoc.template.iter().collect())
        }
        Expression::Parenthesis(inner) => scope.value(inner.inner()),
        Expression::Variable(name) => scope
            .names
            .get(name.as_str())
            .cloned()
            .unwrap_or(Value::Unknown),
        Expression::Conditional(choice) => match scope.value(&choice.cond_expr).as_bool() {
            Some(true) => scope.value(&choice.true_expr),
            Some(false) => scope.value(&choice.false_expr),
            None => Value::Unknown,
        },
        Expression::FuncCall(call) => {
            if call.name.is_namespaced() {
                return Value::Unknown;
            }
            let mut arguments: Vec<Value> = call
                .args
                .iter()
                .map(|argument| scope.value(argument))
                .collect();
            if call.args.expand_final() {
                match arguments.pop() {
                    Some(Value::List(items)) => arguments.extend(items),
                    _ => return Value::Unknown,
                }
            }
            functions::call(call.name.name.as_str(), arguments)
        }
        Expression::Traversal(traversal) => traversed(scope, traversal),
        Expression::UnaryOp(operation) => unary(scope, operation),
        Expression::BinaryOp(operation) => binary(scope, operation),
        Expression::ForExpr(each) => for_each(scope, each),
    }
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
fn joined(scope: &Scope<'_>, elements: Vec<&Element>) -> Value {
    let mut text = String::new();
    for element in elements {
        match element {
            Element::Literal(literal) => text.push_str(literal),
            Element::Interpolation(one) => match as_text(&scope.value(&one.expr)) {
                Some(part) => text.push_str(&part),
                None => return Value::Unknown,
            },
            Element::Directive(_) => return Value::Unknown,
        }
    }
    Value::String(text)
}

/// A value as a template writes it.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn object_of(scope: &Scope<'_>, object: &Object) -> Value {
    let mut entries = BTreeMap::new();
    for (key, value) in object {
        let Some(name) = key_of(scope, key) else {
            return Value::Unknown;
        };
        entries.insert(name, scope.value(value.expr()));
    }
    Value::Map(entries)
}

/// The name of an object's entry: a bare word is one, anything else is evaluated.
pub(super) fn key_of(scope: &Scope<'_>, key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(expression) => as_text(&scope.value(expression)),
    }
}

fn traversed(scope: &Scope<'_>, traversal: &Traversal) -> Value {
    let operators: Vec<_> = traversal
        .operators
        .iter()
        .map(|operator| operator.value())
        .collect();
    let (mut value, rest) = match &traversal.expr {
        Expression::Variable(name) => match scope.names.get(name.as_str()) {
            Some(value) => (value.clone(), operators.as_slice()),
            None => named(scope, name.as_str(), &operators),
        },
        expression => (scope.value(expression), operators.as_slice()),
    };
    for (at, operator) in rest.iter().enumerate() {
        value = match operator {
            TraversalOperator::GetAttr(name) => part(&value, &Value::text(name.as_str())),
            TraversalOperator::Index(index) => part(&value, &scope.value(index)),
            TraversalOperator::LegacyIndex(index) => part(
                &value,
                &Value::from(i64::try_from(*index.value()).unwrap_or(i64::MAX)),
            ),
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                return splat(scope, &value, &rest[at + 1..]);
            }
        };
    }
    value
}

/// What `var.x`, `local.x`, `data.t.x` or `t.x` is, and the operators that go on from there.
fn named<'o>(
    scope: &Scope<'_>,
    root: &str,
    operators: &'o [&'o TraversalOperator],
) -> (Value, &'o [&'o TraversalOperator]) {
    let unknown = (Value::Unknown, operators);
    let Some((TraversalOperator::GetAttr(first), rest)) = operators.split_first() else {
        return unknown;
    };
    let (instance, name) = (&scope.instance, first.as_str());
    let value = match root {
        "var" => instance
            .variables
            .get(name)
            .map_or(Value::Unknown, |set| set.value.clone()),
        "local" => instance.local_value(name, scope.depth()),
        "terraform" if name == "workspace" => Value::text(instance.workspace.as_str()),
        "data" => {
            let Some((TraversalOperator::GetAttr(block), rest)) = rest.split_first() else {
                return unknown;
            };
            let own = (name == policy_document::TYPE)
                .then(|| policy_document::value(scope, block.as_str(), rest))
                .flatten();
            let recorded = || {
                let tf_type = format!("data.{name}");
                let wanted = (instance.path.as_slice(), tf_type.as_str(), block.as_str());
                instance.recorded.value(wanted, rest)
            };
            return (own.unwrap_or_else(recorded), rest);
        }
        "module" | "path" | "self" | "each" | "count" => Value::Unknown,
        tf_type => instance
            .recorded
            .value((&instance.path, tf_type, name), rest),
    };
    (value, rest)
}

/// An element or entry. One that is missing is unknown: a type's `optional` may have a default for it.
pub(super) fn part(value: &Value, key: &Value) -> Value {
    match (value, key) {
        (Value::Map(entries), key) => {
            let name = as_text(key);
            name.and_then(|name| entries.get(&name).cloned())
                .unwrap_or(Value::Unknown)
        }
        (Value::List(items), key) => {
            let index = key.as_i64().and_then(|index| usize::try_from(index).ok());
            index
                .and_then(|index| items.get(index).cloned())
                .unwrap_or(Value::Unknown)
        }
        _ => Value::Unknown,
    }
}

fn splat(scope: &Scope<'_>, value: &Value, rest: &[&TraversalOperator]) -> Value {
    let of = |item: &Value| {
        rest.iter()
            .fold(item.clone(), |value, operator| match operator {
                TraversalOperator::GetAttr(name) => part(&value, &Value::text(name.as_str())),
                TraversalOperator::Index(index) => part(&value, &scope.value(index)),
                _ => Value::Unknown,
            })
    };
    match value {
        Value::List(items) => Value::List(items.iter().map(of).collect()),
        Value::Map(_) => Value::List(vec![of(value)]),
        _ => Value::Unknown,
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

fn for_each(scope: &Scope<'_>, each: &ForExpr) -> Value {
    let Some(pairs) = pairs(&scope.value(&each.intro.collection_expr)) else {
        return Value::Unknown;
    };
    let (mut items, mut entries) = (Vec::new(), BTreeMap::new());
    for (key, value) in pairs {
        let mut names = vec![(each.intro.value_var.as_str().to_owned(), value)];
        if let Some(name) = &each.intro.key_var {
            names.push((name.as_str().to_owned(), key));
        }
        let inner = scope.with(names);
        match each
            .cond
            .as_ref()
            .map(|cond| inner.value(&cond.expr).as_bool())
        {
            None | Some(Some(true)) => {}
            Some(Some(false)) => continue,
            Some(None) => return Value::Unknown,
        }
        let value = inner.value(&each.value_expr);
        match &each.key_expr {
            None => items.push(value),
            Some(_) if each.grouping => return Value::Unknown,
            Some(key) => match as_text(&inner.value(key)) {
                Some(key) => drop(entries.insert(key, value)),
                None => return Value::Unknown,
            },
        }
    }
    if each.key_expr.is_some() {
        Value::Map(entries)
    } else {
        Value::List(items)
    }
}

/// The keys and values of a collection.
pub(super) fn pairs(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::Map(entries) => Some(
            entries
                .iter()
                .map(|(key, value)| (Value::text(key.as_str()), value.clone()))
                .collect(),
        ),
        Value::List(items) => {
            let numbered = items.iter().enumerate();
            Some(
                numbered
                    .map(|(at, item)| {
                        (
                            Value::from(i64::try_from(at).unwrap_or(i64::MAX)),
                            item.clone(),
                        )
                    })
                    .collect(),
            )
        }
        _ => None,
    }
}
