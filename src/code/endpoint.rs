//! What `moved`, `removed` and `import` blocks name: a resource, an instance of one, or a module.

use crate::model::{Address, Key, ModuleStep};
use hcl_edit::expr::{Expression, TraversalOperator};

/// What a call is called in an address.
pub(super) const MODULE: &str = "module";

/// The address that a block names, relative to the module that the block stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The calls that lead to it; the last one is the module itself where no resource is named.
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
    /// `module.a["x"].aws_x.b[0]`, where keys are written out; none where it is no address.
    pub(super) fn literal(expression: &Expression) -> Option<Self> {
        Self::new(expression, &|index| match index {
            Expression::String(name) => Some(Key::Name(name.value().clone())),
            Expression::Number(number) => number.value().as_u64().map(Key::Index),
            _ => None,
        })
    }

    /// The same, where `key` tells which key the expression in brackets is.
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

    /// The address of the instance that it names; none where it is a module.
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

/// The names in an address, each with the key behind it.
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
