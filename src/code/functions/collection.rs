//! Functions on maps and objects, and those that take any collection or choose among values.

use super::Call;
use crate::code::convert::convert;
use crate::code::equality::equal;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::set::{Key, charge_keys};
use crate::code::size::{ENTRY, VALUE};
use crate::code::typed::Typed;
use crate::code::types::Type;
use crate::code::unify::unify;
use std::collections::{BTreeMap, BTreeSet};
use unicode_segmentation::UnicodeSegmentation;

pub(super) fn alltrue(call: &Call<'_, '_>) -> Evaluated {
    let items = call.items(0)?;
    let is_false_or_null = |item: &Typed| matches!(item, Typed::Bool(false) | Typed::Null(_));
    // As in Terraform, whichever comes first decides: what is unknown, or what is false.
    let first = items
        .iter()
        .find(|item| is_false_or_null(item) || item.is_unknown());
    Ok(match first {
        None => true.into(),
        Some(Typed::Unknown(_)) => Typed::Unknown(Type::Bool),
        Some(_) => false.into(),
    })
}

pub(super) fn anytrue(call: &Call<'_, '_>) -> Evaluated {
    let items = call.items(0)?;
    if items.contains(&Typed::Bool(true)) {
        return Ok(true.into());
    }
    let is_unknown = items.iter().any(Typed::is_unknown);
    Ok(if is_unknown {
        Typed::Unknown(Type::Bool)
    } else {
        false.into()
    })
}

/// Returns the first argument that is neither null nor an empty string, converted to the common type of all.
pub(super) fn coalesce(call: &Call<'_, '_>) -> Evaluated {
    let types: Vec<_> = call.arguments.iter().map(Typed::kind).collect();
    let kind = unify(&types)?;
    for argument in &call.arguments {
        let value = convert(argument.clone(), &kind, call.budget())?;
        if value.is_unknown() {
            return Ok(value);
        }
        if !value.is_null() && value.as_str() != Some("") {
            return Ok(value);
        }
    }
    Err(Fault::Invalid)
}

/// Returns the first list that is neither null nor empty. Every argument must be a list.
pub(super) fn coalescelist(call: &Call<'_, '_>) -> Evaluated {
    let mut first = None;
    for argument in &call.arguments {
        match argument {
            Typed::List(_, items) | Typed::Tuple(items) => {
                first = first.or((!items.is_empty()).then_some(argument));
            }
            Typed::Null(Type::List(_) | Type::Tuple(_)) => {}
            _ => return Err(Fault::Invalid),
        }
    }
    Ok(first.ok_or(Invalid)?.clone())
}

pub(super) fn contains(call: &Call<'_, '_>) -> Evaluated {
    let (items, searched) = (call.items(0)?, call.argument(1)?);
    call.charge_comparison(items, searched)?;
    let mut is_known = true;
    for item in items {
        match equal(item, searched) {
            Some(true) => return Ok(true.into()),
            Some(false) => {}
            None => is_known = false,
        }
    }
    Ok(if is_known {
        false.into()
    } else {
        Typed::Unknown(Type::Bool)
    })
}

pub(super) fn keys(call: &Call<'_, '_>) -> Evaluated {
    let keys = call.entries(0)?.keys().cloned();
    Ok(match call.argument(0)? {
        Typed::Map(..) => Typed::texts(keys),
        _ => Typed::Tuple(keys.map(|key| Typed::String(key.into())).collect()),
    })
}

pub(super) fn values(call: &Call<'_, '_>) -> Evaluated {
    let values = call.entries(0)?.values().cloned().collect();
    Ok(match call.argument(0)? {
        Typed::Map(element, _) => Typed::List(element.clone(), values),
        _ => Typed::Tuple(values),
    })
}

pub(super) fn length(call: &Call<'_, '_>) -> Evaluated {
    Ok(match call.argument(0)? {
        // Two elements that are not known may be one.
        Typed::Set(_, items) if items.iter().any(Typed::has_unknown) => {
            Typed::Unknown(Type::Number)
        }
        Typed::String(text) => Typed::count(text.graphemes(true).count()),
        Typed::Map(_, entries) | Typed::Object(entries) => Typed::count(entries.len()),
        other => Typed::count(other.items().ok_or(Invalid)?.len()),
    })
}

pub(super) fn lookup(call: &Call<'_, '_>) -> Evaluated {
    if call.arguments.len() > 3 {
        return Err(Fault::Invalid);
    }
    let found = call.entries(0)?.get(call.text(1)?);
    let default = call.arguments.get(2);
    match (call.argument(0)?, default) {
        (Typed::Map(element, _), Some(default)) => {
            let default = convert(default.clone(), element, call.budget())?;
            Ok(found.cloned().unwrap_or(default))
        }
        (_, default) => Ok(found.or(default).ok_or(Invalid)?.clone()),
    }
}

/// Returns the elements whose keys are among the searched ones.
pub(super) fn matchkeys(call: &Call<'_, '_>) -> Evaluated {
    let Typed::List(element, values) = call.argument(0)? else {
        return Err(Fault::Invalid);
    };
    let kinds = [call.argument(1)?.kind(), call.argument(2)?.kind()];
    let kind = unify(&kinds)?;
    let side = |at: usize| convert(call.argument(at)?.clone(), &kind, call.budget());
    let (keys, searched) = (side(1)?, side(2)?);
    let (keys, searched) = (
        keys.items().ok_or(Invalid)?,
        searched.items().ok_or(Invalid)?,
    );
    if keys.len() != values.len() {
        return Err(Fault::Invalid);
    }
    charge_keys(keys, call.budget())?;
    charge_keys(searched, call.budget())?;
    let searched: BTreeSet<_> = searched.iter().map(Key::of).collect();
    let pairs = keys.iter().zip(values);
    let found = pairs.filter(|(key, _)| searched.contains(&Key::of(key)));
    let found = found.map(|(_, value)| value.clone()).collect();
    Ok(Typed::List(element.clone(), found))
}

/// Returns the entries of all arguments, later ones over earlier ones: a map where all are maps of one type.
pub(super) fn merge(call: &Call<'_, '_>) -> Evaluated {
    let mut merged = BTreeMap::new();
    for argument in &call.arguments {
        match argument {
            Typed::Null(Type::Any | Type::Map(_) | Type::Object(_)) => {}
            Typed::Map(_, entries) | Typed::Object(entries) => {
                let entries = entries.iter();
                merged.extend(entries.map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => return Err(Fault::Invalid),
        }
    }
    let mut kinds = call.arguments.iter().map(Typed::kind);
    let first = kinds.next();
    Ok(match first {
        Some(Type::Map(element)) if kinds.all(|kind| kind == Type::Map(element.clone())) => {
            Typed::Map((*element).clone(), merged)
        }
        _ => Typed::Object(merged),
    })
}

pub(super) fn single_element(call: &Call<'_, '_>) -> Evaluated {
    match (call.argument(0)?, call.items(0)?) {
        (Typed::Set(..), items) if items.len() > 1 && items.iter().any(Typed::has_unknown) => {
            Ok(Typed::UNKNOWN)
        }
        (Typed::List(element, _) | Typed::Set(element, _), []) => Ok(Typed::Null(element.clone())),
        (_, []) => Ok(Typed::NULL),
        (_, [only]) => Ok(only.clone()),
        _ => Err(Fault::Invalid),
    }
}

pub(super) fn transpose(call: &Call<'_, '_>) -> Evaluated {
    let mut turned: BTreeMap<String, Vec<Typed>> = BTreeMap::new();
    for (key, items) in call.entries(0)? {
        for item in items.items().ok_or(Invalid)? {
            let text = item.as_str().ok_or(Invalid)?;
            call.budget().take(ENTRY + VALUE + key.len() + text.len())?;
            turned
                .entry(text.to_owned())
                .or_default()
                .push(Typed::text(key.as_str()));
        }
    }
    let list = |(key, items)| (key, Typed::List(Type::String, items));
    Ok(Typed::Map(
        Type::list(Type::String),
        turned.into_iter().map(list).collect(),
    ))
}

pub(super) fn zipmap(call: &Call<'_, '_>) -> Evaluated {
    let (keys, values) = (call.items(0)?, call.argument(1)?);
    let items = match values {
        Typed::List(_, items) | Typed::Tuple(items) => items,
        _ => return Err(Fault::Invalid),
    };
    if keys.len() != items.len() {
        return Err(Fault::Invalid);
    }
    call.budget().take(keys.len().saturating_mul(ENTRY))?;
    let pair = |(key, value): (&Typed, &Typed)| Some((key.as_str()?.to_owned(), value.clone()));
    let entries: Option<_> = keys.iter().zip(items).map(pair).collect();
    let entries = entries.ok_or(Invalid)?;
    Ok(match values {
        Typed::List(element, _) => Typed::Map(element.clone(), entries),
        _ => Typed::Object(entries),
    })
}
