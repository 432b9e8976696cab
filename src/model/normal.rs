//! Brings values with the same meaning to one form.

use super::{Attribute, Nesting, Number, Schema, Shape, Type, Value};
use std::collections::BTreeMap;

impl Schema {
    /// Returns the normal form of an attribute at a path without indexes: equal forms become one, sets are sorted, and
    /// null, empty, zero and false become null, because the provider does not distinguish these where a value is left
    /// out.
    pub fn normal(&self, attribute: &Attribute, path: &str, value: &Value) -> Value {
        let value = (self.rules.normalize)(path, value.clone());
        match &attribute.shape {
            Shape::Plain(ty) => typed(ty, value),
            Shape::Block(nesting, parts) => block(self, *nesting, parts, path, value),
        }
    }
}

impl Attribute {
    /// Returns whether a live or recorded value satisfies the code, both in normal form: the provider may choose what
    /// the code's blocks leave out.
    pub fn is_satisfied(&self, expected: &Value, found: &Value) -> bool {
        satisfies(self, expected, found)
    }
}

fn block(
    schema: &Schema,
    nesting: Nesting,
    parts: &BTreeMap<String, Attribute>,
    path: &str,
    value: Value,
) -> Value {
    let normalize_item = |value: &Value| match value {
        Value::Map(entries) => {
            let part = |(name, value): (&String, &Value)| {
                let below = format!("{path}.{name}");
                if schema.rules.never_read.contains(&below.as_str()) {
                    return None;
                }
                // What the schema lacks, a newer provider wrote: nothing is known of it.
                let value = schema.normal(parts.get(name)?, &below, value);
                (!value.is_null()).then(|| (name.clone(), value))
            };
            hollow(Value::Map(entries.iter().filter_map(part).collect()))
        }
        other => other.clone(),
    };
    match (nesting, value) {
        (Nesting::Map, Value::Map(entries)) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (key.clone(), normalize_item(value)));
            hollow(Value::Map(entries.collect()))
        }
        (_, Value::List(items)) => {
            let mut items: Vec<_> = items
                .iter()
                .map(normalize_item)
                .filter(|item| !item.is_null())
                .collect();
            if nesting == Nesting::Set {
                sort(&mut items);
            }
            hollow(Value::List(items))
        }
        // A single block is written without a list around it.
        (_, value @ Value::Map(_)) => normalize_item(&value),
        (_, value) => hollow(value),
    }
}

fn typed(ty: &Type, value: Value) -> Value {
    match (ty, value) {
        (_, Value::Unknown) => Value::Unknown,
        (Type::String, Value::Number(number)) => Value::text(number.to_string()),
        (Type::String, Value::Bool(flag)) => Value::text(flag.to_string()),
        (Type::Number, Value::String(text)) => match Number::parse(&text) {
            Some(number) => hollow(Value::Number(number)),
            None => hollow(Value::String(text)),
        },
        (Type::Bool, Value::String(text)) => match text.as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Null,
            _ => hollow(Value::String(text)),
        },
        (Type::List(of), Value::List(items)) => hollow(Value::List(
            items.into_iter().map(|item| typed(of, item)).collect(),
        )),
        (Type::Set(of), Value::List(items)) => {
            let mut items: Vec<_> = items.into_iter().map(|item| typed(of, item)).collect();
            sort(&mut items);
            hollow(Value::List(items))
        }
        // An empty text is a value of its own in a map: a tag may have one.
        (Type::Map(of), Value::Map(entries)) => {
            let entry = |(key, value): (String, Value)| match value {
                Value::String(text) if text.is_empty() => (key, Value::String(text)),
                value => (key, typed(of, value)),
            };
            let set = entries.into_iter().filter(|(_, value)| !value.is_null());
            hollow(Value::Map(set.map(entry).collect()))
        }
        (Type::Object(parts), Value::Map(entries)) => {
            let part = |(name, value): (String, Value)| {
                let value = typed(parts.get(&name)?, value);
                Some((name, value))
            };
            let set = entries
                .into_iter()
                .filter_map(part)
                .filter(|(_, value)| !value.is_null());
            hollow(Value::Map(set.collect()))
        }
        (_, value) => hollow(value),
    }
}

/// Turns null, empty, zero and false into null.
fn hollow(value: Value) -> Value {
    let zero = matches!(&value, Value::Number(number) if number.as_i64() == Some(0));
    if value.is_empty() || value == Value::Bool(false) || zero {
        Value::Null
    } else {
        value
    }
}

/// Sorts the elements of sets, and removes duplicates.
fn sort(items: &mut Vec<Value>) {
    items.sort_by_cached_key(key);
    items.dedup();
}

pub(super) fn satisfies(attribute: &Attribute, expected: &Value, found: &Value) -> bool {
    match (&attribute.shape, expected, found) {
        (_, Value::Unknown, _) => true,
        (Shape::Block(nesting, parts), Value::List(expected), Value::List(found)) => {
            let fits = |expected: &Value, found: &Value| block_fits(parts, expected, found);
            match nesting {
                Nesting::Set => pairs_up(expected, found, fits),
                _ => {
                    expected.len() == found.len()
                        && expected
                            .iter()
                            .zip(found)
                            .all(|(expected, found)| fits(expected, found))
                }
            }
        }
        (Shape::Block(_, parts), expected @ Value::Map(_), Value::List(found)) => {
            matches!(found.as_slice(), [found] if block_fits(parts, expected, found))
        }
        (Shape::Plain(ty), expected, found) if expected.has_unknown() => {
            partly(ty, expected, found)
        }
        (_, expected, found) => expected == found,
    }
}

fn block_fits(parts: &BTreeMap<String, Attribute>, expected: &Value, found: &Value) -> bool {
    let Value::Map(entries) = expected else {
        return expected == found;
    };
    entries
        .iter()
        .all(|(name, expected)| match parts.get(name) {
            Some(part) => satisfies(part, expected, found.get(name)),
            None => true,
        })
}

/// Returns whether a plain value may be the value of the code, as far as that is known.
fn partly(ty: &Type, expected: &Value, found: &Value) -> bool {
    match (ty, expected, found) {
        // A secret as a whole tells nothing of the parts that the code tells.
        (_, Value::Unknown, _) | (_, _, Value::Secret(_)) => true,
        (Type::List(of), Value::List(expected), Value::List(found)) => {
            expected.len() == found.len()
                && expected
                    .iter()
                    .zip(found)
                    .all(|(expected, found)| partly(of, expected, found))
        }
        (Type::Set(of), Value::List(expected), Value::List(found)) => {
            pairs_up(expected, found, |expected, found| {
                partly(of, expected, found)
            })
        }
        (Type::Map(of), Value::Map(expected), Value::Map(found)) => {
            expected.len() == found.len()
                && expected.iter().all(|(key, expected)| {
                    found
                        .get(key)
                        .is_some_and(|found| partly(of, expected, found))
                })
        }
        (Type::Object(parts), Value::Map(expected), Value::Map(found)) => {
            expected.iter().all(|(name, expected)| {
                let found = found.get(name).unwrap_or(&Value::Null);
                parts.get(name).is_none_or(|of| partly(of, expected, found))
            })
        }
        (_, expected, found) => expected == found,
    }
}

/// How many elements of a set are compared with each other one, after equal elements are removed; larger sets count as
/// different.
const COMPARED: usize = 1000;

/// Returns whether two sets can be paired so that each pair fits.
pub(super) fn pairs_up(
    expected: &[Value],
    found: &[Value],
    fits: impl Fn(&Value, &Value) -> bool,
) -> bool {
    if expected.len() != found.len() {
        return false;
    }
    let (expected, mut left) = without_alike(expected, found);
    expected.len() <= COMPARED
        && expected.iter().all(|expected| {
            let at = left.iter().position(|found| fits(expected, found));
            at.map(|at| left.swap_remove(at)).is_some()
        })
}

/// Removes the elements that both sets have.
fn without_alike<'a>(
    expected: &'a [Value],
    found: &'a [Value],
) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let mut alike: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for found in found {
        alike.entry(key(found)).or_default().push(found);
    }
    let mut left = Vec::new();
    for expected in expected {
        let found = alike
            .get_mut(&key(expected))
            .filter(|_| !expected.has_unknown());
        if found.and_then(Vec::pop).is_none() {
            left.push(expected);
        }
    }
    (left, alike.into_values().flatten().collect())
}

/// Returns a text that is the same for equal values.
fn key(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_pair_up_where_each_element_finds_its_own() {
        let of = Attribute {
            shape: Shape::Plain(Type::Set(Box::new(Type::Map(Box::new(Type::String))))),
            required: false,
            optional: true,
            computed: false,
            sensitive: false,
        };
        let element = |a: &str, b: Value| Value::map([("a", Value::from(a)), ("b", b)]);
        let expected: Value = vec![element("1", Value::Unknown), element("2", "x".into())].into();
        let found = |b: &str| vec![element("2", b.into()), element("1", "y".into())].into();
        assert!(of.is_satisfied(&expected, &found("x")));
        assert!(!of.is_satisfied(&expected, &found("z")));
    }
}
