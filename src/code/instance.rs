//! One instance of a module: its folder, and what its variables are set to.

use super::budget::{Budget, Excess};
use super::file::File;
use super::folder::Folder;
use super::scope::Scope;
use super::size::{self, ENTRY, MAP, Size};
use super::{Options, Recorded};
use crate::model::{ModuleStep, SecretTexts, Source, Value, is_secret_name};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

/// What all instances of one evaluation share.
#[derive(Debug)]
pub(super) struct Context {
    /// What the evaluation may still cost.
    pub budget: Budget,
    /// The workspace.
    pub workspace: String,
    /// What a state records of the resources that the code refers to.
    pub recorded: Recorded,
}

impl Context {
    /// The context of an evaluation.
    pub(super) fn new(options: &Options) -> Rc<Self> {
        Rc::new(Self {
            budget: Budget::new(&options.shared, &options.interrupt),
            workspace: match options.workspace.as_str() {
                "" => "default".to_owned(),
                named => named.to_owned(),
            },
            recorded: options.recorded.clone(),
        })
    }
}

/// One instance of a module.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    /// Its code.
    pub folder: &'a Folder<'a>,
    /// The calls that lead to it.
    pub path: Vec<ModuleStep>,
    /// What its variables are set to.
    pub variables: BTreeMap<&'a str, Setting<'a>>,
    /// The call that it is an instance of; none for the root module.
    pub call: Option<Caller<'a>>,
    /// The folders of the modules above it, outermost first.
    pub above: Vec<&'a str>,
    /// What it shares with all others.
    pub context: Rc<Context>,
    locals: RefCell<BTreeMap<&'a str, Local>>,
    /// The bytes that it holds.
    held: Cell<usize>,
}

/// A call, as one instance of its module sees it.
#[derive(Debug, Clone)]
pub(super) struct Caller<'a> {
    /// Where the arguments mean something.
    pub scope: Scope<'a>,
    /// The `module` block.
    pub block: &'a Block,
}

impl Caller<'_> {
    /// Where the block stands.
    pub(super) fn source(&self) -> Source {
        let span = self.block.span().unwrap_or_default();
        self.scope.file.source(span)
    }
}

/// What a variable is set to, and by what.
#[derive(Debug, Clone)]
pub(super) struct Setting<'a> {
    /// Its value; unknown where it comes from outside, or is a secret.
    pub value: Measured,
    /// The expression that sets it.
    pub by: Option<SetBy<'a>>,
}

/// A value that several may hold, and the bytes that it takes: measured once, however many instances share it.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    value: Rc<Value>,
    pub bytes: usize,
}

impl Measured {
    /// Measures a value.
    pub(super) fn new(value: Value) -> Self {
        let bytes = Size::of(&value).bytes;
        Self {
            value: Rc::new(value),
            bytes,
        }
    }

    /// The value, as it is shared.
    pub(super) fn shared(&self) -> Rc<Value> {
        self.value.clone()
    }
}

impl Deref for Measured {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl Setting<'_> {
    /// One that nothing certain is known of.
    pub(super) fn unknown() -> Self {
        Self {
            value: Measured::new(Value::Unknown),
            by: None,
        }
    }
}

/// What sets a variable.
#[derive(Debug, Clone)]
pub(super) enum SetBy<'a> {
    /// Its own default.
    Default(&'a File, &'a Expression),
    /// A file of variables.
    Tfvars(Rc<Given>),
    /// An argument of the call, to be evaluated where the call stands.
    Argument(Scope<'a>, &'a Expression),
}

/// A value in a file of variables: where it stands, and where its entries do.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub source: Source,
    pub entries: BTreeMap<String, Rc<Given>>,
}

/// A local value: being evaluated, or evaluated.
#[derive(Debug, Clone)]
enum Local {
    Evaluating,
    Evaluated(Rc<Value>),
}

impl<'a> Instance<'a> {
    /// The root module.
    pub(super) fn root(
        folder: &'a Folder<'a>,
        variables: BTreeMap<&'a str, Setting<'a>>,
        context: &Rc<Context>,
    ) -> Rc<Self> {
        Rc::new(Self {
            folder,
            path: Vec::new(),
            variables,
            call: None,
            above: Vec::new(),
            context: context.clone(),
            locals: RefCell::default(),
            held: Cell::new(0),
        })
    }

    /// A module that this one calls.
    pub(super) fn called(
        &self,
        folder: &'a Folder<'a>,
        step: ModuleStep,
        variables: BTreeMap<&'a str, Setting<'a>>,
        call: Caller<'a>,
    ) -> Rc<Self> {
        let (mut path, mut above) = (self.path.clone(), self.above.clone());
        path.push(step);
        above.push(self.folder.path);
        Rc::new(Self {
            folder,
            path,
            variables,
            call: Some(call),
            above,
            context: self.context.clone(),
            locals: RefCell::default(),
            held: Cell::new(0),
        })
    }

    /// The call in the root module that leads to it.
    pub(super) fn first_call(&self) -> Option<Source> {
        let mut call = self.call.as_ref()?;
        while let Some(outer) = &call.scope.instance.call {
            call = outer;
        }
        Some(call.source())
    }

    /// Counts the bytes that it holds, its variables' values included.
    ///
    /// # Errors
    /// When there is not that much left.
    pub(super) fn hold(&self) -> Result<(), Excess> {
        let setting = |setting: &Setting<'_>| ENTRY + setting.value.bytes;
        let variables: usize = self.variables.values().map(setting).sum();
        let above = size_of_val(self.above.as_slice());
        let maps = MAP * 2 * usize::from(!self.variables.is_empty()) + MAP;
        self.keep(size_of::<Self>() + size::steps(&self.path) + above + variables + maps)
    }

    fn keep(&self, bytes: usize) -> Result<(), Excess> {
        self.context.budget.keep(bytes)?;
        self.held.set(self.held.get() + bytes);
        Ok(())
    }

    /// A scope of its own for something in one of its files.
    pub(super) fn scope(self: &Rc<Self>, file: &'a File) -> Scope<'a> {
        Scope::new(self.clone(), file)
    }

    /// The definition of a local value.
    pub(super) fn local(&self, name: &str) -> Option<(&'a File, &'a Expression)> {
        self.folder.locals.get(name).copied()
    }

    /// A local value, evaluated once; one that needs itself is unknown.
    pub(super) fn local_value(self: &Rc<Self>, name: &str, depth: usize) -> Rc<Value> {
        let unknown = || Rc::new(Value::Unknown);
        match self.locals.borrow().get(name) {
            Some(Local::Evaluated(value)) => return value.clone(),
            Some(Local::Evaluating) => return unknown(),
            None => {}
        }
        let Some((name, (file, expression))) = self.folder.locals.get_key_value(name) else {
            return unknown();
        };
        self.locals.borrow_mut().insert(name, Local::Evaluating);
        let budget = &self.context.budget;
        let mark = budget.mark();
        let scope = self.scope(file);
        let mut value = scope.clone().deeper(depth).value(expression);
        budget.settle(mark, 0);
        if let Err(excess) = self.keep(Size::of(&value).bytes) {
            scope.refuse(excess, expression);
            value = Value::Unknown;
        }
        let value = Rc::new(value);
        let evaluated = Local::Evaluated(value.clone());
        self.locals.borrow_mut().insert(name, evaluated);
        value
    }

    /// Adds the texts that are secrets by the names of its variables, local values and outputs, or of their parts.
    pub(super) fn tell_secrets(self: &Rc<Self>, texts: &mut SecretTexts) {
        for (name, setting) in &self.variables {
            texts.add(name, &setting.value);
        }
        // Others are told as far as something asked for them: to evaluate them may be dear.
        for name in self
            .folder
            .locals
            .keys()
            .filter(|name| is_secret_name(name))
        {
            self.local_value(name, 0);
        }
        for (file, block) in self.folder.blocks("output") {
            let name = block.labels.first().map(|name| name.as_str());
            let name = name.filter(|name| is_secret_name(name));
            if let (Some(name), Some(output)) = (name, block.body.get_attribute("value")) {
                let mark = self.context.budget.mark();
                texts.add(name, &self.scope(file).value(&output.value));
                self.context.budget.settle(mark, 0);
            }
        }
        for (name, local) in self.locals.borrow().iter() {
            if let Local::Evaluated(value) = local {
                texts.add(name, value);
            }
        }
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        self.context.budget.release(self.held.get());
    }
}
