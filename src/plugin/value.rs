//! Encodes and decodes the values of a resource by its type's schema.

use super::msgpack::{self, MAX_PARTS, MsgpackError};
use super::schema::{Block, BlockNesting, NestedBlock};
use crate::model::{Number, Type, Value, ValueMap};

/// Why a value does not fit a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The bytes are no value.
    #[error("the provider's answer cannot be decoded: {0}")]
    Msgpack(#[from] MsgpackError),
    /// A part has another type than the schema tells.
    #[error("`{0}` does not have the type that the provider's schema tells")]
    Type(String),
    /// A secret was replaced already: the value cannot be sent.
    #[error("`{0}` is a secret that was replaced already")]
    Secret(String),
}

fn mismatch(name: &str) -> ValueError {
    ValueError::Type(name.to_owned())
}

/// Decodes a resource; `None` where it is null: it does not exist.
///
/// # Errors
/// When the bytes do not fit the schema.
pub fn decode(block: &Block, bytes: &[u8]) -> Result<Option<Value>, ValueError> {
    match msgpack::decode(bytes)? {
        Value::Null => Ok(None),
        value => conform_block(block, value, "").map(Some),
    }
}

/// Decodes a resource that a provider wrote as JSON.
///
/// # Errors
/// When the text does not fit the schema.
pub fn decode_json(block: &Block, text: &[u8]) -> Result<Option<Value>, ValueError> {
    // Each part but the first follows one of these; some stand in texts.
    let parts = text
        .iter()
        .filter(|byte| matches!(byte, b',' | b'[' | b'{'));
    if parts.count() > MAX_PARTS {
        return Err(MsgpackError::TooLarge.into());
    }
    let value: Value = serde_json::from_slice(text).map_err(|_| mismatch("the state"))?;
    match value {
        Value::Null => Ok(None),
        value => conform_block(block, value, "").map(Some),
    }
}

/// Gives a block every name of its schema, and its values their types.
fn conform_block(block: &Block, value: Value, name: &str) -> Result<Value, ValueError> {
    let mut entries = match value {
        Value::Map(entries) => entries,
        Value::Unknown => return Ok(Value::Unknown),
        _ => return Err(mismatch(name)),
    };
    let mut conformed = ValueMap::new();
    for (name, attribute) in &block.attributes {
        let value = entries.remove(name).unwrap_or_default();
        conformed.insert(name.clone(), conform(&attribute.ty, value, name)?);
    }
    for (name, nested) in &block.blocks {
        let value = entries.remove(name).unwrap_or_default();
        conformed.insert(name.clone(), conform_nested(nested, value, name)?);
    }
    match entries.into_keys().next() {
        None => Ok(Value::Map(conformed)),
        Some(unknown) => Err(mismatch(&unknown)),
    }
}

fn conform_nested(nested: &NestedBlock, value: Value, name: &str) -> Result<Value, ValueError> {
    let inner = |value| conform_block(&nested.block, value, name);
    match (nested.nesting, value) {
        (_, Value::Unknown) => Ok(Value::Unknown),
        (BlockNesting::List | BlockNesting::Set, Value::Null) => Ok(Value::List(Vec::new())),
        (BlockNesting::List | BlockNesting::Set, Value::List(items)) => {
            let items = items.into_iter().map(inner);
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        (BlockNesting::Map, Value::Null) => Ok(Value::Map(ValueMap::new())),
        (BlockNesting::Map, Value::Map(entries)) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(key, value)| Ok((key, inner(value)?)));
            Ok(Value::Map(entries.collect::<Result<_, ValueError>>()?))
        }
        (BlockNesting::Single | BlockNesting::Group, Value::Null) => Ok(Value::Null),
        (BlockNesting::Single | BlockNesting::Group, value) => inner(value),
        _ => Err(mismatch(name)),
    }
}

fn conform(ty: &Type, value: Value, name: &str) -> Result<Value, ValueError> {
    match (ty, value) {
        (_, value @ (Value::Null | Value::Unknown)) => Ok(value),
        (Type::Bool, value @ Value::Bool(_))
        | (Type::Number, value @ Value::Number(_))
        | (Type::String, value @ Value::String(_)) => Ok(value),
        // A number that fits no machine type travels as text.
        (Type::Number, Value::String(text)) => {
            let number = Number::parse(&text).ok_or_else(|| mismatch(name))?;
            Ok(Value::Number(number))
        }
        (Type::List(inner) | Type::Set(inner), Value::List(items)) => {
            let items = items.into_iter().map(|item| conform(inner, item, name));
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        (Type::Map(inner), Value::Map(entries)) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(key, value)| Ok((key, conform(inner, value, name)?)));
            Ok(Value::Map(entries.collect::<Result<_, ValueError>>()?))
        }
        (Type::Object(parts), Value::Map(mut entries)) => {
            let mut object = ValueMap::new();
            for (key, ty) in parts {
                let value = entries.remove(key).unwrap_or_default();
                object.insert(key.clone(), conform(ty, value, key)?);
            }
            match entries.into_keys().next() {
                None => Ok(Value::Map(object)),
                Some(unknown) => Err(mismatch(&unknown)),
            }
        }
        // The type and the value; in JSON an object of both.
        (Type::Dynamic, Value::List(mut parts)) if parts.len() == 2 => {
            Ok(parts.pop().unwrap_or_default())
        }
        (Type::Dynamic, Value::Map(mut parts)) if parts.contains_key("value") => {
            Ok(parts.remove("value").unwrap_or_default())
        }
        _ => Err(mismatch(name)),
    }
}

/// Encodes a resource: every name of the schema, null where the value lacks it.
///
/// # Errors
/// When the value does not fit the schema, or holds a secret that was replaced.
pub fn encode(block: &Block, value: &Value) -> Result<Vec<u8>, ValueError> {
    let mut out = Vec::new();
    match value {
        Value::Null => msgpack::null(&mut out),
        value => encode_block(block, value, "", &mut out)?,
    }
    Ok(out)
}

fn encode_block(
    block: &Block,
    value: &Value,
    name: &str,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    match value {
        Value::Unknown => msgpack::unknown(out),
        Value::Map(_) => {
            msgpack::map(out, block.attributes.len() + block.blocks.len());
            for (name, attribute) in &block.attributes {
                msgpack::text(out, name);
                encode_value(&attribute.ty, value.get(name), name, out)?;
            }
            for (name, nested) in &block.blocks {
                msgpack::text(out, name);
                encode_nested(nested, value.get(name), name, out)?;
            }
        }
        Value::Secret(_) => return Err(ValueError::Secret(name.to_owned())),
        _ => return Err(mismatch(name)),
    }
    Ok(())
}

fn encode_nested(
    nested: &NestedBlock,
    value: &Value,
    name: &str,
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    match (nested.nesting, value) {
        (_, Value::Unknown) => msgpack::unknown(out),
        (BlockNesting::List | BlockNesting::Set, Value::Null) => msgpack::list(out, 0),
        (BlockNesting::List | BlockNesting::Set, Value::List(items)) => {
            msgpack::list(out, items.len());
            for item in items {
                encode_block(&nested.block, item, name, out)?;
            }
        }
        (BlockNesting::Map, Value::Null) => msgpack::map(out, 0),
        (BlockNesting::Map, Value::Map(entries)) => {
            msgpack::map(out, entries.len());
            for (key, value) in entries {
                msgpack::text(out, key);
                encode_block(&nested.block, value, name, out)?;
            }
        }
        (BlockNesting::Single, Value::Null) => msgpack::null(out),
        (BlockNesting::Group, Value::Null) => {
            let empty = Value::Map(ValueMap::new());
            encode_block(&nested.block, &empty, name, out)?;
        }
        (BlockNesting::Single | BlockNesting::Group, value) => {
            encode_block(&nested.block, value, name, out)?;
        }
        (_, Value::Secret(_)) => return Err(ValueError::Secret(name.to_owned())),
        _ => return Err(mismatch(name)),
    }
    Ok(())
}

fn encode_value(ty: &Type, value: &Value, name: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    match (ty, value) {
        (_, Value::Null) => msgpack::null(out),
        (_, Value::Unknown) => msgpack::unknown(out),
        (_, Value::Secret(_)) => return Err(ValueError::Secret(name.to_owned())),
        (Type::Bool, Value::Bool(flag)) => msgpack::bool(out, *flag),
        (Type::Number, Value::Number(number)) => msgpack::number(out, number),
        (Type::String, Value::String(text)) => msgpack::text(out, text),
        (Type::List(inner) | Type::Set(inner), Value::List(items)) => {
            msgpack::list(out, items.len());
            for item in items {
                encode_value(inner, item, name, out)?;
            }
        }
        (Type::Map(inner), Value::Map(entries)) => {
            msgpack::map(out, entries.len());
            for (key, value) in entries {
                msgpack::text(out, key);
                encode_value(inner, value, name, out)?;
            }
        }
        (Type::Object(parts), Value::Map(_)) => {
            msgpack::map(out, parts.len());
            for (key, ty) in parts {
                msgpack::text(out, key);
                encode_value(ty, value.get(key), key, out)?;
            }
        }
        (Type::Dynamic, value) => {
            let ty = own_type(value);
            msgpack::list(out, 2);
            msgpack::bytes(out, ty.to_string().as_bytes());
            encode_own(value, name, out)?;
        }
        _ => return Err(mismatch(name)),
    }
    Ok(())
}

/// Returns the type that a value has by itself, as Terraform writes types.
fn own_type(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::List(items) => {
            let types: Vec<_> = items.iter().map(own_type).collect();
            serde_json::json!(["tuple", types])
        }
        Value::Map(entries) => {
            let types = entries
                .iter()
                .map(|(key, value)| (key.clone(), own_type(value)));
            let types: serde_json::Map<_, _> = types.collect();
            serde_json::json!(["object", types])
        }
        _ => "string".into(),
    }
}

fn encode_own(value: &Value, name: &str, out: &mut Vec<u8>) -> Result<(), ValueError> {
    match value {
        Value::List(items) => {
            msgpack::list(out, items.len());
            for item in items {
                encode_own(item, name, out)?;
            }
            Ok(())
        }
        Value::Map(entries) => {
            msgpack::map(out, entries.len());
            for (key, value) in entries {
                msgpack::text(out, key);
                encode_own(value, name, out)?;
            }
            Ok(())
        }
        Value::Bool(_) => encode_value(&Type::Bool, value, name, out),
        Value::Number(_) => encode_value(&Type::Number, value, name, out),
        value => encode_value(&Type::String, value, name, out),
    }
}

/// Sorts the elements of sets, at every depth, so that equal values are the same.
pub fn canonical(block: &Block, value: &Value) -> Value {
    let Value::Map(entries) = value else {
        return value.clone();
    };
    let part = |(name, value): (&String, &Value)| {
        let value = if let Some(attribute) = block.attributes.get(name) {
            canonical_value(&attribute.ty, value)
        } else if let Some(nested) = block.blocks.get(name) {
            canonical_nested(nested, value)
        } else {
            value.clone()
        };
        (name.clone(), value)
    };
    Value::Map(entries.iter().map(part).collect())
}

fn canonical_nested(nested: &NestedBlock, value: &Value) -> Value {
    match value {
        Value::List(items) => {
            let items = items.iter().map(|item| canonical(&nested.block, item));
            let mut items: Vec<_> = items.collect();
            if nested.nesting == BlockNesting::Set {
                items.sort();
                items.dedup();
            }
            Value::List(items)
        }
        Value::Map(entries) if nested.nesting == BlockNesting::Map => {
            let entries = entries.iter();
            let entries =
                entries.map(|(key, value)| (key.clone(), canonical(&nested.block, value)));
            Value::Map(entries.collect())
        }
        value => canonical(&nested.block, value),
    }
}

fn canonical_value(ty: &Type, value: &Value) -> Value {
    match (ty, value) {
        (Type::List(inner), Value::List(items)) => {
            let items = items.iter().map(|item| canonical_value(inner, item));
            Value::List(items.collect())
        }
        (Type::Set(inner), Value::List(items)) => {
            let items = items.iter().map(|item| canonical_value(inner, item));
            let mut items: Vec<_> = items.collect();
            items.sort();
            items.dedup();
            Value::List(items)
        }
        (Type::Map(inner), Value::Map(entries)) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| (key.clone(), canonical_value(inner, value)));
            Value::Map(entries.collect())
        }
        (Type::Object(parts), Value::Map(entries)) => {
            let entries = entries.iter().map(|(key, value)| {
                let ty = parts.get(key);
                let value = ty.map_or_else(|| value.clone(), |ty| canonical_value(ty, value));
                (key.clone(), value)
            });
            Value::Map(entries.collect())
        }
        (_, value) => value.clone(),
    }
}
