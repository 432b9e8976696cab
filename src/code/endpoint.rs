//! Parses the addresses in `moved`, `removed` and `import` blocks: a resource, a resource instance, or a module.

use crate::model::{Address, Key, ModuleStep};
use hcl_edit::expr::{Expression, TraversalOperator};

/// The word before the name of a call in an address.
pub(super) const MODULE: &str = "module";

/// An address in a block, relative to the module of the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The module calls that lead to it. Without a resource, the last one is the module itself.
    pub modules: Vec<ModuleStep>,
    /// The resource; none where it is a module.
    pub resource: Option<ResourceStep>,
}

/// A resource, or one instance of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourceStep {
    pub tf_type: String,
    pub name: String,
    pub key: Option<Key>,
}

impl Endpoint {
    /// Parses an address such as `module.a["x"].aws_x.b[0]` with literal keys; `None` where it is no address.
    pub(super) fn literal(expression: &Expression) -> Option<Self> {
        Self::new(expression, &|index| match index {
            Expression::String(name) => Some(Key::Name(name.value().clone())),
            Expression::Number(number) => number.value().as_u64().map(Key::Index),
            _ => None,
        })
    }

    /// Parses an address whose keys `key` evaluates.
    pub(super) fn new(
        expression: &Expression,
        key: &dyn Fn(&Expression) -> Option<Key>,
    ) -> Option<Self> {
        let mut parts = parts(expression, key)?.into_iter();
        let mut end = Self {
            modules: Vec::new(),
            resource: None,
        };
        while let Some((first, none)) = parts.next() {
            let (name, key) = parts.next()?;
            if none.is_some() {
                return None;
            }
            if first == MODULE {
                end.modules.push(ModuleStep { name, key });
                continue;
            }
            end.resource = Some(ResourceStep {
                tf_type: first,
                name,
                key,
            });
            return parts.next().is_none().then_some(end);
        }
        Some(end)
    }

    /// Returns the address of the instance; `None` where it is a module.
    pub(super) fn address(self) -> Option<Address> {
        let ResourceStep { tf_type, name, key } = self.resource?;
        Some(Address {
            modules: self.modules,
            tf_type,
            name,
            key,
        })
    }
}

/// Returns the names in an address, each with its key.
fn parts(
    expression: &Expression,
    key: &dyn Fn(&Expression) -> Option<Key>,
) -> Option<Vec<(String, Option<Key>)>> {
    let Expression::Traversal(traversal) = expression else {
        return None;
    };
    let mut parts = vec![(traversal.expr.as_variable()?.as_str().to_owned(), None)];
    for operator in &traversal.operators {
        let key = match operator.value() {
            TraversalOperator::GetAttr(name) => {
                parts.push((name.as_str().to_owned(), None));
                continue;
            }
            TraversalOperator::Index(index) => key(index)?,
            TraversalOperator::LegacyIndex(index) => Key::Index(*index.value()),
            _ => return None,
        };
        parts.last_mut()?.1 = Some(key);
    }
    Some(parts)
}
