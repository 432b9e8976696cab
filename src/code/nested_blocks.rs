//! Which names are blocks in a type's configuration: in JSON nothing else tells them from arguments.

use crate::model::{Attribute, Catalog, Shape};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The nested blocks of each type, by its name. A clone shares with what it was cloned from; the default knows none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NestedBlocks(Arc<BTreeMap<String, BlockNames>>);

/// The names of the blocks in a body, each with those in its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BlockNames(BTreeMap<String, BlockNames>);

impl NestedBlocks {
    /// Those that the provider's schemas tell.
    pub fn of(catalog: &Catalog) -> Self {
        let types = catalog.iter();
        let types = types.map(|(name, schema)| (name.to_owned(), names(&schema.attributes)));
        Self(Arc::new(types.collect()))
    }

    /// The blocks of a resource type.
    pub(super) fn of_type(&self, tf_type: &str) -> BlockNames {
        self.0.get(tf_type).cloned().unwrap_or_default()
    }
}

impl BlockNames {
    /// Blocks of these names, with none in their own bodies.
    pub(super) fn flat(names: &[&str]) -> Self {
        let names = names
            .iter()
            .map(|name| ((*name).to_owned(), Self::default()));
        Self(names.collect())
    }

    /// The same with one more block, and the blocks in it.
    pub(super) fn with(mut self, name: &str, inner: Self) -> Self {
        self.0.insert(name.to_owned(), inner);
        self
    }

    /// The blocks in one of these; none where the name is no block.
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
