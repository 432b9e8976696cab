//! Knows which names are blocks in a resource type's configuration, because JSON does not distinguish them from
//! arguments.

use crate::model::{Attribute, Catalog, Shape};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The nested blocks of each resource type, by its name. Clones share them; the default has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NestedBlocks(Arc<BTreeMap<String, BlockNames>>);

/// The names of the blocks in a body, each with the blocks in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BlockNames(BTreeMap<String, BlockNames>);

impl NestedBlocks {
    /// Reads the nested blocks from the provider's schemas.
    pub fn of(catalog: &Catalog) -> Self {
        let types = catalog.iter();
        let types = types.map(|(name, schema)| (name.to_owned(), names(&schema.attributes)));
        Self(Arc::new(types.collect()))
    }

    /// Returns the blocks of a resource type.
    pub(super) fn of_type(&self, tf_type: &str) -> BlockNames {
        self.0.get(tf_type).cloned().unwrap_or_default()
    }
}

impl BlockNames {
    /// Creates blocks of these names, without nested blocks.
    pub(super) fn flat(names: &[&str]) -> Self {
        let names = names
            .iter()
            .map(|name| ((*name).to_owned(), Self::default()));
        Self(names.collect())
    }

    /// Adds a block with the blocks in it.
    pub(super) fn with(mut self, name: &str, inner: Self) -> Self {
        self.0.insert(name.to_owned(), inner);
        self
    }

    /// Returns the blocks in a block; `None` where the name is no block.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.0.get(name)
    }
}

fn names(attributes: &BTreeMap<String, Attribute>) -> BlockNames {
    let blocks = attributes
        .iter()
        .filter_map(|(name, attribute)| match &attribute.shape {
            Shape::Block(_, parts) => Some((name.clone(), names(parts))),
            Shape::Plain(_) => None,
        });
    BlockNames(blocks.collect())
}
