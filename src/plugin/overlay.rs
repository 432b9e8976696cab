//! Lays what a native reader read over the recorded state, so that a provider can plan from it.

use super::configuration::convert;
use super::schema::{Block, BlockNesting};
use crate::model::{Attributes, Value};
use std::collections::BTreeSet;

/// A state as a native reader has it.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeState {
    /// The recorded state, with what was read over it.
    pub value: Value,
    /// The top-level names whose values do not have the type that the provider's schema tells.
    pub misfits: BTreeSet<String>,
}

/// Lays what was read over the recorded state. Secrets stay as they were recorded, and so do the elements of sets: nothing
/// tells which of them belong together.
pub fn lay_over(block: &Block, recorded: &Value, read: &Attributes) -> NativeState {
    let mut misfits = BTreeSet::new();
    let mut entries = recorded.as_map().cloned().unwrap_or_default();
    for (name, value) in read {
        let before = entries.get(name).unwrap_or(&Value::Null);
        match part(block, name, before, value) {
            Ok(Some(found)) => {
                entries.insert(name.clone(), found);
            }
            Ok(None) => {}
            Err(Misfit) => {
                misfits.insert(name.clone());
            }
        }
    }
    NativeState {
        value: Value::Map(entries),
        misfits,
    }
}

/// A value that does not have its schema's type.
struct Misfit;

/// Returns the value of a name of a block; `None` where it stays as it was recorded.
fn part(
    block: &Block,
    name: &str,
    recorded: &Value,
    read: &Value,
) -> Result<Option<Value>, Misfit> {
    if read.has_secret() || read.has_unknown() {
        return Ok(None);
    }
    if let Some(attribute) = block.attributes.get(name) {
        return convert(&attribute.ty, read).map(Some).ok_or(Misfit);
    }
    let Some(nested) = block.blocks.get(name) else {
        return Ok(None);
    };
    let inner = |recorded: &Value, read: &Value| -> Result<Value, Misfit> {
        let (Some(known), Some(read)) = (recorded.as_map(), read.as_map()) else {
            return Ok(recorded.clone());
        };
        let mut entries = known.clone();
        for (name, value) in read {
            let before = known.get(name).unwrap_or(&Value::Null);
            if let Some(found) = part(&nested.block, name, before, value)? {
                entries.insert(name.clone(), found);
            }
        }
        Ok(Value::Map(entries))
    };
    match (nested.nesting, recorded, read) {
        (BlockNesting::List, Value::List(known), Value::List(items))
            if known.len() == items.len() =>
        {
            let pairs = known.iter().zip(items);
            let items = pairs.map(|(known, item)| inner(known, item));
            Ok(Some(Value::List(items.collect::<Result<_, _>>()?)))
        }
        (BlockNesting::Single | BlockNesting::Group, Value::Map(_), Value::Map(_)) => {
            inner(recorded, read).map(Some)
        }
        _ => Ok(None),
    }
}
