//! Functions on sets.

use super::Call;
use crate::code::convert::convert;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::set::{self, Key};
use crate::code::size::{Size, VALUE};
use crate::code::typed::Typed;
use crate::code::types::Type;
use crate::code::unify::unify;
use std::collections::BTreeSet;

/// Converts the arguments to sets of one type.
fn alike(call: &Call<'_, '_>) -> Result<(Type, Vec<Vec<Typed>>), Fault> {
    let is_typed = |set: &&Typed| match set {
        Typed::Set(element, items) => !items.is_empty() || *element != Type::Any,
        _ => true,
    };
    let typed = call.arguments.iter().filter(is_typed);
    let mut types: Vec<_> = typed.map(Typed::kind).collect();
    if types.is_empty() {
        types = call.arguments.iter().map(Typed::kind).collect();
    }
    let kind = unify(&types)?;
    let mut sets = Vec::new();
    for argument in &call.arguments {
        match convert(argument.clone(), &kind, call.budget())? {
            Typed::Set(_, items) => sets.push(items),
            _ => return Err(Fault::Invalid),
        }
    }
    Ok((kind.element().cloned().unwrap_or(Type::Any), sets))
}

fn keys(call: &Call<'_, '_>, items: &[Typed]) -> Result<BTreeSet<Key>, Fault> {
    set::charge_keys(items, call.budget())?;
    Ok(items.iter().map(Key::of).collect())
}

pub(super) fn union(call: &Call<'_, '_>) -> Evaluated {
    let (element, sets) = alike(call)?;
    set::new(element, sets.into_iter().flatten().collect(), call.budget())
}

pub(super) fn intersection(call: &Call<'_, '_>) -> Evaluated {
    let (element, sets) = alike(call)?;
    let mut sets = sets.into_iter();
    let mut items = sets.next().unwrap_or_default();
    for other in sets {
        let other = keys(call, &other)?;
        items.retain(|item| other.contains(&Key::of(item)));
    }
    set::new(element, items, call.budget())
}

pub(super) fn subtract(call: &Call<'_, '_>) -> Evaluated {
    let (element, sets) = alike(call)?;
    let mut sets = sets.into_iter();
    let mut items = sets.next().unwrap_or_default();
    for other in sets {
        let other = keys(call, &other)?;
        items.retain(|item| !other.contains(&Key::of(item)));
    }
    set::new(element, items, call.budget())
}

/// Evaluates `setproduct`: each combination of one element of each argument, as a tuple.
pub(super) fn product(call: &Call<'_, '_>) -> Evaluated {
    if call.arguments.len() < 2 {
        return Err(Fault::Invalid);
    }
    let (mut sides, mut has_set) = (Vec::new(), false);
    for argument in &call.arguments {
        has_set |= matches!(argument, Typed::Set(..));
        let items = match argument {
            Typed::Tuple(items) if items.is_empty() => Typed::List(Type::Any, Vec::new()),
            Typed::Tuple(_) => convert(argument.clone(), &Type::list(Type::Any), call.budget())?,
            other => other.clone(),
        };
        sides.push(items);
    }
    let mut rows: Vec<Vec<Typed>> = vec![Vec::new()];
    for side in &sides {
        let items = side.items().ok_or(Invalid)?;
        let count = rows.len().saturating_mul(items.len());
        call.budget().work(count)?;
        let own: usize = items.iter().map(|item| Size::of_typed(item).bytes).sum();
        let before: usize = rows
            .iter()
            .flatten()
            .map(|item| Size::of_typed(item).bytes)
            .sum();
        let bytes = own.saturating_mul(rows.len());
        let bytes = bytes.saturating_add(before.saturating_mul(items.len()));
        call.budget()
            .take(bytes.saturating_add(count.saturating_mul(2 * VALUE)))?;
        rows = rows
            .iter()
            .flat_map(|row| {
                items.iter().map(move |item| {
                    let mut row = row.clone();
                    row.push(item.clone());
                    row
                })
            })
            .collect();
    }
    let element = |side: &Typed| side.kind().element().cloned().unwrap_or(Type::Any);
    let kind = Type::Tuple(sides.iter().map(element).collect());
    let rows = rows.into_iter().map(Typed::Tuple).collect();
    if has_set {
        set::new(kind, rows, call.budget())
    } else {
        Ok(Typed::List(kind, rows))
    }
}
