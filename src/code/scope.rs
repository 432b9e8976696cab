//! Resolves the names in an expression.

use super::budget::{Budget, Excess, MAX_VALUE_DEPTH};
use super::computed_entries::ComputedEntries;
use super::context::Context;
use super::element::{Element, ElementKey};
use super::expression;
use super::fault::{Fault, Invalid};
use super::file::File;
use super::flattened::FlatItem;
use super::folder::ModuleFolder;
use super::instance::Instance;
use super::literal::Literal;
use super::respell;
use super::size::Size;
use super::typed::Typed;
use crate::model::{Key, Uneditable, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// The values that are copied for one step of work.
const COPIED: usize = 32;

/// The deepest nesting of expressions and locals.
const MAX_DEPTH: usize = 200;

/// The reference that replaces an unknown part in generated code.
pub(super) const UNKNOWN_PART: &str = "terragrunt_unknown.value.here";

/// Resolves the names in an expression.
#[derive(Debug, Clone)]
pub(super) struct Scope<'a> {
    /// The module instance.
    pub instance: Rc<Instance<'a>>,
    /// The file.
    pub file: &'a File,
    /// The collection of `for_each`, and the current key.
    pub each: Option<Each<'a>>,
    names: Names,
    /// The elements that variables of `for` and `dynamic` stand for, where a value is traced; innermost first.
    elements: Option<Rc<NamedElement<'a>>>,
    /// Whether only these names are defined, as in a template.
    is_closed: bool,
    /// Whether strings are generated code, in which a reference replaces an unknown part.
    names_unknown: bool,
    depth: usize,
}

/// A name that is bound to an element.
#[derive(Debug)]
struct NamedElement<'a> {
    name: String,
    element: Element<'a>,
    outer: Option<Rc<NamedElement<'a>>>,
}

/// `each`, `count` and the variables of `for`, innermost first.
#[derive(Debug, Clone, Default)]
struct Names(Option<Rc<Name>>);

#[derive(Debug)]
struct Name {
    bound: Bindings,
    outer: Names,
}

/// Names that are bound together, such as the variables of a template.
#[derive(Debug)]
enum Bindings {
    One(String, Rc<Typed>),
    All(BTreeMap<String, Rc<Typed>>),
}

impl Bindings {
    fn get(&self, name: &str) -> Option<&Rc<Typed>> {
        match self {
            Self::One(own, value) => (own == name).then_some(value),
            Self::All(values) => values.get(name),
        }
    }
}

/// The `each` of an instance.
#[derive(Debug, Clone)]
pub(super) struct Each<'a> {
    /// The collection.
    pub collection: Rc<Collection<'a>>,
    /// The key of this instance.
    pub key: Rc<str>,
}

impl<'a> Each<'a> {
    /// Returns the element of this instance.
    pub(super) fn element(&self) -> Element<'a> {
        Element {
            collection: self.collection.clone(),
            key: ElementKey::Name(self.key.clone()),
            is_of_block: false,
        }
    }
}

/// The collection of a `for_each`.
#[derive(Debug)]
pub(super) struct Collection<'a> {
    /// Its expression.
    pub expression: &'a Expression,
    /// Its scope.
    pub scope: Scope<'a>,
    /// The literal map behind it, once it was traced.
    pub literal: OnceCell<Result<Literal<'a>, Uneditable>>,
    /// The entries that `for` makes, or that it is merged from, item by item of a list, once they were looked for.
    pub computed: OnceCell<Option<ComputedEntries<'a>>>,
    /// The items of the flattened list that it is, once they were looked for.
    pub flattened: OnceCell<Option<Vec<FlatItem<'a>>>>,
}

/// Runs an evaluation in an empty module of this path, where no reference is defined.
pub(super) fn alone<T>(
    path: &str,
    file: &File,
    context: &Rc<Context<'_>>,
    ask: impl FnOnce(&Scope<'_>) -> T,
) -> T {
    let nothing = ModuleFolder::new(path, Vec::new());
    let empty = Instance::root(&nothing, BTreeMap::new(), context);
    ask(&empty.scope(file))
}

impl<'a> Collection<'a> {
    pub(super) fn new(scope: &Scope<'a>, expression: &'a Expression) -> Self {
        Self {
            expression,
            scope: scope.clone(),
            literal: OnceCell::new(),
            computed: OnceCell::new(),
            flattened: OnceCell::new(),
        }
    }
}

impl<'a> Scope<'a> {
    pub(super) fn new(instance: Rc<Instance<'a>>, file: &'a File) -> Self {
        Self {
            instance,
            file,
            each: None,
            names: Names::default(),
            elements: None,
            is_closed: false,
            names_unknown: false,
            depth: 0,
        }
    }

    /// Returns a scope with one more name.
    pub(super) fn with(&self, name: &str, value: Typed) -> Self {
        self.binding(Bindings::One(name.to_owned(), Rc::new(value)))
    }

    /// Returns a scope with these names.
    pub(super) fn with_all(&self, values: BTreeMap<String, Typed>) -> Self {
        let values = values.into_iter();
        let values = values.map(|(name, value)| (name, Rc::new(value)));
        self.binding(Bindings::All(values.collect()))
    }

    fn binding(&self, bound: Bindings) -> Self {
        let mut inner = self.clone();
        inner.names = Names(Some(Rc::new(Name {
            bound,
            outer: self.names.clone(),
        })));
        inner
    }

    /// Returns a scope in which a name stands for an element.
    pub(super) fn with_element(&self, name: &str, element: Element<'a>) -> Self {
        let mut inner = self.clone();
        inner.elements = Some(Rc::new(NamedElement {
            name: name.to_owned(),
            element,
            outer: self.elements.clone(),
        }));
        inner
    }

    /// Returns the element that a name is bound to.
    pub(super) fn element(&self, name: &str) -> Option<&Element<'a>> {
        let mut elements = self.elements.as_deref();
        while let Some(named) = elements {
            if named.name == name {
                return Some(&named.element);
            }
            elements = named.outer.as_deref();
        }
        None
    }

    /// Returns the element that the innermost variable of `for` or `dynamic` stands for.
    pub(super) fn innermost(&self) -> Option<&Element<'a>> {
        self.elements.as_ref().map(|named| &named.element)
    }

    /// Returns the value of `each`, `count` or a variable of `for`.
    pub(super) fn name(&self, name: &str) -> Option<&Rc<Typed>> {
        let mut names = &self.names;
        while let Some(found) = names.0.as_deref() {
            if let Some(value) = found.bound.get(name) {
                return Some(value);
            }
            names = &found.outer;
        }
        None
    }

    /// Returns a scope for one instance of a block with `count` or `for_each`.
    pub(super) fn at(&self, key: Option<&Key>, value: Typed) -> Self {
        match key {
            None => self.clone(),
            Some(Key::Index(index)) => {
                let index = Typed::count(usize::try_from(*index).unwrap_or(usize::MAX));
                self.with("count", Typed::object([("index", index)]))
            }
            Some(Key::Name(name)) => {
                let key = Typed::text(name.as_str());
                self.with("each", Typed::object([("key", key), ("value", value)]))
            }
        }
    }

    /// Returns a scope that is deeper by `depth`.
    pub(super) fn deeper(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// Returns a scope in which only its own names are defined.
    pub(super) fn closed(mut self) -> Self {
        self.is_closed = true;
        self
    }

    /// Returns a scope in which strings are generated code, and a reference replaces an unknown part.
    pub(super) fn naming_unknown(mut self) -> Self {
        self.names_unknown = true;
        self
    }

    /// Returns a scope in which a string with an unknown part is unknown.
    pub(super) fn leaving_unknown(mut self) -> Self {
        self.names_unknown = false;
        self
    }

    /// Returns whether a reference replaces an unknown part of a string.
    pub(super) fn names_unknown(&self) -> bool {
        self.names_unknown
    }

    /// Returns whether only its own names are defined.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns the depth of nesting.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the remaining budget.
    pub(super) fn budget(&self) -> &Budget {
        &self.instance.context.budget
    }

    /// Evaluates an expression. The value is unknown where it is not certain or would exceed a limit.
    ///
    /// # Errors
    /// Terraform refuses it.
    pub(super) fn value(&self, expression: &Expression) -> Result<Typed, Invalid> {
        let budget = self.budget();
        let mark = budget.mark();
        match self.evaluated(expression) {
            Ok((value, size)) => {
                budget.settle(mark, size.bytes);
                Ok(value)
            }
            Err(Fault::Invalid) => {
                budget.settle(mark, 0);
                // What is refused has no size that would tell what it cost. Once that is too much, all is unknown.
                match budget.work(1) {
                    Ok(()) => Err(Invalid),
                    Err(_) => Ok(Typed::UNKNOWN),
                }
            }
            Err(Fault::Excess(excess)) => {
                budget.settle(mark, 0);
                self.refuse(excess, expression);
                Ok(Typed::UNKNOWN)
            }
        }
    }

    /// Evaluates an expression. An invalid one is unknown.
    pub(super) fn known(&self, expression: &Expression) -> Typed {
        self.value(expression).unwrap_or(Typed::UNKNOWN)
    }

    /// Evaluates an expression to a value without types, as it is compared with state and AWS.
    pub(super) fn plain(&self, expression: &Expression) -> Value {
        let budget = self.budget();
        let mark = budget.mark();
        let value = self.known(expression);
        self.instance.note_made(&value);
        let plain = match budget.take(Size::of_typed(&value).bytes) {
            Ok(()) => value.plain(),
            Err(excess) => {
                self.refuse(excess, expression);
                Value::Unknown
            }
        };
        budget.settle(mark, Size::of(&plain).bytes);
        plain
    }

    fn evaluated(&self, expression: &Expression) -> Result<(Typed, Size), Fault> {
        if self.depth > MAX_DEPTH {
            return Err(Excess::Depth.into());
        }
        self.budget().work(0)?;
        let inner = self.clone().deeper(self.depth + 1);
        let value = expression::value(&inner, expression)?;
        let size = Size::of_typed(&value);
        self.budget().work(size.items)?;
        match size.depth > MAX_VALUE_DEPTH {
            true => Err(Excess::Depth.into()),
            false => Ok((value, size)),
        }
    }

    /// Returns a literal as written, since the parser may have lost digits.
    pub(super) fn written(&self, span: Option<Range<usize>>, parsed: &str) -> String {
        let written = self.file.text.get(span.unwrap_or_default());
        let double = |text: &str| text.parse::<f64>().ok();
        // A part of a policy is parsed apart, and stands elsewhere.
        let is_it = |text: &&str| {
            let is_same = double(text).is_some() && double(text) == double(parsed);
            is_same || (parsed == "0" && respell::is_too_large(text.as_bytes()))
        };
        written.filter(is_it).unwrap_or(parsed).to_owned()
    }

    /// Returns the values of duplicate keys in an object, which are evaluated although later entries replace them.
    pub(super) fn repeated(&self, object: Option<Range<usize>>) -> impl Iterator<Item = &'a str> {
        let brace = object.map_or(usize::MAX, |span| span.start);
        let all = &self.file.repeated;
        let first = all.partition_point(|repeated| repeated.object < brace);
        let own = all[first..].iter();
        let own = own.take_while(move |repeated| repeated.object == brace);
        own.filter_map(|repeated| self.file.text.get(repeated.value.clone()))
    }

    /// Records why an expression was not evaluated.
    pub(super) fn refuse(&self, excess: Excess, expression: &Expression) {
        self.refuse_at(excess, expression.span());
    }

    /// Records why a part of the file was not evaluated.
    pub(super) fn refuse_at(&self, excess: Excess, span: Option<Range<usize>>) {
        let at = span.map_or(0, |span| span.start);
        let (file, line) = (self.file.path_at(at), self.file.line(at));
        self.budget().report_excess(excess, file, line);
    }

    /// Copies a value.
    pub(super) fn copy(&self, value: &Typed) -> Result<Typed, Excess> {
        let size = Size::of_typed(value);
        self.budget().take(size.bytes)?;
        self.budget().work(size.items / COPIED)?;
        Ok(value.clone())
    }
}
