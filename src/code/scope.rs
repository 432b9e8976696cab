//! What a name means where an expression stands.

use super::folder::File;
use super::instance::Instance;
use super::{Names, expression};
use crate::model::{Key, Value};
use hcl_edit::expr::Expression;
use std::rc::Rc;

/// How deep expressions, locals and modules may lead into one another.
const DEEPEST: usize = 200;

/// What a name means where an expression stands.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// The module instance that it stands in.
    pub instance: Rc<Instance<'a>>,
    /// The file that it stands in.
    pub file: &'a File<'a>,
    /// `each`, `count`, `self` and the variables of `for`.
    pub names: Rc<Names>,
    /// The collection that `each` walks, and the key it is at.
    pub each: Option<Rc<Each<'a>>>,
    depth: usize,
}

/// What `each` walks.
#[derive(Debug, Clone)]
pub(super) struct Each<'a> {
    /// The collection's expression, where it stands.
    pub collection: &'a Expression,
    /// Where it stands.
    pub scope: Scope<'a>,
    /// The key of this instance.
    pub key: String,
}

impl<'a> Scope<'a> {
    pub(super) fn new(instance: Rc<Instance<'a>>, file: &'a File<'a>, names: Names) -> Self {
        Self {
            instance,
            file,
            names: Rc::new(names),
            each: None,
            depth: 0,
        }
    }

    /// The same with more names.
    pub(super) fn with(&self, names: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut all = (*self.names).clone();
        all.extend(names);
        Self {
            names: Rc::new(all),
            ..self.clone()
        }
    }

    /// The same for one instance of a block with `count` or `for_each`.
    pub(super) fn at(&self, key: Option<&Key>, value: Value) -> Self {
        match key {
            None => self.clone(),
            Some(Key::Index(index)) => {
                let index = i64::try_from(*index).unwrap_or(i64::MAX);
                self.with([(
                    "count".to_owned(),
                    Value::map([("index", Value::from(index))]),
                )])
            }
            Some(Key::Name(name)) => {
                let each = Value::map([("key", Value::from(name.as_str())), ("value", value)]);
                self.with([("each".to_owned(), each)])
            }
        }
    }

    /// The same, so much deeper.
    pub(super) fn deeper(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// How deep this is.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// What an expression is; unknown where that is not certain.
    pub(super) fn value(&self, expression: &Expression) -> Value {
        if self.depth > DEEPEST || self.instance.is_spent() {
            return Value::Unknown;
        }
        let inner = self.clone().deeper(self.depth + 1);
        let value = expression::value(&inner, expression);
        if self.instance.spend(weight(&value)) {
            value
        } else {
            Value::Unknown
        }
    }
}

/// How many bytes of text cost as much as an item.
const TEXT: usize = 16;

/// What making a value cost.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / TEXT,
        Value::List(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Map(entries) => 1 + entries.values().map(weight).sum::<usize>(),
        _ => 1,
    }
}
