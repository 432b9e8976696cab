//! Evaluates references and the operators after them. Only the part that is referred to is copied.

use super::budget::{Excess, MAX_VALUE_DEPTH};
use super::convert::convert;
use super::dangling;
use super::fault::{Evaluated, Fault, Invalid};
use super::output;
use super::policy_document;
use super::scope::Scope;
use super::typed::Typed;
use super::types::Type;
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use std::borrow::Cow;
use std::rc::Rc;

/// Evaluates a reference; unknown where it is not certain.
pub(super) fn value(scope: &Scope<'_>, traversal: &Traversal) -> Evaluated {
    let value = of_reference(scope, traversal);
    dangling::note(scope, traversal, matches!(value, Err(Fault::Invalid)));
    value
}

fn of_reference(scope: &Scope<'_>, traversal: &Traversal) -> Evaluated {
    let operators: Vec<_> = traversal
        .operators
        .iter()
        .map(|operator| operator.value())
        .collect();
    let splats = operators.iter().filter(|operator| is_splat(operator));
    if splats.count() > MAX_VALUE_DEPTH {
        // Each makes a list of all that comes behind it.
        return Err(Excess::Depth.into());
    }
    let (value, rest) = match &traversal.expr {
        Expression::Variable(name) => match scope.name(name.as_str()) {
            Some(value) => (value.clone(), operators.as_slice()),
            None if scope.is_closed() => return Err(Fault::Invalid),
            None => named(scope, name.as_str(), &operators)?,
        },
        // A sign counts for all that follows the number.
        Expression::Number(number) if number.value().as_i64().is_some_and(i64::is_negative) => {
            return Err(Fault::Invalid);
        }
        expression => (Rc::new(scope.value(expression)?), operators.as_slice()),
    };
    match rest {
        [] => Ok(Rc::try_unwrap(value).or_else(|shared| scope.copy(&shared))?),
        rest => part_at(scope, &value, rest),
    }
}

/// Applies operators to a value.
fn part_at(scope: &Scope<'_>, value: &Typed, operators: &[&TraversalOperator]) -> Evaluated {
    let mut found = Cow::Borrowed(value);
    for (at, operator) in operators.iter().enumerate() {
        let rest = &operators[at + 1..];
        match operator {
            TraversalOperator::FullSplat(_) => return splat(scope, &found, rest),
            // What follows `.*` with brackets counts for all of it, not for each.
            TraversalOperator::AttrSplat(_) => {
                let own = rest.iter().take_while(|next| {
                    let is_in_brackets =
                        matches!(next, TraversalOperator::Index(_)) || is_splat(next);
                    !is_in_brackets
                });
                let (own, after) = rest.split_at(own.count());
                let each = splat(scope, &found, own)?;
                return part_at(scope, &each, after);
            }
            operator => {
                found = match found {
                    Cow::Borrowed(value) => step(scope, value, operator)?,
                    Cow::Owned(value) => Cow::Owned(step(scope, &value, operator)?.into_owned()),
                };
            }
        }
    }
    match found {
        Cow::Borrowed(value) => Ok(scope.copy(value)?),
        Cow::Owned(value) => Ok(value),
    }
}

/// Applies one operator to a value.
fn step<'v>(
    scope: &Scope<'_>,
    value: &'v Typed,
    operator: &TraversalOperator,
) -> Result<Cow<'v, Typed>, Fault> {
    match operator {
        TraversalOperator::GetAttr(name) => Ok(attribute(value, name.as_str())?),
        TraversalOperator::Index(index) => index_of(scope, value, scope.value(index)?),
        TraversalOperator::LegacyIndex(index) => {
            let index = usize::try_from(*index.value()).unwrap_or(usize::MAX);
            index_of(scope, value, Typed::count(index))
        }
        TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => Err(Fault::Invalid),
    }
}

/// Returns an attribute of an object, or an entry of a map.
fn attribute<'v>(value: &'v Typed, name: &str) -> Result<Cow<'v, Typed>, Invalid> {
    match value {
        Typed::Object(entries) | Typed::Map(_, entries) => {
            entries.get(name).map(Cow::Borrowed).ok_or(Invalid)
        }
        Typed::Unknown(kind) => {
            let of = match kind {
                Type::Any => Type::Any,
                Type::Map(element) => (**element).clone(),
                Type::Object(attributes) => attributes.get(name).ok_or(Invalid)?.of.clone(),
                _ => return Err(Invalid),
            };
            Ok(Cow::Owned(Typed::Unknown(of)))
        }
        _ => Err(Invalid),
    }
}

/// Returns an element or entry.
fn index_of<'v>(
    scope: &Scope<'_>,
    value: &'v Typed,
    index: Typed,
) -> Result<Cow<'v, Typed>, Fault> {
    let to = |kind: &Type| match &index {
        Typed::Null(_) => Err(Fault::Invalid),
        index => convert(index.clone(), kind, scope.budget()),
    };
    let unknown = |of: Type| Ok(Cow::Owned(Typed::Unknown(of)));
    match value {
        Typed::Object(_) | Typed::Map(..) => match to(&Type::String)? {
            Typed::String(name) => Ok(attribute(value, &name)?),
            _ => unknown(match value {
                Typed::Map(element, _) => element.clone(),
                _ => Type::Any,
            }),
        },
        Typed::List(_, items) | Typed::Tuple(items) => match to(&Type::Number)? {
            Typed::Number(index) => {
                let index: usize = index.whole().ok_or(Invalid)?;
                Ok(Cow::Borrowed(items.get(index).ok_or(Invalid)?))
            }
            _ => unknown(match value {
                Typed::List(element, _) => element.clone(),
                _ => Type::Any,
            }),
        },
        Typed::Unknown(kind) => match kind {
            Type::Any | Type::Tuple(_) => unknown(Type::Any),
            Type::List(element) | Type::Map(element) => unknown((**element).clone()),
            Type::Object(_) => match to(&Type::String)? {
                Typed::String(name) => Ok(Cow::Owned(attribute(value, &name)?.into_owned())),
                _ => unknown(Type::Any),
            },
            _ => Err(Fault::Invalid),
        },
        _ => Err(Fault::Invalid),
    }
}

/// Evaluates `var.x`, `local.x`, `data.t.x` or `t.x`, and returns the remaining operators.
fn named<'o>(
    scope: &Scope<'_>,
    root: &str,
    operators: &'o [&'o TraversalOperator],
) -> Result<(Rc<Typed>, &'o [&'o TraversalOperator]), Excess> {
    let unknown = || Rc::new(Typed::UNKNOWN);
    let Some((TraversalOperator::GetAttr(first), rest)) = operators.split_first() else {
        return Ok((unknown(), &[]));
    };
    let (instance, name) = (&scope.instance, first.as_str());
    if let Some(config) = &instance.config
        && let Some(value) = config.named(root, name, || scope.file.place(first.span()))
    {
        return Ok((value, rest));
    }
    let value = match root {
        "var" => match instance.variables.get(name) {
            Some(set) => set.value.shared(),
            None => unknown(),
        },
        "local" => instance.local_value(name, scope.depth()),
        "terraform" if name == "workspace" => {
            Rc::new(Typed::text(instance.context.workspace.as_str()))
        }
        "path" => match name {
            "module" => Rc::new(Typed::text(instance.path_from_root())),
            "root" => Rc::new(Typed::text(".")),
            _ => unknown(),
        },
        "data" => {
            let Some((TraversalOperator::GetAttr(block), rest)) = rest.split_first() else {
                return Ok((unknown(), &[]));
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
        "module" => Rc::new(output::value(scope, name, rest)?),
        "self" | "each" | "count" | "ephemeral" | "terraform" => unknown(),
        tf_type => Rc::new(recorded(scope, tf_type, name, rest)?),
    };
    Ok((value, rest))
}

/// Evaluates a recorded block for an expression that continues with these operators.
fn recorded(
    scope: &Scope<'_>,
    tf_type: &str,
    name: &str,
    operators: &[&TraversalOperator],
) -> Result<Typed, Excess> {
    let instance = &scope.instance;
    let block = (instance.path.as_slice(), tf_type, name);
    instance
        .context
        .recorded
        .value(block, operators, scope.budget())
}

/// Returns the expression before the first splat; `None` without a splat.
pub(super) fn splatted(traversal: &Traversal) -> Option<Expression> {
    let first = traversal
        .operators
        .iter()
        .position(|operator| is_splat(operator.value()))?;
    let operators = traversal.operators.iter().take(first).cloned().collect();
    Some(match first {
        0 => traversal.expr.clone(),
        _ => Expression::from(Traversal::new(traversal.expr.clone(), operators)),
    })
}

fn is_splat(operator: &TraversalOperator) -> bool {
    matches!(
        operator,
        TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_)
    )
}

/// Applies operators to each element. A value that is no sequence counts as one element, null as none.
fn splat(scope: &Scope<'_>, value: &Typed, rest: &[&TraversalOperator]) -> Evaluated {
    let of = |items: &[Typed]| {
        let items = items.iter().map(|item| {
            scope.budget().work(1)?;
            part_at(scope, item, rest)
        });
        items.collect::<Result<Vec<_>, _>>()
    };
    match value {
        Typed::List(element, items) | Typed::Set(element, items) if items.is_empty() => {
            // What none of its elements could have is refused as well.
            let part = part_at(scope, &Typed::Unknown(element.clone()), rest)?;
            Ok(Typed::List(part.kind(), Vec::new()))
        }
        Typed::List(element, items) | Typed::Set(element, items) => {
            let items = of(items)?;
            if items
                .windows(2)
                .any(|pair| pair[0].kind() != pair[1].kind())
            {
                // Terraform itself dies of a list whose elements have several types.
                return Ok(Typed::UNKNOWN);
            }
            let declared = rest
                .iter()
                .try_fold(element.clone(), |of, step| part_of(&of, step));
            let element = declared.or_else(|| items.first().map(Typed::kind));
            Ok(Typed::List(element.unwrap_or(Type::Any), items))
        }
        Typed::Tuple(items) => Ok(Typed::Tuple(of(items)?)),
        Typed::Null(Type::List(_) | Type::Set(_) | Type::Tuple(_)) => Err(Fault::Invalid),
        Typed::Null(_) => Ok(Typed::Tuple(Vec::new())),
        Typed::Unknown(_) => Ok(Typed::UNKNOWN),
        single => Ok(Typed::Tuple(vec![part_at(scope, single, rest)?])),
    }
}

/// Returns the type of the part that an operator leads to; `None` where the type does not determine it.
fn part_of(of: &Type, operator: &TraversalOperator) -> Option<Type> {
    match (of, operator) {
        (Type::Object(attributes), TraversalOperator::GetAttr(name)) => {
            Some(attributes.get(name.as_str())?.of.clone())
        }
        (Type::Map(element), TraversalOperator::GetAttr(_))
        | (
            Type::List(element) | Type::Map(element),
            TraversalOperator::Index(_) | TraversalOperator::LegacyIndex(_),
        ) => Some((**element).clone()),
        _ => None,
    }
}
