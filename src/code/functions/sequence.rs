//! Functions on lists and tuples.

use super::Call;
use crate::code::convert::convert;
use crate::code::equality::equal;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::set::{Key, charge_keys};
use crate::code::size::VALUE;
use crate::code::typed::Typed;
use crate::code::types::Type;
use crate::code::unify::unify;
use std::collections::BTreeSet;

pub(super) fn chunklist(call: &Call<'_, '_>) -> Evaluated {
    let Typed::List(element, items) = call.argument(0)? else {
        return Err(Fault::Invalid);
    };
    let size = usize::try_from(call.whole::<i64>(1)?).map_err(|_| Invalid)?;
    let size = if size == 0 { items.len().max(1) } else { size };
    call.budget()
        .take(items.len().div_ceil(size).saturating_mul(VALUE))?;
    let chunk = |items: &[Typed]| Typed::List(element.clone(), items.to_vec());
    let chunks = items.chunks(size).map(chunk).collect();
    Ok(Typed::List(Type::list(element.clone()), chunks))
}

pub(super) fn compact(call: &Call<'_, '_>) -> Evaluated {
    let is_set = |item: &&Typed| item.as_str().is_some_and(|text| !text.is_empty());
    let items = call.items(0)?.iter().filter(is_set).cloned();
    Ok(Typed::List(Type::String, items.collect()))
}

pub(super) fn concat(call: &Call<'_, '_>) -> Evaluated {
    if call.arguments.is_empty() {
        return Err(Fault::Invalid);
    }
    let (mut types, mut items) = (Vec::new(), Vec::new());
    let mut is_list = true;
    for argument in &call.arguments {
        match argument {
            Typed::List(element, all) => {
                types.push(element.clone());
                items.extend(all.iter().cloned());
            }
            Typed::Tuple(all) => {
                is_list = false;
                items.extend(all.iter().cloned());
            }
            _ => return Err(Fault::Invalid),
        }
    }
    match unify(&types) {
        Ok(element) if is_list => {
            let list = Type::list(element.clone());
            match convert(Typed::Tuple(items), &list, call.budget()) {
                // What nulls become that have no type yet is not certain.
                Err(Fault::Invalid) if element.has_any() => Ok(Typed::UNKNOWN),
                converted => converted,
            }
        }
        Err(Fault::Excess(excess)) if is_list => Err(excess.into()),
        _ => Ok(Typed::Tuple(items)),
    }
}

/// Returns each element once, in order of first occurrence.
pub(super) fn distinct(call: &Call<'_, '_>) -> Evaluated {
    let Typed::List(element, items) = call.argument(0)? else {
        return Err(Fault::Invalid);
    };
    charge_keys(items, call.budget())?;
    let mut known = BTreeSet::new();
    let items = items.iter().filter(|item| known.insert(Key::of(item)));
    Ok(Typed::List(element.clone(), items.cloned().collect()))
}

/// Returns the elements of a list or a tuple.
fn ordered<'c>(call: &'c Call<'_, '_>) -> Result<&'c [Typed], Invalid> {
    match call.argument(0)? {
        Typed::List(_, items) | Typed::Tuple(items) => Ok(items),
        _ => Err(Invalid),
    }
}

/// Returns elements of a list or a tuple as the same kind.
fn as_before(call: &Call<'_, '_>, items: Vec<Typed>) -> Evaluated {
    Ok(match call.argument(0)? {
        Typed::List(element, _) | Typed::Set(element, _) => Typed::List(element.clone(), items),
        _ => Typed::Tuple(items),
    })
}

pub(super) fn element(call: &Call<'_, '_>) -> Evaluated {
    let items = ordered(call)?;
    let length = i64::try_from(items.len()).map_err(|_| Invalid)?;
    let index = call.whole::<i64>(1)?;
    let from_end = index < 0 && matches!(call.argument(0)?, Typed::List(..));
    let index = match from_end {
        true => index.checked_rem_euclid(length),
        false => index.checked_rem(length),
    };
    let index = usize::try_from(index.ok_or(Invalid)?).map_err(|_| Invalid)?;
    Ok(items.get(index).ok_or(Invalid)?.clone())
}

pub(super) fn flatten(call: &Call<'_, '_>) -> Evaluated {
    let mut items = Vec::new();
    let is_known = flatten_into(call.items(0)?, &mut items);
    Ok(if is_known {
        Typed::Tuple(items)
    } else {
        Typed::UNKNOWN
    })
}

/// Flattens a list. Returns false where an element may be a list and is unknown.
fn flatten_into(list: &[Typed], items: &mut Vec<Typed>) -> bool {
    list.iter().all(|item| match item {
        Typed::List(_, inner) | Typed::Set(_, inner) | Typed::Tuple(inner) => {
            flatten_into(inner, items)
        }
        Typed::Unknown(kind) if !kind.is_primitive() => false,
        item => {
            items.push(item.clone());
            true
        }
    })
}

pub(super) fn index(call: &Call<'_, '_>) -> Evaluated {
    let (items, searched) = (ordered(call)?, call.argument(1)?);
    call.charge_comparison(items, searched)?;
    let at = items
        .iter()
        .position(|item| equal(item, searched) == Some(true));
    Ok(Typed::count(at.ok_or(Invalid)?))
}

pub(super) fn reverse(call: &Call<'_, '_>) -> Evaluated {
    let items = call.items(0)?.iter().rev().cloned();
    as_before(call, items.collect())
}

pub(super) fn slice(call: &Call<'_, '_>) -> Evaluated {
    let items = ordered(call)?;
    let at = |number: i64| usize::try_from(number).map_err(|_| Invalid);
    let (start, end) = (at(call.whole(1)?)?, at(call.whole(2)?)?);
    let items = items.get(start..end).ok_or(Invalid)?;
    as_before(call, items.to_vec())
}

pub(super) fn sort(call: &Call<'_, '_>) -> Evaluated {
    let mut items = call.items(0)?.to_vec();
    if items.iter().any(Typed::is_null) {
        return Err(Fault::Invalid);
    }
    items.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
    Ok(Typed::List(Type::String, items))
}
