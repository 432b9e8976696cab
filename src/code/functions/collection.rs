//! Functions on lists, sets and maps, and those that choose among their arguments.

use super::Cost;
use crate::code::expression::as_text;
use crate::code::size::{self, ENTRY, MAP, Size, VALUE};
use crate::model::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn same(arguments: &[Value]) -> Option<Value> {
    let [value] = arguments else { return None };
    Some(value.clone())
}

pub(super) fn first(arguments: &[Value]) -> Option<Value> {
    arguments.first().cloned()
}

pub(super) fn coalesce(arguments: &[Value]) -> Option<Value> {
    let mut set = arguments
        .iter()
        .filter(|value| !value.is_null() && value.as_str() != Some(""));
    set.next().cloned()
}

pub(super) fn coalescelist(arguments: &[Value]) -> Option<Value> {
    let mut lists = arguments
        .iter()
        .filter(|value| value.as_list().is_some_and(|items| !items.is_empty()));
    lists.next().cloned()
}

/// Each item once, in the order in which they come: what `toset` makes as well.
pub(super) fn distinct(arguments: &[Value]) -> Option<Value> {
    let [list] = arguments else { return None };
    let mut known = BTreeSet::new();
    let items = list.as_list()?.iter().filter(|item| known.insert(*item));
    Some(Value::List(items.cloned().collect()))
}

pub(super) fn length(arguments: &[Value]) -> Option<Value> {
    let length = match arguments {
        [Value::List(items)] => items.len(),
        [Value::Map(entries)] => entries.len(),
        [Value::String(text)] => text.chars().count(),
        _ => return None,
    };
    i64::try_from(length).ok().map(Value::from)
}

pub(super) fn keys(arguments: &[Value]) -> Option<Value> {
    let [map] = arguments else { return None };
    let keys = map.as_map()?.keys().map(|key| Value::from(key.as_str()));
    Some(Value::List(keys.collect()))
}

pub(super) fn keys_cost(arguments: &[Value]) -> Option<Cost> {
    let [map] = arguments else { return None };
    let keys = map.as_map()?.keys().map(|key| size::text(key.len()));
    Some(Cost::Bytes(VALUE + keys.sum::<usize>()))
}

pub(super) fn values(arguments: &[Value]) -> Option<Value> {
    let [map] = arguments else { return None };
    Some(Value::List(map.as_map()?.values().cloned().collect()))
}

pub(super) fn compact(arguments: &[Value]) -> Option<Value> {
    let [list] = arguments else { return None };
    let items = list.as_list()?.iter().filter(|item| !item.is_empty());
    Some(Value::List(items.cloned().collect()))
}

pub(super) fn flatten(arguments: &[Value]) -> Option<Value> {
    let [list] = arguments else { return None };
    let mut items = Vec::new();
    flatten_into(list.as_list()?, &mut items)?;
    Some(Value::List(items))
}

fn flatten_into(list: &[Value], items: &mut Vec<Value>) -> Option<()> {
    for item in list {
        match item {
            Value::List(inner) => flatten_into(inner, items)?,
            Value::Unknown => return None,
            item => items.push(item.clone()),
        }
    }
    Some(())
}

pub(super) fn contains(arguments: &[Value]) -> Option<Value> {
    let [list, item] = arguments else { return None };
    let items = list.as_list().filter(|_| !list.has_unknown())?;
    Some(items.contains(item).into())
}

pub(super) fn element(arguments: &[Value]) -> Option<Value> {
    let [list, index] = arguments else {
        return None;
    };
    let items = list.as_list()?;
    let length = i64::try_from(items.len()).ok();
    let length = length.filter(|length| *length > 0)?;
    let index = usize::try_from(index.as_i64()?.rem_euclid(length)).ok()?;
    items.get(index).cloned()
}

pub(super) fn lookup(arguments: &[Value]) -> Option<Value> {
    let (map, key, default) = match arguments {
        [map, key] => (map, key, None),
        [map, key, default] => (map, key, Some(default)),
        _ => return None,
    };
    map.as_map()?.get(key.as_str()?).or(default).cloned()
}

pub(super) fn merge(arguments: &[Value]) -> Option<Value> {
    let mut merged = BTreeMap::new();
    for argument in arguments.iter().filter(|argument| !argument.is_null()) {
        merged.extend(argument.as_map()?.clone());
    }
    Some(Value::Map(merged))
}

pub(super) fn concat(arguments: &[Value]) -> Option<Value> {
    let lists: Option<Vec<_>> = arguments.iter().map(Value::as_list).collect();
    Some(Value::List(lists?.concat()))
}

pub(super) fn zipmap(arguments: &[Value]) -> Option<Value> {
    let [keys, values] = arguments else {
        return None;
    };
    let (keys, values) = (keys.as_list()?, values.as_list()?);
    let keys: Option<Vec<_>> = keys.iter().map(as_text).collect();
    let keys = keys.filter(|keys| keys.len() == values.len())?;
    let keys = keys.into_iter().map(Cow::into_owned);
    Some(Value::map(keys.zip(values.iter().cloned())))
}

pub(super) fn zipmap_cost(arguments: &[Value]) -> Option<Cost> {
    let [keys, values] = arguments else {
        return None;
    };
    let entries = keys.as_list()?.len().saturating_mul(ENTRY);
    Some(Cost::Bytes(
        MAP + entries + Size::of(keys).bytes + Size::of(values).bytes,
    ))
}
