//! The schemas that a provider tells of its resource types.

use super::wire::{Attribute5, Attribute6, Block5, Block6, NestedType, Schema5, Schema6};
use crate::model::{self, Nesting, Shape, Type};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// How deep types and blocks may be nested.
const MAX_DEPTH: usize = 64;
/// The longest type of an attribute, as JSON: each two bytes of it may become a value in memory.
const MAX_TYPE: usize = 1 << 20;

/// The schema of a resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSchema {
    /// The version of the states that the provider records.
    pub version: i64,
    /// The attributes and blocks.
    pub block: Block,
}

/// A block: its attributes and the blocks in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// The attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The nested blocks by name.
    pub blocks: BTreeMap<String, NestedBlock>,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The type.
    pub ty: Type,
    /// Whether code must set it.
    pub required: bool,
    /// Whether code may set it.
    pub optional: bool,
    /// Whether the provider sets it where the code does not.
    pub computed: bool,
    /// Whether it is never shown.
    pub sensitive: bool,
    /// Whether it is never recorded.
    pub write_only: bool,
}

impl Attribute {
    /// Returns whether code can set it.
    pub fn is_settable(&self) -> bool {
        self.required || self.optional
    }
}

/// A nested block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedBlock {
    /// How often it occurs.
    pub nesting: BlockNesting,
    /// Its content.
    pub block: Block,
}

/// How often a block occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockNesting {
    /// At most once.
    Single,
    /// Once, with defaults where the code leaves it out.
    Group,
    /// Ordered.
    List,
    /// Unordered.
    Set,
    /// By key.
    Map,
}

/// A schema that DriftGuard does not understand: the type is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider describes `{place}` in a way that DriftGuard does not understand")]
pub struct BadSchema {
    /// The attribute or block.
    place: String,
}

impl BadSchema {
    /// Creates the error for an attribute or block whose schema is not understood.
    pub(super) fn of(place: &str) -> Self {
        Self {
            place: place.to_owned(),
        }
    }
}

fn bad(place: &str) -> BadSchema {
    BadSchema::of(place)
}

impl TypeSchema {
    /// Reads a schema of protocol 5.
    ///
    /// # Errors
    /// Names the attribute or block that is not understood.
    pub fn of_v5(schema: &Schema5) -> Result<Self, BadSchema> {
        let block = schema.block.as_ref().map(|block| block5(block, MAX_DEPTH));
        Ok(Self {
            version: schema.version,
            block: block.transpose()?.unwrap_or_default(),
        })
    }

    /// Reads a schema of protocol 6.
    ///
    /// # Errors
    /// Names the attribute or block that is not understood.
    pub fn of_v6(schema: &Schema6) -> Result<Self, BadSchema> {
        let block = schema.block.as_ref().map(|block| block6(block, MAX_DEPTH));
        Ok(Self {
            version: schema.version,
            block: block.transpose()?.unwrap_or_default(),
        })
    }

    /// Returns the attributes in the form in which the pure stages compare and edit them.
    pub fn attributes(&self) -> BTreeMap<String, model::Attribute> {
        attributes(&self.block)
    }
}

fn block5(block: &Block5, depth: usize) -> Result<Block, BadSchema> {
    let attribute = |found: &Attribute5| {
        let attribute = Attribute {
            ty: type_of_json(&found.name, &found.r#type)?,
            required: found.required,
            optional: found.optional,
            computed: found.computed,
            sensitive: found.sensitive,
            write_only: found.write_only,
        };
        Ok((found.name.clone(), attribute))
    };
    let mut blocks = BTreeMap::new();
    for nested in &block.block_types {
        let name = &nested.type_name;
        let below = depth.checked_sub(1).ok_or_else(|| bad(name))?;
        let content = nested.block.as_ref().map(|block| block5(block, below));
        let content = content.transpose()?.unwrap_or_default();
        blocks.insert(name.clone(), nested_block(name, nested.nesting, content)?);
    }
    Ok(Block {
        attributes: block
            .attributes
            .iter()
            .map(attribute)
            .collect::<Result<_, _>>()?,
        blocks,
    })
}

fn block6(block: &Block6, depth: usize) -> Result<Block, BadSchema> {
    let mut blocks = BTreeMap::new();
    for nested in &block.block_types {
        let name = &nested.type_name;
        let below = depth.checked_sub(1).ok_or_else(|| bad(name))?;
        let content = nested.block.as_ref().map(|block| block6(block, below));
        let content = content.transpose()?.unwrap_or_default();
        blocks.insert(name.clone(), nested_block(name, nested.nesting, content)?);
    }
    let attributes = block.attributes.iter();
    let attributes = attributes.map(|found| Ok((found.name.clone(), attribute6(found, depth)?)));
    Ok(Block {
        attributes: attributes.collect::<Result<_, _>>()?,
        blocks,
    })
}

fn attribute6(found: &Attribute6, depth: usize) -> Result<Attribute, BadSchema> {
    let depth = depth.checked_sub(1).ok_or_else(|| bad(&found.name))?;
    let ty = match &found.nested_type {
        Some(nested) => type_of_nested(&found.name, nested, depth)?,
        None => type_of_json(&found.name, &found.r#type)?,
    };
    Ok(Attribute {
        ty,
        required: found.required,
        optional: found.optional,
        computed: found.computed,
        // A secret anywhere in it makes all of it one: a nested type has no mark of its own here.
        sensitive: found.sensitive || found.nested_type.as_ref().is_some_and(has_secret),
        write_only: found.write_only,
    })
}

fn has_secret(nested: &NestedType) -> bool {
    let mut attributes = nested.attributes.iter();
    attributes.any(|found| found.sensitive || found.nested_type.as_ref().is_some_and(has_secret))
}

fn type_of_nested(name: &str, nested: &NestedType, depth: usize) -> Result<Type, BadSchema> {
    let attributes = nested.attributes.iter();
    let attributes = attributes.map(|found| Ok((found.name.clone(), attribute6(found, depth)?.ty)));
    let object = Type::Object(attributes.collect::<Result<_, _>>()?);
    match nested.nesting {
        1 => Ok(object),
        2 => Ok(Type::List(Box::new(object))),
        3 => Ok(Type::Set(Box::new(object))),
        4 => Ok(Type::Map(Box::new(object))),
        _ => Err(bad(name)),
    }
}

fn nested_block(name: &str, nesting: i32, block: Block) -> Result<NestedBlock, BadSchema> {
    let nesting = match nesting {
        1 => BlockNesting::Single,
        2 => BlockNesting::List,
        3 => BlockNesting::Set,
        4 => BlockNesting::Map,
        5 => BlockNesting::Group,
        _ => return Err(bad(name)),
    };
    Ok(NestedBlock { nesting, block })
}

fn type_of_json(name: &str, bytes: &[u8]) -> Result<Type, BadSchema> {
    if bytes.len() > MAX_TYPE {
        return Err(bad(name));
    }
    let json: Json = serde_json::from_slice(bytes).map_err(|_| bad(name))?;
    type_of(&json).ok_or_else(|| bad(name))
}

/// Reads a type as Terraform writes it: `"string"`, `["map","string"]`, `["object",{...}]`.
fn type_of(json: &Json) -> Option<Type> {
    if let Some(name) = json.as_str() {
        return match name {
            "bool" => Some(Type::Bool),
            "number" => Some(Type::Number),
            "string" => Some(Type::String),
            "dynamic" => Some(Type::Dynamic),
            _ => None,
        };
    }
    let (kind, of) = match json.as_array()?.as_slice() {
        [kind, of] | [kind, of, _] => (kind.as_str()?, of),
        _ => return None,
    };
    let inner = || Some(Box::new(type_of(of)?));
    match kind {
        "list" => Some(Type::List(inner()?)),
        "set" => Some(Type::Set(inner()?)),
        "map" => Some(Type::Map(inner()?)),
        "object" => {
            let parts = of.as_object()?.iter();
            let parts = parts.map(|(name, of)| Some((name.clone(), type_of(of)?)));
            Some(Type::Object(parts.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn attributes(block: &Block) -> BTreeMap<String, model::Attribute> {
    let plain = block.attributes.iter().map(|(name, attribute)| {
        let attribute = model::Attribute {
            shape: Shape::Plain(attribute.ty.clone()),
            required: attribute.required,
            optional: attribute.is_settable(),
            computed: attribute.computed,
            sensitive: attribute.sensitive,
        };
        (name.clone(), attribute)
    });
    let blocks = block.blocks.iter().map(|(name, nested)| {
        let nesting = match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => Nesting::Single,
            BlockNesting::List => Nesting::List,
            BlockNesting::Set => Nesting::Set,
            BlockNesting::Map => Nesting::Map,
        };
        let attribute = model::Attribute {
            shape: Shape::Block(nesting, attributes(&nested.block)),
            required: false,
            optional: true,
            computed: true,
            sensitive: false,
        };
        (name.clone(), attribute)
    });
    plain.chain(blocks).collect()
}
