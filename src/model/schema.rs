//! The schema of a resource type, as the pure stages need it.

use super::{Attributes, Resource, UnmanagedResource, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The pure half of a resource type: how to compare it, never how to read it.
#[derive(Debug)]
pub struct Schema {
    /// The attributes and blocks of the provider's schema.
    pub attributes: BTreeMap<String, Attribute>,
    /// The rules that the schema lacks, and the type's own file adds.
    pub rules: &'static TypeRules,
}

/// An attribute or block, in the provider's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's content.
    pub shape: Shape,
    /// Whether the code must set the attribute, wherever it sets the block around it.
    pub required: bool,
    /// Whether the code may set the attribute. Blocks always count as optional.
    pub optional: bool,
    /// Whether AWS sets the attribute where the code does not. The schema does not say it of blocks, which count as
    /// computed.
    pub computed: bool,
    /// Whether the value is never shown.
    pub sensitive: bool,
}

/// The content of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A value of this type.
    Plain(Type),
    /// Nested blocks, with attributes of their own.
    Block(Nesting, BTreeMap<String, Attribute>),
}

/// How often a block occurs, and whether its order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// At most once.
    Single,
    /// An ordered list.
    List,
    /// An unordered set.
    Set,
    /// A map by key.
    Map,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// Any type.
    Dynamic,
    /// An ordered list.
    List(Box<Type>),
    /// An unordered set without duplicates.
    Set(Box<Type>),
    /// A map by key.
    Map(Box<Type>),
    /// An object by attribute name.
    Object(BTreeMap<String, Type>),
}

/// The rules about a type that the provider's schema lacks.
#[derive(Debug)]
pub struct TypeRules {
    /// Attributes that another type may own: their drift is reported there.
    pub owners: &'static [Owner],
    /// Attributes whose items may be resources of their own.
    pub children: &'static [Children],
    /// Attributes and parts (`root_block_device.delete_on_termination`) that no API returns, or that are no
    /// configuration.
    pub never_read: &'static [&'static str],
    /// Attributes and blocks that take a call each: read only where the code or, where it was not evaluated, the state
    /// sets them.
    pub on_demand: &'static [&'static str],
    /// Optional and computed attributes and blocks (parts of them after a dot) in which a change matters even where the
    /// code leaves them out. Others are noise then.
    pub watched: &'static [&'static str],
    /// Optional and computed attributes and blocks that AWS or the provider changes by itself: where the code was not
    /// evaluated, a change is noise.
    pub settled: &'static [&'static str],
    /// Attributes and blocks that code can rarely set: where it was not evaluated, no plan shows a change.
    pub unseen: &'static [&'static str],
    /// Returns whether an attribute means nothing beside the others of its resource: then no plan shows a change.
    pub idle: fn(&str, &Resource) -> bool,
    /// Sets whose elements the provider identifies by these parts alone: a plan shows no change of the others.
    pub hashed: &'static [(&'static str, &'static [&'static str])],
    /// Normalizes equal forms of an attribute's value, given its path without indexes (`ingress.protocol`).
    pub normalize: fn(&str, Value) -> Value,
    /// Returns the attribute by which code writes what AWS has at a path, and its value, where that is another
    /// attribute.
    pub written_as: Option<WrittenAs>,
    /// Writes the command that deletes an unmanaged resource, from its attributes and its import id; the region is
    /// added.
    pub undo: Option<fn(&Attributes, &str) -> String>,
    /// How a resource of this type in a state claims an unmanaged one; by type and id by default.
    pub claims: Option<Claim>,
    /// The attributes of this type that name the parent and the part, and the other types that claim such parts,
    /// whether or not they are read.
    pub claimed_by: Option<([&'static str; 2], &'static [ClaimedBy])>,
    /// Converts an unmanaged child resource to this type.
    pub restated: Option<Restated>,
    /// Converts an unmanaged child resource to a block of this type's own attribute.
    pub inlined: Option<fn(&Attributes) -> Value>,
}

impl TypeRules {
    /// No rules.
    pub const NONE: Self = Self {
        owners: &[],
        children: &[],
        never_read: &[],
        on_demand: &[],
        watched: &[],
        settled: &[],
        unseen: &[],
        idle: |_, _| false,
        hashed: &[],
        normalize: |_, value| value,
        written_as: None,
        undo: None,
        claims: None,
        claimed_by: None,
        restated: None,
        inlined: None,
    };
}

/// Returns the attribute that code writes and its value, from a path and all attributes in AWS.
pub type WrittenAs = fn(&str, &Attributes) -> Option<(&'static str, Value)>;

/// Returns the attributes and the import id, from the parent's attribute and all attributes in AWS.
pub type Restated = fn(&str, &Attributes) -> Option<(Attributes, String)>;

/// How a resource claims an unmanaged one that has no id in AWS.
#[derive(Debug)]
pub struct Claim {
    /// The attribute that names the parent of both.
    pub parent: &'static str,
    /// Returns whether a resource of a state is the unmanaged one.
    pub is: fn(&Resource, &UnmanagedResource) -> bool,
}

/// Another type whose resources claim parts: `aws_iam_policy_attachment` those of all the roles that it lists.
#[derive(Debug)]
pub struct ClaimedBy {
    /// The other type.
    pub tf_type: &'static str,
    /// The other type's attribute that names the parent, or lists several.
    pub parents: &'static str,
    /// The other type's attribute that names the part, or lists several.
    pub parts: &'static str,
}

/// Another type that may own an attribute.
#[derive(Debug)]
pub struct Owner {
    /// The attribute.
    pub path: &'static str,
    /// The other type.
    pub tf_type: &'static str,
    /// The other type's attribute that names the parent, or lists several, by id or by the parent's attribute `key`.
    pub parent: &'static str,
    /// The parent's attribute that `parent` names: `id` for most, `name` for roles.
    pub key: &'static str,
    /// An attribute that the other resource must have to own this one: `("type", "ingress")`.
    pub when: Option<(&'static str, &'static str)>,
    /// How the items of the attribute are divided where the parent lists some itself; `None` where the other resource
    /// sets the whole attribute.
    pub items: Option<SharedItems>,
}

/// How a parent and other resources share the items of an attribute.
#[derive(Debug, Clone, Copy)]
pub struct SharedItems {
    /// Returns the items that the other resource sets, as the parent lists them.
    pub set_by: fn(&Attributes) -> Vec<Value>,
    /// Returns the first items without the second ones.
    pub without: fn(Vec<Value>, &[Value]) -> Vec<Value>,
}

impl Owner {
    /// Returns whether `sibling` is of the other type and belongs to `parent`.
    pub fn is(&self, sibling: &Resource, parent: &Resource) -> bool {
        let right = |(name, expected): (&str, &str)| sibling.text(name) == Some(expected);
        let mut parents = sibling.get(self.parent).texts();
        sibling.tf_type() == self.tf_type
            && self.when.is_none_or(right)
            && parents.any(|name| Some(name) == parent.text(self.key))
    }
}

/// An attribute whose items are findings of their own, unless the code lists them in the parent.
#[derive(Debug)]
pub struct Children {
    /// The attribute, such as `ingress`.
    pub path: &'static str,
    /// The type that an item is reported as.
    pub tf_type: &'static str,
}

/// The schemas of all types, by name. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Catalog(BTreeMap<String, Arc<Schema>>);

impl Catalog {
    /// Iterates over the types and their schemas, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Schema)> {
        let schemas = self.0.iter();
        schemas.map(|(name, schema)| (name.as_str(), schema.as_ref()))
    }

    /// Returns the catalog with these schemas in addition, or in place of those of the same types.
    #[must_use]
    pub fn with(&self, schemas: impl IntoIterator<Item = (String, Schema)>) -> Self {
        let mut catalog = self.clone();
        let schemas = schemas.into_iter();
        catalog
            .0
            .extend(schemas.map(|(name, schema)| (name, Arc::new(schema))));
        catalog
    }

    /// Returns the schema of a type, if DriftGuard reads it.
    pub fn get(&self, tf_type: &str) -> Option<&Schema> {
        self.0.get(tf_type).map(Arc::as_ref)
    }
}

impl FromIterator<(String, Schema)> for Catalog {
    fn from_iter<I: IntoIterator<Item = (String, Schema)>>(schemas: I) -> Self {
        Self::default().with(schemas)
    }
}
