//! Converts values to types: to a variable's `type`, or to the common type of a list's elements.

use super::budget::Budget;
use super::fault::{Evaluated, Fault, Invalid};
use super::marked_text::MarkedNumber;
use super::number::Number;
use super::set;
use super::size::Size;
use super::typed::Typed;
use super::types::{Attribute, Type};
use super::unify::{is_convertible, unify};
use std::collections::BTreeMap;

/// Converts a value to a type.
///
/// # Errors
/// Terraform refuses the conversion, or it would exceed a limit.
pub(super) fn convert(value: Typed, to: &Type, budget: &Budget) -> Evaluated {
    match (value, to) {
        (value, Type::Any) => Ok(value),
        (Typed::Null(from), to) => {
            let fits = is_convertible(&from, to);
            let null = || Typed::Null(to.of_values());
            fits.then(null).ok_or(Fault::Invalid)
        }
        (Typed::Unknown(from), to) => {
            let fits = is_convertible(&from, to);
            let unknown = || Typed::Unknown(to.of_values());
            fits.then(unknown).ok_or(Fault::Invalid)
        }
        (value, Type::Bool | Type::Number | Type::String) => primitive(value, to, budget),
        (Typed::List(element, items), Type::List(to)) if element == **to => {
            Ok(Typed::List(element, items))
        }
        // Of an empty collection the type alone tells.
        (Typed::List(from, items) | Typed::Set(from, items), Type::List(to))
            if items.is_empty() =>
        {
            Ok(Typed::List(empty_of(&from, to)?, items))
        }
        (Typed::List(from, items) | Typed::Set(from, items), Type::Set(to)) if items.is_empty() => {
            Ok(Typed::Set(empty_of(&from, to)?, items))
        }
        (Typed::Map(from, entries), Type::Map(to)) if entries.is_empty() => {
            Ok(Typed::Map(empty_of(&from, to)?, entries))
        }
        (Typed::List(_, items) | Typed::Set(_, items) | Typed::Tuple(items), Type::List(to)) => {
            let (element, items) = same(items, to, budget)?;
            Ok(Typed::List(element, items))
        }
        (Typed::Set(element, items), Type::Set(to)) if element == **to => {
            Ok(Typed::Set(element, items))
        }
        (Typed::List(_, items) | Typed::Set(_, items) | Typed::Tuple(items), Type::Set(to)) => {
            let (element, items) = same(items, to, budget)?;
            set::new(element, items, budget)
        }
        (Typed::Map(element, entries), Type::Map(to)) if element == **to => {
            Ok(Typed::Map(element, entries))
        }
        (Typed::Map(_, entries) | Typed::Object(entries), Type::Map(to)) => {
            let (keys, items): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
            let (element, items) = same(items, to, budget)?;
            let entries = keys.into_iter().zip(items).collect();
            Ok(Typed::Map(element, entries))
        }
        (Typed::Tuple(items), Type::Tuple(to)) if items.len() == to.len() => {
            let items = items.into_iter().zip(to.iter());
            let items = items.map(|(item, to)| convert(item, to, budget));
            Ok(Typed::Tuple(items.collect::<Result<_, _>>()?))
        }
        (Typed::Map(_, entries) | Typed::Object(entries), Type::Object(to)) => {
            object(entries, to, budget)
        }
        _ => Err(Fault::Invalid),
    }
}

/// Returns the element type of an empty collection after its conversion.
fn empty_of(from: &Type, to: &Type) -> Result<Type, Invalid> {
    match to {
        Type::Any => Ok(from.clone()),
        to if is_convertible(from, to) => Ok(to.of_values()),
        _ => Err(Invalid),
    }
}

fn primitive(value: Typed, to: &Type, budget: &Budget) -> Evaluated {
    match (value, to) {
        (value @ Typed::Bool(_), Type::Bool)
        | (value @ Typed::Number(_), Type::Number)
        | (value @ Typed::String(_), Type::String) => Ok(value),
        (value @ (Typed::Bool(_) | Typed::Number(_)), Type::String) => {
            let text = value.as_text().ok_or(Invalid)?;
            budget.take_text(text.len())?;
            let text = Typed::String(text.into_owned().into());
            let is_secret = matches!(&value, Typed::Number(number) if number.is_secret());
            Ok(if is_secret { text.of_secret() } else { text })
        }
        (Typed::String(text), Type::Number) => {
            let number = Number::read(&text)?;
            let marked = |number| Typed::Number(MarkedNumber::made_of(number, text.is_secret()));
            Ok(number.map_or(Typed::Unknown(Type::Number), marked))
        }
        (Typed::String(text), Type::Bool) => match &*text {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err(Fault::Invalid),
        },
        _ => Err(Fault::Invalid),
    }
}

/// Converts elements to one type: `to`, or their common type where `to` is `any`.
fn same(items: Vec<Typed>, to: &Type, budget: &Budget) -> Result<(Type, Vec<Typed>), Fault> {
    let to_all = |items: Vec<Typed>, to: &Type| {
        let items = items.into_iter().map(|item| convert(item, to, budget));
        items.collect::<Result<Vec<_>, _>>()
    };
    let items = to_all(items, to)?;
    if !to.has_any() || items.is_empty() {
        return Ok((to.of_values(), items));
    }
    let mut types = Vec::with_capacity(items.len());
    for item in &items {
        let size = Size::of_typed(item);
        budget.take(size.bytes)?;
        budget.work(size.items)?;
        types.push(item.kind());
    }
    let element = unify(&types)?;
    let items = to_all(items, &element)?;
    // A null that has no type yet takes none from objects and lists.
    let is_open = element.has_any() && !items.iter().any(Typed::has_unknown);
    let mut kinds = items.iter().map(Typed::kind);
    let first = kinds.next();
    if is_open && kinds.any(|kind| Some(kind) != first) {
        return Err(Fault::Invalid);
    }
    Ok((element, items))
}

/// Converts an object to the attributes that a type names, with the defaults of its optional ones.
fn object(
    mut entries: BTreeMap<String, Typed>,
    to: &BTreeMap<String, Attribute>,
    budget: &Budget,
) -> Evaluated {
    let mut attributes = BTreeMap::new();
    for (name, attribute) in to {
        let given = entries.remove(name);
        let value = match (given, &attribute.optional) {
            (None | Some(Typed::Null(_)), Some(default)) if !default.is_null() => {
                budget.take(Size::of_typed(default).bytes)?;
                (**default).clone()
            }
            (Some(given), _) => given,
            (None, Some(_)) => Typed::NULL,
            (None, None) => return Err(Fault::Invalid),
        };
        attributes.insert(name.clone(), convert(value, &attribute.of, budget)?);
    }
    Ok(Typed::Object(attributes))
}
