//! Computes what Terraform proposes to a provider: the configuration, and what was read where the configuration says
//! nothing.

use super::schema::{Block, BlockNesting, NestedBlock};
use super::value::canonical;
use crate::model::{Type, Value, ValueMap};

/// Returns the proposed state of a resource that exists.
pub fn proposed(block: &Block, prior: &Value, config: &Value) -> Value {
    if config.is_null() || matches!(config, Value::Unknown) {
        return config.clone();
    }
    let mut out = ValueMap::new();
    for (name, attribute) in &block.attributes {
        let asked = config.get(name);
        let value = match attribute.computed && asked.is_null() {
            true => prior.get(name),
            false => asked,
        };
        out.insert(name.clone(), value.clone());
    }
    for (name, nested) in &block.blocks {
        let value = proposed_nested(nested, prior.get(name), config.get(name));
        out.insert(name.clone(), value);
    }
    Value::Map(out)
}

fn proposed_nested(nested: &NestedBlock, prior: &Value, config: &Value) -> Value {
    let block = &nested.block;
    match (nested.nesting, config) {
        (BlockNesting::List, Value::List(items)) => {
            let known = prior.as_list().unwrap_or_default();
            let item = |(at, item)| {
                let prior = known.get(at).unwrap_or(&Value::Null);
                proposed(block, prior, item)
            };
            Value::List(items.iter().enumerate().map(item).collect())
        }
        (BlockNesting::Set, Value::List(items)) => {
            let known = prior.as_list().unwrap_or_default();
            let mut left: Vec<_> = known
                .iter()
                .map(|prior| (canonical(block, prior), prior))
                .collect();
            let item = |item: &Value| {
                let form = canonical(block, item);
                let found = left
                    .iter()
                    .position(|(prior, _)| may_become(block, prior, &form));
                let prior = found.map(|at| left.remove(at).1);
                proposed(block, prior.unwrap_or(&Value::Null), item)
            };
            Value::List(items.iter().map(item).collect())
        }
        (BlockNesting::Map, Value::Map(entries)) => {
            let entry = |(key, value): (&String, &Value)| {
                (key.clone(), proposed(block, prior.get(key), value))
            };
            Value::Map(entries.iter().map(entry).collect())
        }
        (BlockNesting::Single | BlockNesting::Group, config) => proposed(block, prior, config),
        (_, config) => config.clone(),
    }
}

/// Returns whether an element of a set could be this one of the configuration: equal but for what the provider sets and
/// the configuration leaves out. Sets in it must be equal, as Terraform has it: nothing tells which of their elements
/// belong together.
fn may_become(block: &Block, prior: &Value, config: &Value) -> bool {
    let mut attributes = block.attributes.iter();
    let mut blocks = block.blocks.iter();
    attributes.all(|(name, attribute)| {
        let (prior, asked) = (prior.get(name), config.get(name));
        let may_differ = attribute.computed && !matches!(attribute.ty, Type::Set(_));
        asked == prior || may_differ && asked.is_null()
    }) && blocks.all(|(name, nested)| {
        let (prior, config) = (prior.get(name), config.get(name));
        match (nested.nesting, prior, config) {
            (BlockNesting::List, Value::List(prior), Value::List(config)) => {
                let mut pairs = prior.iter().zip(config);
                prior.len() == config.len()
                    && pairs.all(|(prior, config)| may_become(&nested.block, prior, config))
            }
            (BlockNesting::Single | BlockNesting::Group, Value::Map(_), Value::Map(_)) => {
                may_become(&nested.block, prior, config)
            }
            _ => prior == config,
        }
    })
}
