//! Builds the configuration that a plan starts from: the evaluated code where it is known, else the recorded state, cut
//! down to the names that the code writes.

use super::schema::{Attribute, Block, BlockNesting, NestedBlock};
use crate::model::{DeclaredResource, Number, Type, Value, ValueMap};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// The configuration of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The values.
    pub value: Value,
    /// Whether there is evaluated code at all.
    pub is_code: bool,
    /// The top-level names whose values are the evaluated code's; those of the others are the state's.
    pub evaluated: BTreeSet<String>,
}

/// Builds the configuration. Without evaluated code it is the whole state, as far as code could set it.
pub fn configuration(
    block: &Block,
    declared: Option<&DeclaredResource>,
    recorded: &Value,
) -> Configuration {
    let mut value = ValueMap::new();
    let mut evaluated = BTreeSet::new();
    for (name, attribute) in &block.attributes {
        let is_set_elsewhere = !attribute.is_settable() || attribute.write_only;
        let found = match declared {
            _ if is_set_elsewhere || (name == "id" && attribute.computed) => Some(Value::Null),
            None => None,
            Some(declared) => of_code(attribute, &declared.value(name)),
        };
        if found.is_some() && declared.is_some() {
            evaluated.insert(name.clone());
        }
        let found = found.unwrap_or_else(|| recorded.get(name).clone());
        value.insert(name.clone(), found);
    }
    for (name, nested) in &block.blocks {
        let code = declared.map(|declared| declared.value(name));
        let found = code.as_ref().and_then(|code| nested_of_code(nested, code));
        if found.is_some() {
            evaluated.insert(name.clone());
        }
        let recorded = recorded.get(name);
        let found = found.unwrap_or_else(|| narrowed_nested(nested, recorded, code.as_ref()));
        value.insert(name.clone(), found);
    }
    Configuration {
        value: Value::Map(value),
        is_code: declared.is_some(),
        evaluated,
    }
}

/// Builds a provider's configuration from what the operator wrote. Messages quote no value.
pub(super) fn operators_own(block: &Block, written: &Json) -> Result<Value, String> {
    let written = Value::from(written.clone());
    let entries = written.as_map().ok_or("it is no table")?;
    let mut out = ValueMap::new();
    for (name, value) in entries {
        let attribute = block.attributes.get(name);
        let nested = block.blocks.get(name);
        let found = match (attribute, nested) {
            (Some(attribute), _) if attribute.is_settable() => convert(&attribute.ty, value),
            (None, Some(nested)) => nested_of_code(nested, value),
            _ => return Err(format!("it has no setting `{name}`")),
        };
        let found = found.ok_or_else(|| format!("`{name}` has another type there"))?;
        out.insert(name.clone(), found);
    }
    Ok(Value::Map(out))
}

/// Converts a value of the code; `None` where the code alone does not determine it, or it is a secret.
fn of_code(attribute: &Attribute, code: &Value) -> Option<Value> {
    convert(&attribute.ty, code)
}

/// Converts a value to a type, as Terraform does.
pub fn convert(ty: &Type, value: &Value) -> Option<Value> {
    match (ty, value) {
        (_, Value::Null) => Some(Value::Null),
        (_, Value::Unknown | Value::Secret(_)) => None,
        // A policy without the tokens that it shares is not what the code says.
        (_, Value::String(_)) if value.has_secret() => None,
        (Type::Bool, Value::Bool(_))
        | (Type::Number, Value::Number(_))
        | (Type::String, Value::String(_)) => Some(value.clone()),
        (Type::Bool, Value::String(text)) => text.parse().ok().map(Value::Bool),
        (Type::Number, Value::String(text)) => Number::parse(text).map(Value::Number),
        (Type::String, Value::Bool(flag)) => Some(flag.to_string().into()),
        (Type::String, Value::Number(number)) => Some(number.to_string().into()),
        (Type::List(inner) | Type::Set(inner), Value::List(items)) => {
            let items = items.iter().map(|item| convert(inner, item));
            Some(Value::List(items.collect::<Option<_>>()?))
        }
        (Type::Map(inner), Value::Map(entries)) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| Some((key.clone(), convert(inner, value)?)));
            Some(Value::Map(entries.collect::<Option<_>>()?))
        }
        (Type::Object(parts), Value::Map(entries)) => {
            let parts = parts.iter().map(|(key, ty)| {
                let value = entries.get(key).unwrap_or(&Value::Null);
                Some((key.clone(), convert(ty, value)?))
            });
            Some(Value::Map(parts.collect::<Option<_>>()?))
        }
        // Attributes that code writes as blocks may hold a single object.
        (Type::Dynamic, value) if !value.has_unknown() && !value.has_secret() => {
            Some(value.clone())
        }
        _ => None,
    }
}

/// Converts the blocks of the code, which are a list of maps whatever their nesting.
fn nested_of_code(nested: &NestedBlock, code: &Value) -> Option<Value> {
    let block = &nested.block;
    match (nested.nesting, code) {
        (_, Value::Unknown | Value::Secret(_)) => None,
        (BlockNesting::List | BlockNesting::Set, Value::Null) => Some(Value::List(Vec::new())),
        (BlockNesting::List | BlockNesting::Set, Value::List(items)) => {
            let items = items.iter().map(|item| block_of_code(block, item));
            Some(Value::List(items.collect::<Option<_>>()?))
        }
        (BlockNesting::List | BlockNesting::Set, item @ Value::Map(_)) => {
            Some(Value::List(vec![block_of_code(block, item)?]))
        }
        (BlockNesting::Single | BlockNesting::Group, Value::Null) => Some(Value::Null),
        (BlockNesting::Single | BlockNesting::Group, Value::List(items)) => {
            match items.as_slice() {
                [] => Some(Value::Null),
                [item] => block_of_code(block, item),
                _ => None,
            }
        }
        (BlockNesting::Single | BlockNesting::Group, item) => block_of_code(block, item),
        (BlockNesting::Map, Value::Null) => Some(Value::Map(ValueMap::new())),
        // The labels of the blocks are not part of what the code's evaluation returns.
        _ => None,
    }
}

fn block_of_code(block: &Block, code: &Value) -> Option<Value> {
    let entries = code.as_map()?;
    let mut out = ValueMap::new();
    for (name, attribute) in &block.attributes {
        let code = entries.get(name).unwrap_or(&Value::Null);
        let value = match attribute.is_settable() && !attribute.write_only {
            true => of_code(attribute, code)?,
            false => Value::Null,
        };
        out.insert(name.clone(), value);
    }
    for (name, nested) in &block.blocks {
        let code = entries.get(name).unwrap_or(&Value::Null);
        out.insert(name.clone(), nested_of_code(nested, code)?);
    }
    Some(Value::Map(out))
}

/// Returns the recorded blocks, with the names that the code writes alone; `None` stands for code that was not evaluated.
fn narrowed_nested(nested: &NestedBlock, recorded: &Value, code: Option<&Value>) -> Value {
    let code = code.filter(|code| !matches!(code, Value::Unknown | Value::Secret(_)));
    match recorded {
        Value::List(items) => {
            let written = code.and_then(Value::as_list);
            let item = |(at, item)| {
                let code = written.and_then(|written| written.get(at).or(written.last()));
                narrowed(&nested.block, item, code)
            };
            match written {
                Some([]) => Value::List(Vec::new()),
                _ => Value::List(items.iter().enumerate().map(item).collect()),
            }
        }
        Value::Map(entries) if nested.nesting == BlockNesting::Map => {
            let entries = entries.iter();
            let entries =
                entries.map(|(key, value)| (key.clone(), narrowed(&nested.block, value, None)));
            Value::Map(entries.collect())
        }
        Value::Map(_) => {
            let code = match code {
                Some(Value::List(items)) => items.first(),
                code => code,
            };
            narrowed(&nested.block, recorded, code)
        }
        other => other.clone(),
    }
}

fn narrowed(block: &Block, recorded: &Value, code: Option<&Value>) -> Value {
    let code = code.and_then(Value::as_map);
    let writes =
        |name: &str| code.is_none_or(|code| code.get(name).is_some_and(|value| !value.is_null()));
    let mut out = ValueMap::new();
    for (name, attribute) in &block.attributes {
        let is_kept = attribute.is_settable() && !attribute.write_only && writes(name);
        let value = if is_kept {
            recorded.get(name).clone()
        } else {
            Value::Null
        };
        out.insert(name.clone(), value);
    }
    for (name, nested) in &block.blocks {
        let inner = code.map(|code| {
            let written = code.get(name).cloned();
            written.unwrap_or(Value::List(Vec::new()))
        });
        let value = narrowed_nested(nested, recorded.get(name), inner.as_ref());
        out.insert(name.clone(), value);
    }
    Value::Map(out)
}
