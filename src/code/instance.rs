//! One instance of a module: its folder, and what its variables are set to.

use super::folder::{File, Folder};
use super::scope::Scope;
use super::{Names, Options, Recorded};
use crate::model::{Interrupt, ModuleStep, Source, Value};
use hcl_edit::expr::Expression;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What one evaluation may cost, in values and their items: a few seconds. Loops in loops and texts of texts would
/// take for ever.
const BUDGET: usize = 8_000_000;

/// One instance of a module.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    /// Its code.
    pub folder: &'a Folder<'a>,
    /// The calls that lead to it.
    pub path: Vec<ModuleStep>,
    /// What its variables are set to.
    pub variables: BTreeMap<String, Setting<'a>>,
    /// How many instances of this folder there are: a value in its code feeds them all.
    pub shared: bool,
    /// The workspace.
    pub workspace: String,
    /// What a state records of the resources that the code refers to.
    pub recorded: Recorded,
    /// The folders of the modules above it, outermost first.
    pub above: Vec<&'a str>,
    /// What the whole evaluation may still cost.
    left: Rc<Cell<usize>>,
    /// Ends the whole evaluation early.
    pub interrupt: Interrupt,
    locals: RefCell<BTreeMap<String, Local>>,
}

/// What a variable is set to, and by what.
#[derive(Debug, Clone)]
pub(super) struct Setting<'a> {
    /// Its value; unknown where it comes from outside, or is a secret.
    pub value: Value,
    /// The expression that sets it.
    pub by: Option<SetBy<'a>>,
}

/// What sets a variable.
#[derive(Debug, Clone)]
pub(super) enum SetBy<'a> {
    /// Its own default.
    Default(&'a File<'a>, &'a Expression),
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
    Evaluated(Value),
}

impl<'a> Instance<'a> {
    /// The root module.
    pub(super) fn root(
        folder: &'a Folder<'a>,
        variables: BTreeMap<String, Setting<'a>>,
        options: &Options,
    ) -> Rc<Self> {
        Rc::new(Self {
            folder,
            path: Vec::new(),
            variables,
            shared: false,
            workspace: match options.workspace.as_str() {
                "" => "default".to_owned(),
                named => named.to_owned(),
            },
            recorded: options.recorded.clone(),
            above: Vec::new(),
            left: Rc::new(Cell::new(BUDGET)),
            interrupt: options.interrupt.clone(),
            locals: RefCell::default(),
        })
    }

    /// A module that this one calls.
    pub(super) fn called(
        &self,
        folder: &'a Folder<'a>,
        step: ModuleStep,
        variables: BTreeMap<String, Setting<'a>>,
        shared: bool,
    ) -> Rc<Self> {
        let (mut path, mut above) = (self.path.clone(), self.above.clone());
        path.push(step);
        above.push(self.folder.path);
        Rc::new(Self {
            folder,
            path,
            variables,
            shared: self.shared || shared,
            workspace: self.workspace.clone(),
            recorded: self.recorded.clone(),
            above,
            left: self.left.clone(),
            interrupt: self.interrupt.clone(),
            locals: RefCell::default(),
        })
    }

    /// Takes from what the whole evaluation may cost; whether there was enough left.
    pub(super) fn spend(&self, cost: usize) -> bool {
        let left = self.left.get().checked_sub(cost);
        self.left.set(left.unwrap_or_default());
        left.is_some()
    }

    /// Whether the evaluation cost all that it may, or was ended from outside: then the rest is unknown.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0 || self.interrupt.is_raised()
    }

    /// A scope of its own for something in one of its files.
    pub(super) fn scope(self: &Rc<Self>, file: &'a File<'a>) -> Scope<'a> {
        Scope::new(self.clone(), file, Names::new())
    }

    /// The definition of a local value.
    pub(super) fn local(&self, name: &str) -> Option<(&'a File<'a>, &'a Expression)> {
        let mut locals = self.folder.locals();
        let found = locals.find(|(_, local)| local.key.as_str() == name);
        found.map(|(file, local)| (file, &local.value))
    }

    /// A local value, evaluated once; one that needs itself is unknown.
    pub(super) fn local_value(self: &Rc<Self>, name: &str, depth: usize) -> Value {
        match self.locals.borrow().get(name) {
            Some(Local::Evaluated(value)) => return value.clone(),
            Some(Local::Evaluating) => return Value::Unknown,
            None => {}
        }
        let Some((file, expression)) = self.local(name) else {
            return Value::Unknown;
        };
        self.locals
            .borrow_mut()
            .insert(name.to_owned(), Local::Evaluating);
        let value = self.scope(file).deeper(depth).value(expression);
        self.locals
            .borrow_mut()
            .insert(name.to_owned(), Local::Evaluated(value.clone()));
        value
    }
}
