//! References, and the parts of values that they lead to. Only the part that is asked for is copied.

use super::budget::Excess;
use super::expression::{Evaluated, as_text};
use super::policy_document;
use super::scope::Scope;
use crate::model::Value;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use std::rc::Rc;

/// What a reference leads to; unknown where that is not certain.
pub(super) fn value(scope: &Scope<'_>, traversal: &Traversal) -> Evaluated {
    let operators: Vec<_> = traversal
        .operators
        .iter()
        .map(|operator| operator.value())
        .collect();
    let (value, rest) = match &traversal.expr {
        Expression::Variable(name) => match scope.name(name.as_str()) {
            Some(value) => (value.clone(), operators.as_slice()),
            None => named(scope, name.as_str(), &operators)?,
        },
        expression => (Rc::new(scope.value(expression)), operators.as_slice()),
    };
    match rest {
        [] => Rc::try_unwrap(value).or_else(|shared| scope.copy(&shared)),
        rest => part_at(scope, &value, rest),
    }
}

/// The part of a value that these operators lead to.
fn part_at(scope: &Scope<'_>, value: &Value, operators: &[&TraversalOperator]) -> Evaluated {
    let mut found = value;
    for (at, operator) in operators.iter().enumerate() {
        let next = match operator {
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                return splat(scope, found, &operators[at + 1..]);
            }
            operator => step(scope, found, operator),
        };
        match next {
            Some(next) => found = next,
            None => return Ok(Value::Unknown),
        }
    }
    scope.copy(found)
}

/// The part of a value that one operator leads to. One that is missing is none: a type's `optional` may have a default
/// for it.
fn step<'v>(
    scope: &Scope<'_>,
    value: &'v Value,
    operator: &TraversalOperator,
) -> Option<&'v Value> {
    match operator {
        TraversalOperator::GetAttr(name) => match value {
            Value::Map(entries) => entries.get(name.as_str()),
            Value::List(_) => part(value, &Value::text(name.as_str())),
            _ => None,
        },
        TraversalOperator::Index(index) => part(value, &scope.value(index)),
        TraversalOperator::LegacyIndex(index) => part(
            value,
            &Value::from(i64::try_from(*index.value()).unwrap_or(i64::MAX)),
        ),
        TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => None,
    }
}

/// An element or entry.
fn part<'v>(value: &'v Value, key: &Value) -> Option<&'v Value> {
    match value {
        Value::Map(entries) => entries.get(as_text(key)?.as_ref()),
        Value::List(items) => items.get(usize::try_from(key.as_i64()?).ok()?),
        _ => None,
    }
}

/// What `var.x`, `local.x`, `data.t.x` or `t.x` is, and the operators that go on from there.
fn named<'o>(
    scope: &Scope<'_>,
    root: &str,
    operators: &'o [&'o TraversalOperator],
) -> Result<(Rc<Value>, &'o [&'o TraversalOperator]), Excess> {
    let unknown = || Rc::new(Value::Unknown);
    let Some((TraversalOperator::GetAttr(first), rest)) = operators.split_first() else {
        return Ok((unknown(), operators));
    };
    let (instance, name) = (&scope.instance, first.as_str());
    let value = match root {
        "var" => match instance.variables.get(name) {
            Some(set) => set.value.shared(),
            None => unknown(),
        },
        "local" => instance.local_value(name, scope.depth()),
        "terraform" if name == "workspace" => {
            Rc::new(Value::text(instance.context.workspace.as_str()))
        }
        "data" => {
            let Some((TraversalOperator::GetAttr(block), rest)) = rest.split_first() else {
                return Ok((unknown(), operators));
            };
            let own = match name {
                policy_document::TYPE => policy_document::value(scope, block.as_str(), rest)?,
                _ => None,
            };
            let value = match own {
                Some(own) => own,
                None => {
                    let tf_type = format!("data.{name}");
                    recorded(scope, &tf_type, block.as_str(), rest)?
                }
            };
            return Ok((Rc::new(value), rest));
        }
        "module" | "path" | "self" | "each" | "count" => unknown(),
        tf_type => Rc::new(recorded(scope, tf_type, name, rest)?),
    };
    Ok((value, rest))
}

/// What a state records of a block, to an expression that goes on with these operators.
fn recorded(
    scope: &Scope<'_>,
    tf_type: &str,
    name: &str,
    operators: &[&TraversalOperator],
) -> Evaluated {
    let instance = &scope.instance;
    let block = (instance.path.as_slice(), tf_type, name);
    instance
        .context
        .recorded
        .value(block, operators, scope.budget())
}

fn splat(scope: &Scope<'_>, value: &Value, rest: &[&TraversalOperator]) -> Evaluated {
    let of = |item: &Value| {
        let mut found = item;
        for operator in rest {
            match step(scope, found, operator) {
                Some(next) => found = next,
                None => return Ok(Value::Unknown),
            }
        }
        scope.copy(found)
    };
    match value {
        Value::List(items) => Ok(Value::List(items.iter().map(of).collect::<Result<_, _>>()?)),
        Value::Map(_) => Ok(Value::List(vec![of(value)?])),
        _ => Ok(Value::Unknown),
    }
}
