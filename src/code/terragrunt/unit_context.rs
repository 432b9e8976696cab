//! Holds what the evaluation of a unit's configurations shares, and the scope of their functions.

use crate::code::folder::Problem;
use crate::code::typed::Typed;
use crate::model::Tree;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The most configurations that a unit may read.
const MAX_CONFIGS: usize = 64;
/// The deepest nesting of configurations that read one another.
const MAX_DEPTH: usize = 16;

/// The two places of the repository. They differ in everything that a function can return of a path.
pub(super) const MACHINE_ROOTS: [&str; 2] = ["/srv/a", "/home/user/work/repository-b"];

/// The shared data of reading one unit's configurations.
#[derive(Debug)]
pub(in crate::code) struct UnitContext {
    /// The folder of the repository on the machine.
    pub(super) machine_root: &'static str,
    /// The environment; none on a server.
    pub(super) environment: Option<Arc<BTreeMap<String, String>>>,
    /// The configurations that are being read, outermost first.
    reading: RefCell<Vec<String>>,
    left: Cell<usize>,
    /// The configurations that `read_terragrunt_config` read.
    pub(super) known: RefCell<BTreeMap<String, Typed>>,
    problem: RefCell<Option<Problem>>,
    /// The parts that are not evaluated, by location.
    unusual: RefCell<BTreeSet<(String, String)>>,
    files: RefCell<BTreeSet<String>>,
}

impl UnitContext {
    pub(super) fn new(
        machine_root: &'static str,
        environment: Option<Arc<BTreeMap<String, String>>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            machine_root,
            environment,
            reading: RefCell::default(),
            left: Cell::new(MAX_CONFIGS),
            known: RefCell::default(),
            problem: RefCell::default(),
            unusual: RefCell::default(),
            files: RefCell::default(),
        })
    }

    /// Returns the path on the machine of a path in the repository.
    pub(super) fn on_machine(&self, path: &str) -> String {
        match path {
            "" => self.machine_root.to_owned(),
            path => format!("{}/{path}", self.machine_root),
        }
    }

    /// Returns the path in the repository of a path on the machine, or relative to a folder of the repository; `None`
    /// where it leads out of it.
    pub(in crate::code) fn in_repository(&self, folder: &str, path: &str) -> Option<String> {
        match path.strip_prefix(self.machine_root) {
            Some("") => Some(String::new()),
            Some(rest) if rest.starts_with('/') => Tree::join("", rest.trim_start_matches('/')),
            _ => Tree::join(folder, path),
        }
    }

    /// Records that a configuration is being read.
    ///
    /// # Errors
    /// It is being read already, or too many are.
    pub(super) fn begin(&self, path: &str) -> Result<(), String> {
        let mut reading = self.reading.borrow_mut();
        if reading.iter().any(|above| above == path) {
            let chain: Vec<_> = reading.iter().map(String::as_str).chain([path]).collect();
            return Err(format!(
                "the configurations lead back to themselves: {}",
                chain.join(", then ")
            ));
        }
        let left = self.left.get().checked_sub(1);
        let left = left.filter(|_| reading.len() < MAX_DEPTH).ok_or_else(|| {
            format!(
                "the configurations of this unit are more than {MAX_CONFIGS}, or read one another more than {MAX_DEPTH} deep"
            )
        })?;
        self.left.set(left);
        self.files.borrow_mut().insert(path.to_owned());
        reading.push(path.to_owned());
        Ok(())
    }

    /// Records that the innermost configuration was read.
    pub(super) fn end(&self) {
        self.reading.borrow_mut().pop();
    }

    /// Records why the unit cannot be evaluated. The first reason counts.
    pub(super) fn fail(&self, problem: Problem) {
        self.problem.borrow_mut().get_or_insert(problem);
    }

    /// Returns why the unit cannot be evaluated.
    pub(super) fn problem(&self) -> Option<Problem> {
        self.problem.borrow().clone()
    }

    /// Records a part that is not evaluated.
    pub(super) fn note_unusual(&self, place: String, what: String) {
        self.unusual.borrow_mut().insert((place, what));
    }

    /// Returns what is not evaluated, as parts of a sentence.
    pub(super) fn unusual(&self) -> Vec<String> {
        let unusual = self.unusual.borrow();
        let parts = unusual
            .iter()
            .map(|(place, what)| format!("{what} ({place})"));
        parts.collect()
    }

    /// Returns the configurations that were read.
    pub(super) fn files(&self) -> BTreeSet<String> {
        self.files.borrow().clone()
    }
}

/// The scope of a configuration's functions and names.
#[derive(Debug, Clone)]
pub(in crate::code) struct ConfigScope {
    /// What all configurations of the unit share.
    pub(in crate::code) unit_context: Rc<UnitContext>,
    /// The folder of the unit.
    pub(super) unit: String,
    /// The folder of the configuration that is evaluated: the unit's for what it includes.
    pub(super) running: String,
    /// The folder of this configuration, where another includes it.
    pub(super) own: Option<String>,
    /// The folders of the configurations that this one includes, by label.
    pub(super) includes: BTreeMap<String, String>,
    /// The values of those that it exposes, by label; of one without a label its parts, by name.
    exposed: BTreeMap<String, Rc<Typed>>,
}

impl ConfigScope {
    /// Creates the scope of a configuration that includes no other. `own` is its folder, where another includes it.
    pub(super) fn new(
        unit_context: &Rc<UnitContext>,
        unit: &str,
        running: &str,
        own: Option<&str>,
    ) -> Self {
        Self {
            unit_context: unit_context.clone(),
            unit: unit.to_owned(),
            running: running.to_owned(),
            own: own.map(str::to_owned),
            includes: BTreeMap::new(),
            exposed: BTreeMap::new(),
        }
    }

    /// Exposes the value of an included configuration.
    pub(super) fn expose(&mut self, label: &str, value: Typed) {
        match value {
            Typed::Object(parts) if label.is_empty() => {
                for (name, part) in parts {
                    self.exposed.entry(name).or_insert(Rc::new(part));
                }
            }
            value => drop(self.exposed.insert(label.to_owned(), Rc::new(value))),
        }
    }

    /// Returns the folder of an included configuration, or this one's own where it is included itself. Returns `None`
    /// where it includes none, and an error where the label does not determine which.
    pub(super) fn include(&self, label: Option<&str>) -> Result<Option<&str>, ()> {
        if let Some(own) = &self.own {
            return Ok(Some(own.as_str()));
        }
        let mut folders = self.includes.values();
        match (label, folders.next(), folders.next()) {
            (_, None, _) => Ok(None),
            (_, Some(only), None) => Ok(Some(only.as_str())),
            (Some(label), ..) => self
                .includes
                .get(label)
                .map(|folder| Some(folder.as_str()))
                .ok_or(()),
            (None, ..) => Err(()),
        }
    }

    /// Returns the value of a name that only Terragrunt has.
    pub(in crate::code) fn named(
        &self,
        root: &str,
        name: &str,
        place: impl Fn() -> String,
    ) -> Option<Rc<Typed>> {
        let note = |what: String| {
            self.unit_context.note_unusual(place(), what);
            Some(Rc::new(Typed::UNKNOWN))
        };
        match root {
            "include" => Some(self.included(name)),
            "dependency" => note(format!(
                "`dependency.{name}`: outputs of other units are not read"
            )),
            "feature" | "values" | "unit" | "stack" => {
                note(format!("`{root}.{name}` is not evaluated"))
            }
            _ => None,
        }
    }

    /// Returns the value of `include.NAME`, or of `include` where it has no label.
    fn included(&self, name: &str) -> Rc<Typed> {
        let unknown = || Rc::new(Typed::UNKNOWN);
        self.exposed.get(name).cloned().unwrap_or_else(unknown)
    }
}
