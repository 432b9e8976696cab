//! Holds one module instance: its folder, and the values of its variables.

use super::budget::{Budget, Excess};
use super::context::Context;
use super::dangling;
use super::file::File;
use super::folder::{ModuleFolder, ModuleIndex};
use super::scope::Scope;
use super::size::{self, ENTRY, MAP, Size};
use super::terragrunt::ConfigScope;
use super::typed::Typed;
use super::types::Type;
use super::variable::is_sensitive;
use crate::model::{ModuleStep, Source};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

/// One instance of a module.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    /// Its code.
    pub folder: &'a ModuleFolder<'a>,
    /// The calls that lead to it.
    pub path: Vec<ModuleStep>,
    /// The settings of its variables.
    pub variables: BTreeMap<&'a str, Setting<'a>>,
    /// The call that it is an instance of; none for the root module.
    pub call: Option<Caller<'a>>,
    /// The folders of the modules above it, outermost first.
    pub above: Vec<&'a str>,
    /// The data shared with all other instances.
    pub context: Rc<Context<'a>>,
    /// All modules; `None` where no module can be called.
    pub folders: Option<&'a ModuleIndex<'a>>,
    /// The place where a Terragrunt unit could set each variable that it leaves to its default.
    pub new_inputs: BTreeMap<String, Source>,
    /// The scope of a Terragrunt configuration's functions; `None` in Terraform code.
    pub config: Option<Rc<ConfigScope>>,
    locals: RefCell<BTreeMap<&'a str, Local>>,
    outputs: RefCell<BTreeMap<&'a str, Local>>,
    /// The instances of the modules that it calls and whose outputs it refers to; `None` while they are being created.
    modules: RefCell<BTreeMap<&'a str, Option<Modules<'a>>>>,
    /// The bytes that it holds.
    held: Cell<usize>,
    /// Whether its secret variables were recorded.
    pub(super) are_variables_noted: Cell<bool>,
}

/// The call that created a module instance.
#[derive(Debug, Clone)]
pub(super) struct Caller<'a> {
    /// The scope of the arguments.
    pub scope: Scope<'a>,
    /// The `module` block.
    pub block: &'a Block,
}

impl Caller<'_> {
    /// Returns the location of the block.
    pub(super) fn source(&self) -> Source {
        let span = self.block.span().unwrap_or_default();
        self.scope.file.source(span)
    }
}

/// The value of a variable, and the expression that sets it.
#[derive(Debug, Clone)]
pub(super) struct Setting<'a> {
    /// Its value; unknown where it is set outside the code, or is a secret.
    pub value: Measured,
    /// The expression that sets it.
    pub by: Option<SetBy<'a>>,
}

/// A shared value with its size, which is measured once however many instances share it.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    value: Rc<Typed>,
    pub bytes: usize,
}

impl Measured {
    /// Measures a value.
    pub(super) fn new(value: Typed) -> Self {
        let bytes = Size::of_typed(&value).bytes;
        Self {
            value: Rc::new(value),
            bytes,
        }
    }

    /// Returns the value, copied where it is shared.
    ///
    /// # Errors
    /// The budget has no memory for a copy.
    pub(super) fn own(self, budget: &Budget) -> Result<Typed, Excess> {
        Rc::try_unwrap(self.value).or_else(|shared| {
            budget.take(self.bytes)?;
            Ok((*shared).clone())
        })
    }

    /// Returns the shared value.
    pub(super) fn shared(&self) -> Rc<Typed> {
        self.value.clone()
    }
}

impl Deref for Measured {
    type Target = Typed;

    fn deref(&self) -> &Typed {
        &self.value
    }
}

impl Setting<'_> {
    /// Marks each text of the value as made from a part of a secret, where `is_secret`.
    pub(super) fn marked(self, is_secret: bool) -> Self {
        match is_secret {
            true => Self {
                value: Measured::new((*self.value).clone().of_secret()),
                ..self
            },
            false => self,
        }
    }

    /// Creates a value of which only the type is known.
    pub(super) fn unknown(of: &Type) -> Self {
        Self {
            value: Measured::new(Typed::Unknown(of.of_values())),
            by: None,
        }
    }
}

/// The expression that sets a variable.
#[derive(Debug, Clone)]
pub(super) enum SetBy<'a> {
    /// Its own default.
    Default(&'a File, &'a Expression),
    /// A file of variables.
    FileValue(Rc<FileValue>),
    /// An argument of the call, evaluated in the scope of the call, or an input of a Terragrunt unit.
    Argument(Scope<'a>, &'a Expression),
    /// The merged inputs of a Terragrunt unit at this place, where no single expression sets it.
    Inputs(Rc<str>),
}

/// The location of a value in a file of variables or a data file, and those of its entries or items.
#[derive(Debug, Clone)]
pub(super) struct FileValue {
    pub source: Source,
    pub entries: BTreeMap<String, Rc<FileValue>>,
    pub items: Vec<Rc<FileValue>>,
}

/// The instances of one call.
type Modules<'a> = Rc<[Rc<Instance<'a>>]>;

/// A local value or an output: being evaluated, or evaluated.
#[derive(Debug, Clone)]
enum Local {
    Evaluating,
    Evaluated(Rc<Typed>),
}

impl<'a> Instance<'a> {
    /// Returns the root module.
    pub(super) fn root(
        folder: &'a ModuleFolder<'a>,
        variables: BTreeMap<&'a str, Setting<'a>>,
        context: &Rc<Context<'a>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            folder,
            path: Vec::new(),
            variables,
            call: None,
            above: Vec::new(),
            context: context.clone(),
            folders: None,
            new_inputs: BTreeMap::new(),
            config: None,
            locals: RefCell::default(),
            outputs: RefCell::default(),
            modules: RefCell::default(),
            held: Cell::new(0),
            are_variables_noted: Cell::new(false),
        })
    }

    /// Adds the modules that it may call.
    pub(super) fn calling(mut self: Rc<Self>, folders: &'a ModuleIndex<'a>) -> Rc<Self> {
        if let Some(own) = Rc::get_mut(&mut self) {
            own.folders = Some(folders);
        }
        self
    }

    /// Makes it the root module of a Terragrunt unit.
    pub(super) fn of_unit(mut self: Rc<Self>, new_inputs: BTreeMap<String, Source>) -> Rc<Self> {
        if let Some(own) = Rc::get_mut(&mut self) {
            own.new_inputs = new_inputs;
        }
        self
    }

    /// Makes it a Terragrunt configuration.
    pub(super) fn configured(mut self: Rc<Self>, config: Rc<ConfigScope>) -> Rc<Self> {
        if let Some(own) = Rc::get_mut(&mut self) {
            own.config = Some(config);
        }
        self
    }

    /// Creates an instance of a module that this one calls.
    pub(super) fn called(
        &self,
        folder: &'a ModuleFolder<'a>,
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
            folders: self.folders,
            new_inputs: BTreeMap::new(),
            config: None,
            locals: RefCell::default(),
            outputs: RefCell::default(),
            modules: RefCell::default(),
            held: Cell::new(0),
            are_variables_noted: Cell::new(false),
        })
    }

    /// Returns the location of the root module's call that leads to it.
    pub(super) fn first_call(&self) -> Option<Source> {
        let mut call = self.call.as_ref()?;
        while let Some(outer) = &call.scope.instance.call {
            call = outer;
        }
        Some(call.source())
    }

    /// Returns the names of the calls that lead to it.
    pub(super) fn names(&self) -> Vec<&str> {
        self.path.iter().map(|step| step.name.as_str()).collect()
    }

    /// Returns the folder of the root module.
    pub(super) fn root_folder(&self) -> &'a str {
        self.above.first().copied().unwrap_or(self.folder.path)
    }

    /// Returns its folder, as Terraform writes it: relative to the root module.
    pub(super) fn path_from_root(&self) -> String {
        relative(self.root_folder(), self.folder.path)
    }

    /// Counts its bytes, including the values of its variables.
    ///
    /// # Errors
    /// The budget has less left.
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

    /// Creates a scope for an expression in one of its files.
    pub(super) fn scope(self: &Rc<Self>, file: &'a File) -> Scope<'a> {
        Scope::new(self.clone(), file)
    }

    /// Returns the definition of a local value.
    pub(super) fn local(&self, name: &str) -> Option<(&'a File, &'a Expression)> {
        self.folder.locals.get(name).copied()
    }

    /// Evaluates a local value once. One that depends on itself is unknown.
    pub(super) fn local_value(self: &Rc<Self>, name: &str, depth: usize) -> Rc<Typed> {
        match self.folder.locals.get_key_value(name) {
            Some((name, defined)) => self.once(&self.locals, name, *defined, depth),
            None => Rc::new(Typed::UNKNOWN),
        }
    }

    /// Evaluates an output once. One that depends on itself is unknown, and so is a sensitive one.
    pub(super) fn output(self: &Rc<Self>, name: &str, depth: usize) -> Option<Rc<Typed>> {
        let (name, (file, block)) = self.folder.outputs.get_key_value(name)?;
        let value = block.body.get_attribute("value")?;
        if is_sensitive(&block.body) {
            return Some(Rc::new(Typed::UNKNOWN));
        }
        Some(self.once(&self.outputs, name, (file, &value.value), depth))
    }

    fn once(
        self: &Rc<Self>,
        known: &RefCell<BTreeMap<&'a str, Local>>,
        name: &'a str,
        (file, expression): (&'a File, &'a Expression),
        depth: usize,
    ) -> Rc<Typed> {
        match known.borrow().get(name) {
            Some(Local::Evaluated(value)) => return value.clone(),
            Some(Local::Evaluating) => return Rc::new(Typed::UNKNOWN),
            None => {}
        }
        known.borrow_mut().insert(name, Local::Evaluating);
        let budget = &self.context.budget;
        let mark = budget.mark();
        let scope = self.scope(file);
        let mut value = dangling::apart(&self.context, || {
            scope.clone().deeper(depth).known(expression)
        });
        budget.settle(mark, 0);
        if let Err(excess) = self.keep(Size::of_typed(&value).bytes) {
            scope.refuse(excess, expression);
            value = Typed::UNKNOWN;
        }
        self.note_secrets(name, &value);
        let value = Rc::new(value);
        known
            .borrow_mut()
            .insert(name, Local::Evaluated(value.clone()));
        value
    }

    /// Returns the instances of a call that are kept.
    pub(super) fn kept_modules(&self, name: &str) -> Option<Modules<'a>> {
        self.modules.borrow().get(name).cloned().flatten()
    }

    /// Returns the instances of a call, and creates them first where that was not done. Returns `None` while they are
    /// being created: the call then depends on itself.
    pub(super) fn keep_modules(
        &self,
        name: &'a str,
        make: impl FnOnce() -> Vec<Rc<Self>>,
    ) -> Option<Modules<'a>> {
        if let Some(kept) = self.modules.borrow().get(name) {
            return kept.clone();
        }
        self.modules.borrow_mut().insert(name, None);
        let modules: Modules<'a> = dangling::apart(&self.context, make).into();
        let kept = Some(modules.clone());
        self.modules.borrow_mut().insert(name, kept);
        Some(modules)
    }
}

/// Returns a folder relative to another.
pub(super) fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let both = from.iter().zip(&to);
    let common = both.take_while(|(left, right)| left == right).count();
    let up = from.iter().skip(common).map(|_| "..".to_owned());
    let path: Vec<String> = up.chain(to.iter().skip(common).cloned()).collect();
    match path.as_slice() {
        [] => ".".to_owned(),
        path => path.join("/"),
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        self.context.budget.release(self.held.get());
    }
}
