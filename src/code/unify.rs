//! Finds the common type of several: of a conditional's two branches, or of a list's elements.

use super::budget::Excess;
use super::fault::Fault;
use super::types::Type;
use std::cmp::Ordering;

/// The most different types that are unified.
const MAX_TYPES: usize = 64;

/// A predicate of types.
type Is = fn(&Type) -> bool;
/// Unifies types of one kind.
type Unified = fn(&[&Type]) -> Result<Type, Fault>;

/// Returns the type that values of all these types can be converted to.
///
/// # Errors
/// There is no such type, or there are too many types.
pub(super) fn unify(types: &[Type]) -> Result<Type, Fault> {
    let types = distinct(types)?;
    let all = |is_kind: fn(&Type) -> bool| {
        types
            .iter()
            .all(|kind| is_kind(kind) || matches!(kind, Type::Any))
    };
    let any = |is_kind: fn(&Type) -> bool| types.iter().any(|kind| is_kind(kind));
    let is_map: Is = |kind| matches!(kind, Type::Map(_));
    let is_object: Is = |kind| matches!(kind, Type::Object(_));
    let is_list: Is = |kind| matches!(kind, Type::List(_));
    let is_tuple: Is = |kind| matches!(kind, Type::Tuple(_));
    let is_set: Is = |kind| matches!(kind, Type::Set(_));
    if let [only] = types.as_slice() {
        return Ok((*only).clone());
    }
    let unified_by: [(Is, Unified); 5] = [
        (is_map, |types| elements(types).map(Type::map)),
        (is_list, |types| elements(types).map(Type::list)),
        (is_set, |types| elements(types).map(Type::set)),
        (is_object, objects),
        (is_tuple, tuples),
    ];
    for (is_one, unified) in unified_by {
        if any(is_one) && all(is_one) {
            if any(|kind| matches!(kind, Type::Any)) {
                return Ok(Type::Any);
            }
            let found = unified(&types)?;
            let fit = types.iter().all(|kind| is_convertible(kind, &found));
            return fit.then_some(found).ok_or(Fault::Invalid);
        }
    }
    // Objects are often maps in disguise, and tuples lists.
    for (is_one, is_other) in [(is_map, is_object), (is_list, is_tuple)] {
        let fits = types
            .iter()
            .all(|kind| is_one(kind) || is_other(kind) || matches!(kind, Type::Any));
        if any(is_one) && fits {
            match disguised(&types, is_other) {
                Err(Fault::Invalid) => {}
                found => return found,
            }
        }
    }
    if any(is_object) && any(is_tuple) {
        return Err(Fault::Invalid);
    }
    preferred(&types).ok_or(Fault::Invalid)
}

/// Returns each type once.
fn distinct(types: &[Type]) -> Result<Vec<&Type>, Fault> {
    let mut found: Vec<&Type> = Vec::new();
    for kind in types {
        if !found.contains(&kind) {
            found.push(kind);
        }
        if found.len() > MAX_TYPES {
            return Err(Excess::Size.into());
        }
    }
    match found.is_empty() {
        true => Err(Fault::Invalid),
        false => Ok(found),
    }
}

fn elements(types: &[&Type]) -> Result<Type, Fault> {
    let elements: Vec<_> = types
        .iter()
        .filter_map(|kind| kind.element().cloned())
        .collect();
    unify(&elements)
}

fn objects(types: &[&Type]) -> Result<Type, Fault> {
    let objects: Vec<_> = types
        .iter()
        .filter_map(|kind| match kind {
            Type::Object(attributes) => Some(attributes),
            _ => None,
        })
        .collect();
    let first = objects.first().ok_or(Fault::Invalid)?;
    if objects.iter().all(|other| other.keys().eq(first.keys())) {
        let attributes = first.keys().map(|name| {
            let across: Vec<_> = objects
                .iter()
                .filter_map(|object| Some(object.get(name)?.of.clone()))
                .collect();
            Ok((name.clone(), unify(&across)?))
        });
        return Ok(Type::object(attributes.collect::<Result<Vec<_>, Fault>>()?));
    }
    let all: Vec<_> = objects
        .iter()
        .flat_map(|object| object.values().map(|attribute| attribute.of.clone()))
        .collect();
    unify(&all).map(Type::map)
}

fn tuples(types: &[&Type]) -> Result<Type, Fault> {
    let tuples: Vec<_> = types
        .iter()
        .filter_map(|kind| match kind {
            Type::Tuple(elements) => Some(elements),
            _ => None,
        })
        .collect();
    let first = tuples.first().ok_or(Fault::Invalid)?;
    if tuples.iter().all(|other| other.len() == first.len()) {
        let elements = (0..first.len()).map(|at| {
            let across: Vec<_> = tuples
                .iter()
                .filter_map(|tuple| tuple.get(at).cloned())
                .collect();
            unify(&across)
        });
        return Ok(Type::Tuple(elements.collect::<Result<Vec<_>, _>>()?.into()));
    }
    let all: Vec<_> = tuples
        .iter()
        .flat_map(|tuple| tuple.iter().cloned())
        .collect();
    unify(&all).map(Type::list)
}

/// Unifies types, with objects treated as maps or tuples as lists.
fn disguised(types: &[&Type], is_disguised: fn(&Type) -> bool) -> Result<Type, Fault> {
    let parts: Vec<Type> = types
        .iter()
        .filter(|kind| is_disguised(kind))
        .flat_map(|kind| match kind {
            Type::Object(attributes) => attributes
                .values()
                .map(|attribute| attribute.of.clone())
                .collect(),
            Type::Tuple(elements) => elements.to_vec(),
            _ => Vec::new(),
        })
        .collect();
    let element = unify(&parts)?;
    let is_object = types.iter().any(|kind| matches!(kind, Type::Object(_)));
    let undisguised = if is_object {
        Type::map(element)
    } else {
        Type::list(element)
    };
    let as_such: Vec<_> = types
        .iter()
        .map(|kind| {
            if is_disguised(kind) {
                undisguised.clone()
            } else {
                (*kind).clone()
            }
        })
        .collect();
    unify(&as_such)
}

/// Returns the first type, more general ones first, that all others can be converted to.
fn preferred(types: &[&Type]) -> Option<Type> {
    let mut order: Vec<&Type> = Vec::new();
    for kind in types {
        let at = order
            .iter()
            .position(|other| compare(kind, other) == Ordering::Less);
        order.insert(at.unwrap_or(order.len()), kind);
    }
    let mut candidates = order.into_iter();
    let found =
        candidates.find(|candidate| types.iter().all(|kind| is_convertible(kind, candidate)));
    found.cloned()
}

/// Orders two types, the more general one first.
fn compare(left: &Type, right: &Type) -> Ordering {
    match (left, right) {
        (Type::Any, Type::Any) => Ordering::Equal,
        (Type::Any, _) => Ordering::Greater,
        (_, Type::Any) => Ordering::Less,
        (Type::String, Type::Bool | Type::Number) => Ordering::Less,
        (Type::Bool | Type::Number, Type::String) => Ordering::Greater,
        (Type::List(left), Type::List(right))
        | (Type::Set(left), Type::Set(right))
        | (Type::Map(left), Type::Map(right)) => compare(left, right),
        (Type::List(_), Type::Set(_) | Type::Tuple(_))
        | (Type::Tuple(_), Type::Set(_))
        | (Type::Map(_), Type::Object(_)) => Ordering::Less,
        (Type::Set(_), Type::List(_) | Type::Tuple(_))
        | (Type::Tuple(_), Type::List(_))
        | (Type::Object(_), Type::Map(_)) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// Returns whether elements of these types may be in one collection.
fn have_one_type(parts: &[Type]) -> bool {
    parts.is_empty() || unify(parts) != Err(Fault::Invalid)
}

/// Returns whether values of one type may be converted to another; whether each can depends on the value.
pub(super) fn is_convertible(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (_, Type::Any) | (Type::Any, _) => true,
        (Type::Number, Type::Bool) | (Type::Bool, Type::Number) => false,
        (from, to) if from.is_primitive() && to.is_primitive() => true,
        (Type::List(from) | Type::Set(from), Type::List(to) | Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => is_convertible(from, to),
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => {
            let fits = from.iter().all(|from| is_convertible(from, to));
            fits && (**to != Type::Any || have_one_type(from))
        }
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len()
                && from
                    .iter()
                    .zip(to.iter())
                    .all(|(from, to)| is_convertible(from, to))
        }
        (Type::Object(from), Type::Map(to)) => {
            let from: Vec<_> = from.values().map(|from| from.of.clone()).collect();
            let fits = from.iter().all(|from| is_convertible(from, to));
            fits && (**to != Type::Any || have_one_type(&from))
        }
        (Type::Object(from), Type::Object(to)) => {
            to.iter().all(|(name, to)| match from.get(name) {
                Some(from) => is_convertible(&from.of, &to.of),
                None => to.optional.is_some(),
            })
        }
        (Type::Map(from), Type::Object(to)) => to.values().all(|to| is_convertible(from, &to.of)),
        _ => false,
    }
}
