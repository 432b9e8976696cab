//! Finds the root module's variables, or the edited places, that an expression depends on, through locals, call
//! arguments, outputs of modules, `each` and policy documents.

use super::edited_places::EditedPlaces;
use super::functions::file::policy_text;
use super::instance::{Instance, SetBy};
use super::scope::Scope;
use super::written_references::{FileRead, NO_RESOURCES, References, reference_to_entry};
use super::{call, instances, policy, policy_document};
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::Body;
use hcl_edit::visit::Visit;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What was found: names of variables of the root module, or `EDITED` and `STALE`.
pub(super) type Names = BTreeSet<Rc<str>>;

/// The longest chain of references to a variable.
pub(super) const MAX_CHAIN: usize = 64;

/// Found where an expression depends on an edited place.
pub(super) const EDITED: &str = "edited";

/// Found where an expression reads an edited argument of a resource: it is evaluated from what the state recorded.
pub(super) const STALE: &str = "edited, and read from the state";

/// The target of a search.
pub(super) enum Sought {
    /// Variables of the root module.
    Variables(Names),
    /// Edited places.
    Places(EditedPlaces),
}

/// Finds variables, or edited places, behind expressions. The references of one module instance are resolved once.
pub(super) struct Finder {
    pub(super) sought: Sought,
    /// The variables behind references, for each module instance on the way from the root.
    known: Vec<Known>,
}

/// The variables behind `var.x`, `local.x` and the outputs of `module.x`, by kind and name.
type Known = BTreeMap<(&'static str, String), Rc<Names>>;

impl Finder {
    /// Creates a search for these variables.
    pub(super) fn new(searched: Names) -> Self {
        Self {
            sought: Sought::Variables(searched),
            known: Vec::new(),
        }
    }

    /// Creates a search for these places.
    pub(super) fn of_places(places: EditedPlaces) -> Self {
        Self {
            sought: Sought::Places(places),
            known: Vec::new(),
        }
    }

    /// Enters a module instance, and drops what is known of another one at its depth.
    pub(super) fn enter(&mut self, instance: &Instance<'_>) {
        self.known.truncate(instance.path.len());
        self.known
            .resize_with(instance.path.len() + 1, BTreeMap::new);
    }

    /// Returns what an expression depends on.
    pub(super) fn of_expression(&mut self, scope: &Scope<'_>, expression: &Expression) -> Names {
        self.inner(scope, expression, MAX_CHAIN)
    }

    /// Returns what anything in a block depends on.
    pub(super) fn of_body(&mut self, scope: &Scope<'_>, body: &Body) -> Names {
        self.inner_body(scope, body, MAX_CHAIN)
    }

    pub(super) fn all(&mut self, scope: &Scope<'_>, references: References, left: usize) -> Names {
        let mut names = Names::new();
        let of_instances = instances::read(&scope.instance, &references);
        for [root, first, second, third] in references.names.iter().chain(&of_instances) {
            // Where the budget is spent, no more is found: then nothing is certain anyway.
            if scope.budget().work(1).is_err() {
                break;
            }
            if left == 0 {
                let may_be_edited = matches!(self.sought, Sought::Places(_));
                names.extend(may_be_edited.then(|| EDITED.into()));
                break;
            }
            let found = self.names_behind(scope, [root, first, second, third], left - 1);
            names.extend(found.iter().cloned());
        }
        if let Sought::Places(places) = &self.sought
            && instances::are_changed(&references, places)
        {
            names.insert(STALE.into());
        }
        names
    }

    fn names_behind(
        &mut self,
        scope: &Scope<'_>,
        [root, first, second, third]: [&str; 4],
        left: usize,
    ) -> Rc<Names> {
        let instance = &scope.instance;
        match (root, &self.sought) {
            ("var", Sought::Variables(searched)) if instance.path.is_empty() => {
                let name = searched.get(first).cloned();
                return Rc::new(name.into_iter().collect());
            }
            (root, Sought::Places(_)) if !NO_RESOURCES.contains(&root) => {
                let key = ("resource", format!("{root}.{first}.{second}"));
                return self.once(instance.path.len(), key, |finder| {
                    finder.resource(instance, [root, first, second], left)
                });
            }
            _ => {}
        }
        match root {
            "var" | "local" => {
                let depth = instance.path.len();
                let kind = if root == "var" { "var" } else { "local" };
                let key = (kind, format!("{first}.{second}.{third}"));
                self.once(depth, key, |finder| match (&finder.sought, kind) {
                    (Sought::Places(_), _) => {
                        let path = [second, third].into_iter();
                        let path: Vec<_> = path.take_while(|name| !name.is_empty()).collect();
                        let names = finder.behind_name(instance, (kind, first), &path, left);
                        names.unwrap_or_default()
                    }
                    (_, "var") => finder.argument(instance, (first, second), left),
                    _ => finder.local(instance, (first, second), left),
                })
            }
            "module" => {
                let depth = instance.path.len();
                let key = ("module", format!("{first}.{second}.{third}"));
                self.once(depth, key, |finder| {
                    finder.output(scope, [first, second, third], left)
                })
            }
            "each" => Rc::new(self.each(scope, (first, second), left)),
            "data" if first == policy_document::TYPE => match policy::document(scope, second) {
                Some((file, block)) => {
                    Rc::new(self.inner_body(&instance.scope(file), &block.body, left))
                }
                None => Rc::default(),
            },
            _ => Rc::default(),
        }
    }

    /// Finds the variables behind a reference once for each module instance.
    fn once(
        &mut self,
        depth: usize,
        key: (&'static str, String),
        find: impl FnOnce(&mut Self) -> Names,
    ) -> Rc<Names> {
        let known = self.known.get(depth).and_then(|known| known.get(&key));
        if let Some(known) = known {
            return known.clone();
        }
        // One that leads back to itself finds nothing on its second way.
        self.keep(depth, key.clone(), Rc::default());
        let found = Rc::new(find(self));
        self.keep(depth, key, found.clone());
        found
    }

    fn keep(&mut self, depth: usize, key: (&'static str, String), names: Rc<Names>) {
        if let Some(known) = self.known.get_mut(depth) {
            known.insert(key, names);
        }
    }

    /// Finds the variables behind an output of a called module, or behind all where it is not named right away. All
    /// instances have the same code, so one of them tells; of edited places each has its own.
    fn output(
        &mut self,
        scope: &Scope<'_>,
        [call, output, entry]: [&str; 3],
        left: usize,
    ) -> Names {
        let Some(instances) = call::kept(&scope.instance, call, scope.depth() + 1) else {
            return Names::new();
        };
        let asked = match self.sought {
            Sought::Variables(_) => 1,
            Sought::Places(_) => instances.len(),
        };
        let mut names = Names::new();
        for called in instances.iter().take(asked) {
            // What is known at its depth is known of another module.
            let depth = called.path.len();
            let others = self.known.split_off(depth.min(self.known.len()));
            self.enter(called);
            for (name, (file, block)) in &called.folder.outputs {
                let is_asked = *name == output || !called.folder.outputs.contains_key(output);
                if let Some(value) = block.body.get_attribute("value").filter(|_| is_asked) {
                    names.extend(self.entry(&called.scope(file), &value.value, entry, left));
                }
            }
            self.known.truncate(depth);
            self.known.extend(others);
        }
        names
    }

    fn argument(
        &mut self,
        instance: &Rc<Instance<'_>>,
        (name, entry): (&str, &str),
        left: usize,
    ) -> Names {
        let set = instance.variables.get(name).map(|setting| &setting.by);
        match set {
            Some(Some(SetBy::Argument(caller, argument))) => {
                self.entry(caller, argument, entry, left)
            }
            _ => Names::new(),
        }
    }

    fn local(
        &mut self,
        instance: &Rc<Instance<'_>>,
        (name, entry): (&str, &str),
        left: usize,
    ) -> Names {
        match instance.local(name) {
            Some((file, local)) => self.entry(&instance.scope(file), local, entry, left),
            None => Names::new(),
        }
    }

    /// Finds the variables behind an entry of an expression: an object's other entries do not matter.
    fn entry(
        &mut self,
        scope: &Scope<'_>,
        expression: &Expression,
        entry: &str,
        left: usize,
    ) -> Names {
        match expression {
            Expression::Parenthesis(inner) => self.entry(scope, inner.inner(), entry, left),
            Expression::Object(object) => {
                self.inner(scope, entry_at(object, entry).unwrap_or(expression), left)
            }
            Expression::Traversal(traversal) => match reference_to_entry(traversal, entry) {
                Some(names) => self.all(scope, References::to(names), left),
                None => self.inner(scope, expression, left),
            },
            _ => self.inner(scope, expression, left),
        }
    }

    pub(super) fn inner(
        &mut self,
        scope: &Scope<'_>,
        expression: &Expression,
        left: usize,
    ) -> Names {
        let references = References::of(expression);
        let is_edited = self.is_edited(scope, &references, |places| {
            places.change_expression(scope.file, expression)
        });
        let mut names = self.all(scope, references, left);
        names.extend(is_edited.then(|| EDITED.into()));
        names
    }

    pub(super) fn inner_body(&mut self, scope: &Scope<'_>, body: &Body, left: usize) -> Names {
        let mut references = References::default();
        references.visit_body(body);
        let is_edited = self.is_edited(scope, &references, |places| {
            places.change_part(scope.file, body, "")
        });
        let mut names = self.all(scope, references, left);
        names.extend(is_edited.then(|| EDITED.into()));
        names
    }

    /// Returns whether an edit changes code, or a file that the code reads.
    fn is_edited(
        &self,
        scope: &Scope<'_>,
        references: &References,
        changes: impl FnOnce(&EditedPlaces) -> bool,
    ) -> bool {
        let Sought::Places(places) = &self.sought else {
            return false;
        };
        let mut files = references.files.iter();
        changes(places) || (places.has_data() && files.any(|read| may_read(scope, read, places)))
    }
}

/// Returns whether a call may read a file that edits change. A template may read further files.
fn may_read(scope: &Scope<'_>, read: &FileRead, places: &EditedPlaces) -> bool {
    let is_template = read.function.ends_with("templatefile");
    let found = read.path.as_ref().and_then(|path| {
        policy_text(scope, path, None, |_, path, text| {
            Some(places.change_file(path) || (is_template && text.contains("file")))
        })
    });
    found.unwrap_or(true)
}

/// Returns the value of the only entry with this key; `None` where a key is computed.
pub(super) fn entry_at<'e>(object: &'e Object, entry: &str) -> Option<&'e Expression> {
    let mut found = None;
    for (key, value) in object {
        let name = match key {
            ObjectKey::Ident(name) => name.as_str(),
            ObjectKey::Expression(Expression::Variable(name)) => name.as_str(),
            ObjectKey::Expression(Expression::String(text)) => text.value().as_str(),
            ObjectKey::Expression(_) => return None,
        };
        if name == entry && found.replace(value.expr()).is_some() {
            return None;
        }
    }
    found
}
