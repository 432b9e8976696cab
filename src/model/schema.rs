//! What the pure stages need to know of a resource type.

use super::{Attributes, Resource, Unclaimed, Value};
use std::collections::BTreeMap;

/// The pure half of a resource type: how to compare it, never how to fetch it.
#[derive(Debug)]
pub struct Schema {
    /// What the provider's schema says, by attribute or block.
    pub attributes: BTreeMap<String, Attribute>,
    /// What it leaves out, and the type's own file adds.
    pub extra: &'static Extra,
}

/// One attribute or block, in the provider's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// What it holds.
    pub shape: Shape,
    /// The code must set it, wherever it sets the block around it.
    pub required: bool,
    /// The code may set it. Blocks always count as optional.
    pub optional: bool,
    /// AWS sets it where the code does not. Of blocks the schema does not say; they count as computed.
    pub computed: bool,
    /// Its value is never shown.
    pub sensitive: bool,
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A value of this type.
    Plain(Type),
    /// Nested blocks, with attributes of their own.
    Block(Nesting, BTreeMap<String, Attribute>),
}

/// How often a block stands, and whether its order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// At most once.
    Single,
    /// In order.
    List,
    /// In no order.
    Set,
    /// By key.
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
    /// Any.
    Dynamic,
    /// In order.
    List(Box<Type>),
    /// In no order, each element once.
    Set(Box<Type>),
    /// By key.
    Map(Box<Type>),
    /// By name.
    Object(BTreeMap<String, Type>),
}

/// What the provider's schema does not say of a type.
#[derive(Debug)]
pub struct Extra {
    /// Attributes that another type may own: drift in them is then found there.
    pub owners: &'static [Owner],
    /// Attributes whose parts may be resources of their own.
    pub children: &'static [Children],
    /// Attributes and parts (`root_block_device.delete_on_termination`) that no API answers, or that say
    /// nothing of the resource's configuration.
    pub never_read: &'static [&'static str],
    /// Attributes and blocks that cost a call each: read only where the code or, where it was not evaluated, the state sets
    /// them.
    pub on_demand: &'static [&'static str],
    /// Optional and computed attributes and blocks (parts of them after a dot) in which a change matters even where
    /// the code leaves them out. What is not listed here is then noise.
    pub watched: &'static [&'static str],
    /// Optional and computed attributes and blocks that AWS or the provider changes without anybody's doing: where the
    /// code was not evaluated, what changes there is noise.
    pub settled: &'static [&'static str],
    /// Attributes and blocks that code can seldom set: where it was not evaluated, a change there is one that no plan
    /// shows.
    pub unseen: &'static [&'static str],
    /// Sets whose elements the provider tells apart by these parts alone: a plan shows no change of the others.
    pub hashed: &'static [(&'static str, &'static [&'static str])],
    /// Brings the equal forms of an attribute's value to one: path without indexes (`ingress.protocol`), value.
    pub form: fn(&str, Value) -> Value,
    /// How code says what AWS has at a path, where it says it by another attribute: that one, and its value.
    pub written_as: Option<WrittenAs>,
    /// The command that takes away one that no state claims, from its attributes and its import id; the region is added.
    pub undo: Option<fn(&Attributes, &str) -> String>,
    /// How a resource of this type in a state claims what was found in AWS; by type and id where there is none.
    pub claims: Option<Claim>,
    /// The attributes of this type that name the parent and the part, and the types besides it that claim such parts,
    /// whether or not they are read.
    pub claimed_by: Option<([&'static str; 2], &'static [ClaimedBy])>,
    /// How a resource of this type would say what was found in AWS as a part of something.
    pub restated: Option<Restated>,
    /// How the blocks of this type's own attribute would say what was found in AWS as a resource.
    pub inlined: Option<fn(&Attributes) -> Value>,
}

impl Extra {
    /// Nothing to add.
    pub const NONE: Self = Self {
        owners: &[],
        children: &[],
        never_read: &[],
        on_demand: &[],
        watched: &[],
        settled: &[],
        unseen: &[],
        hashed: &[],
        form: |_, value| value,
        written_as: None,
        undo: None,
        claims: None,
        claimed_by: None,
        restated: None,
        inlined: None,
    };
}

/// From a path and everything that AWS has: the attribute that code writes it by, and its value.
pub type WrittenAs = fn(&str, &Attributes) -> Option<(&'static str, Value)>;

/// From the parent's attribute that it is a part of, and everything that AWS has: the attributes, and what
/// `terraform import` takes.
pub type Restated = fn(&str, &Attributes) -> Option<(Attributes, String)>;

/// How a resource claims what has no name of its own in AWS.
#[derive(Debug)]
pub struct Claim {
    /// The attribute that names what both are a part of.
    pub parent: &'static str,
    /// Whether a resource of a state is what was found.
    pub is: fn(&Resource, &Unclaimed) -> bool,
}

/// Another type whose resources claim parts: `aws_iam_policy_attachment` those of all the roles that it lists.
#[derive(Debug)]
pub struct ClaimedBy {
    /// The other type.
    pub tf_type: &'static str,
    /// Its attribute that names the parent, or lists several.
    pub parents: &'static str,
    /// Its attribute that names the part, or lists several.
    pub parts: &'static str,
}

/// Another type that may own an attribute.
#[derive(Debug)]
pub struct Owner {
    /// The attribute.
    pub path: &'static str,
    /// The other type.
    pub tf_type: &'static str,
    /// The other type's attribute that names the parent, by its id or by the attribute `key` of the parent.
    pub parent: &'static str,
    /// The parent's attribute that `parent` names: `id` for most, `name` for roles.
    pub key: &'static str,
    /// What the other resource must be set to, to own the attribute: `("type", "ingress")`.
    pub when: Option<(&'static str, &'static str)>,
}

impl Owner {
    /// Whether `sibling` is of the other type, and `parent` its parent.
    pub fn is(&self, sibling: &Resource, parent: &Resource) -> bool {
        let right = |(name, wanted): (&str, &str)| sibling.text(name) == Some(wanted);
        sibling.tf_type() == self.tf_type
            && self.when.is_none_or(right)
            && sibling.text(self.parent).is_some()
            && sibling.text(self.parent) == parent.text(self.key)
    }
}

/// An attribute whose parts are findings of their own, unless the code lists them in the parent.
#[derive(Debug)]
pub struct Children {
    /// The attribute, such as `ingress`.
    pub path: &'static str,
    /// The type that a part of it is reported as.
    pub tf_type: &'static str,
}

/// Every schema, by type name.
#[derive(Debug, Default)]
pub struct Catalog(BTreeMap<String, Schema>);

impl Catalog {
    /// Every type with its schema, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.0.iter().map(|(name, schema)| (name.as_str(), schema))
    }

    /// The schema of a type, where DriftGuard reads it.
    pub fn get(&self, tf_type: &str) -> Option<&Schema> {
        self.0.get(tf_type)
    }
}

impl FromIterator<(String, Schema)> for Catalog {
    fn from_iter<I: IntoIterator<Item = (String, Schema)>>(schemas: I) -> Self {
        Self(schemas.into_iter().collect())
    }
}
