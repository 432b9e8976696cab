//! What a name means where an expression stands.

use super::budget::{Budget, DEEPEST_VALUE, Excess};
use super::expression;
use super::file::File;
use super::instance::Instance;
use super::literal::Literal;
use super::size::Size;
use crate::model::{Key, Uneditable, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use std::cell::OnceCell;
use std::rc::Rc;

/// How many values are copied for one step of work.
const COPIED: usize = 32;

/// How deep expressions and locals may lead into one another.
const DEEPEST: usize = 200;

/// What a name means where an expression stands.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// The module instance that it stands in.
    pub instance: Rc<Instance<'a>>,
    /// The file that it stands in.
    pub file: &'a File,
    /// The collection that `each` walks, and the key it is at.
    pub each: Option<Each<'a>>,
    names: Names,
    depth: usize,
}

/// `each`, `count` and the variables of `for`, innermost first.
#[derive(Debug, Clone, Default)]
struct Names(Option<Rc<Name>>);

#[derive(Debug)]
struct Name {
    name: String,
    value: Rc<Value>,
    outer: Names,
}

/// What `each` walks, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Each<'a> {
    /// The collection.
    pub collection: Rc<Collection<'a>>,
    /// The key of this instance.
    pub key: Rc<str>,
}

/// The collection of a `for_each`.
#[derive(Debug)]
pub(super) struct Collection<'a> {
    /// Its expression.
    pub expression: &'a Expression,
    /// Where it stands.
    pub scope: Scope<'a>,
    /// The literal map behind it, once that was looked for.
    pub literal: OnceCell<Result<Literal<'a>, Uneditable>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(instance: Rc<Instance<'a>>, file: &'a File) -> Self {
        Self {
            instance,
            file,
            each: None,
            names: Names::default(),
            depth: 0,
        }
    }

    /// The same with one more name.
    pub(super) fn with(&self, name: &str, value: Value) -> Self {
        let mut inner = self.clone();
        inner.names = Names(Some(Rc::new(Name {
            name: name.to_owned(),
            value: Rc::new(value),
            outer: self.names.clone(),
        })));
        inner
    }

    /// What a name of `each`, `count` or `for` stands for.
    pub(super) fn name(&self, name: &str) -> Option<&Rc<Value>> {
        let mut names = &self.names;
        while let Some(found) = names.0.as_deref() {
            if found.name == name {
                return Some(&found.value);
            }
            names = &found.outer;
        }
        None
    }

    /// The same for one instance of a block with `count` or `for_each`.
    pub(super) fn at(&self, key: Option<&Key>, value: Value) -> Self {
        match key {
            None => self.clone(),
            Some(Key::Index(index)) => {
                let index = i64::try_from(*index).unwrap_or(i64::MAX);
                self.with("count", Value::map([("index", Value::from(index))]))
            }
            Some(Key::Name(name)) => {
                let each = Value::map([("key", Value::from(name.as_str())), ("value", value)]);
                self.with("each", each)
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

    /// What the evaluation may still cost.
    pub(super) fn budget(&self) -> &Budget {
        &self.instance.context.budget
    }

    /// What an expression is; unknown where that is not certain, and where it would cost too much.
    pub(super) fn value(&self, expression: &Expression) -> Value {
        let budget = self.budget();
        let mark = budget.mark();
        match self.evaluated(expression) {
            Ok((value, size)) => {
                budget.settle(mark, size.bytes);
                value
            }
            Err(excess) => {
                budget.settle(mark, 0);
                self.refuse(excess, expression);
                Value::Unknown
            }
        }
    }

    fn evaluated(&self, expression: &Expression) -> Result<(Value, Size), Excess> {
        if self.depth > DEEPEST {
            return Err(Excess::Depth);
        }
        self.budget().work(0)?;
        let inner = self.clone().deeper(self.depth + 1);
        let value = expression::value(&inner, expression)?;
        let size = Size::of(&value);
        self.budget().work(size.items)?;
        match size.depth > DEEPEST_VALUE {
            true => Err(Excess::Depth),
            false => Ok((value, size)),
        }
    }

    /// Tells why an expression was not evaluated.
    pub(super) fn refuse(&self, excess: Excess, expression: &Expression) {
        let at = expression.span().map_or(0, |span| span.start);
        let (file, line) = (self.file.path_at(at), self.file.line(at));
        self.budget().refuse(excess, file, line);
    }

    /// A copy of a value that stays.
    pub(super) fn copy(&self, value: &Value) -> Result<Value, Excess> {
        let size = Size::of(value);
        self.budget().take(size.bytes)?;
        self.budget().work(size.items / COPIED)?;
        Ok(value.clone())
    }
}
