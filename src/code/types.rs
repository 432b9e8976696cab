//! Represents Terraform's types.

use super::typed::Typed;
use crate::model::{OptionalAttribute, OptionalParts};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The type of a value, or a variable's type constraint.
#[derive(Debug, Clone)]
pub(super) enum Type {
    /// `any`; for a value, an unknown type.
    Any,
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// In order, all of one type.
    List(Rc<Type>),
    /// Each element once, all of one type.
    Set(Rc<Type>),
    /// By key, all of one type.
    Map(Rc<Type>),
    /// In order, each of its own type.
    Tuple(Rc<[Type]>),
    /// By name, each of its own type.
    Object(Rc<BTreeMap<String, Attribute>>),
}

/// An attribute of an object.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    /// The type.
    pub of: Type,
    /// The default of an optional attribute; `None` for a required one.
    pub optional: Option<Rc<Typed>>,
}

impl From<Type> for Attribute {
    fn from(of: Type) -> Self {
        Self { of, optional: None }
    }
}

/// Optional attributes and their defaults do not count in comparisons.
impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any)
            | (Self::Bool, Self::Bool)
            | (Self::Number, Self::Number)
            | (Self::String, Self::String) => true,
            (Self::List(left), Self::List(right))
            | (Self::Set(left), Self::Set(right))
            | (Self::Map(left), Self::Map(right)) => left == right,
            (Self::Tuple(left), Self::Tuple(right)) => left == right,
            (Self::Object(left), Self::Object(right)) => {
                Rc::ptr_eq(left, right)
                    || left.len() == right.len()
                        && left.iter().zip(right.iter()).all(
                            |((name, attribute), (other_name, other_attribute))| {
                                name == other_name && attribute.of == other_attribute.of
                            },
                        )
            }
            _ => false,
        }
    }
}

impl Eq for Type {}

impl Type {
    /// Returns the parts that a value of the type may leave out.
    pub(super) fn optional_parts(&self) -> OptionalParts {
        let mut parts = OptionalParts::default();
        match self {
            Self::List(of) | Self::Set(of) | Self::Map(of) => {
                let of = of.optional_parts();
                parts.of_elements = (!of.is_empty()).then(|| Box::new(of));
            }
            Self::Object(attributes) => {
                let attributes = attributes.iter().map(|(name, attribute)| {
                    let default = attribute.optional.as_ref();
                    let optional = OptionalAttribute {
                        default: default.map(|default| default.plain()),
                        parts: attribute.of.optional_parts(),
                    };
                    (name.clone(), optional)
                });
                let kept = attributes
                    .filter(|(_, found)| found.default.is_some() || !found.parts.is_empty());
                parts.attributes = kept.collect();
            }
            _ => {}
        }
        parts
    }

    /// Creates a list type.
    pub(super) fn list(element: Self) -> Self {
        Self::List(Rc::new(element))
    }

    /// Creates a set type.
    pub(super) fn set(element: Self) -> Self {
        Self::Set(Rc::new(element))
    }

    /// Creates a map type.
    pub(super) fn map(element: Self) -> Self {
        Self::Map(Rc::new(element))
    }

    /// Creates an object type.
    pub(super) fn object(attributes: impl IntoIterator<Item = (String, Self)>) -> Self {
        let attributes = attributes.into_iter();
        Self::Object(Rc::new(
            attributes.map(|(name, of)| (name, of.into())).collect(),
        ))
    }

    /// Returns whether it is `string`, `number` or `bool`.
    pub(super) fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }

    /// Returns whether any part of it is not known.
    pub(super) fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_any(),
            Self::Tuple(elements) => elements.iter().any(Self::has_any),
            Self::Object(attributes) => attributes.values().any(|attribute| attribute.of.has_any()),
        }
    }

    /// Returns the type of the elements of a collection.
    pub(super) fn element(&self) -> Option<&Self> {
        match self {
            Self::List(element) | Self::Set(element) | Self::Map(element) => Some(element),
            _ => None,
        }
    }

    /// Returns the type without optional attributes: that of its values.
    pub(super) fn of_values(&self) -> Self {
        match self {
            Self::List(element) => Self::list(element.of_values()),
            Self::Set(element) => Self::set(element.of_values()),
            Self::Map(element) => Self::map(element.of_values()),
            Self::Tuple(elements) => Self::Tuple(elements.iter().map(Self::of_values).collect()),
            Self::Object(attributes) => {
                let attributes = attributes.iter();
                Self::object(
                    attributes.map(|(name, attribute)| (name.clone(), attribute.of.of_values())),
                )
            }
            plain => plain.clone(),
        }
    }

    /// Returns whether an unknown type may turn out to be `other`: `Any` matches every type.
    pub(super) fn could_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(left), Self::List(right))
            | (Self::Set(left), Self::Set(right))
            | (Self::Map(left), Self::Map(right)) => left.could_be(right),
            (Self::Tuple(left), Self::Tuple(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right.iter())
                        .all(|(left, right)| left.could_be(right))
            }
            (Self::Object(left), Self::Object(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right.iter())
                        .all(|((name, left), (right_name, right))| {
                            name == right_name && left.of.could_be(&right.of)
                        })
            }
            (left, right) => left == right,
        }
    }
}
