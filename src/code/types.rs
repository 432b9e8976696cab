//! Types of values, as Terraform tells them apart.

use super::typed::Typed;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The type of a value, or what a variable asks for.
#[derive(Debug, Clone)]
pub(super) enum Type {
    /// Any: of a value, that its type is not known.
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
    /// Its type.
    pub of: Type,
    /// Whether a value may leave it out, and what it is then.
    pub optional: Option<Rc<Typed>>,
}

impl From<Type> for Attribute {
    fn from(of: Type) -> Self {
        Self { of, optional: None }
    }
}

/// Whether two attributes may be left out makes no two types of them.
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
    /// The list type of such elements.
    pub(super) fn list(element: Self) -> Self {
        Self::List(Rc::new(element))
    }

    /// The set type of such elements.
    pub(super) fn set(element: Self) -> Self {
        Self::Set(Rc::new(element))
    }

    /// The map type of such elements.
    pub(super) fn map(element: Self) -> Self {
        Self::Map(Rc::new(element))
    }

    /// The object type of such attributes.
    pub(super) fn object(attributes: impl IntoIterator<Item = (String, Self)>) -> Self {
        let attributes = attributes.into_iter();
        Self::Object(Rc::new(
            attributes.map(|(name, of)| (name, of.into())).collect(),
        ))
    }

    /// Whether it is a text, a number or a truth value.
    pub(super) fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }

    /// Whether any part of it is not known.
    pub(super) fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_any(),
            Self::Tuple(elements) => elements.iter().any(Self::has_any),
            Self::Object(attributes) => attributes.values().any(|attribute| attribute.of.has_any()),
        }
    }

    /// The type of the elements of a collection.
    pub(super) fn element(&self) -> Option<&Self> {
        match self {
            Self::List(element) | Self::Set(element) | Self::Map(element) => Some(element),
            _ => None,
        }
    }

    /// The same without what its values may leave out.
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

    /// The type of a value that this one can turn out to have, as far as its parts are known: `Any` is whatever it meets.
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
