//! Applies `moved` blocks, and an added or removed `count`, to the addresses in a state.

use super::Options;
use super::budget::Budget;
use super::endpoint::{Endpoint, MODULE};
use super::folder::{LoadedModules, MAX_MODULE_DEPTH, ModuleFolder, ModuleIndex};
use super::overlay::Overlay;
use super::removed::{RemovedBlock, RemovedBlocks};
use super::root_code::RootCode;
use crate::model::{Address, Key, ModuleStep, Tree};
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::{BTreeMap, BTreeSet};

/// The most modules that are read.
const MAX_MODULES: usize = 10_000;
/// The most statements that are applied to all addresses of a state together, which takes a second. Any further address
/// stays as recorded.
const MAX_FOLLOWED: usize = 500_000;

/// The moves that the code of a root module makes in its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    statements: Vec<Statement>,
    /// The indexes of the statements by the name that they move.
    starts: BTreeMap<Start, Vec<usize>>,
    /// The resource blocks that a statement names: nothing is implied for these.
    named: BTreeSet<BlockPath>,
    /// Whether each resource block has a `count`, or one instance alone.
    repeated: BTreeMap<BlockPath, Repeated>,
    removed: RemovedBlocks,
}

/// A resource block: the names of the calls that lead to it, its type and its name.
pub(super) type BlockPath = (Vec<String>, String, String);

/// The `from` of a statement without keys: the names of the calls that lead to its module, and the type and name of a
/// resource block there, or `module` and the name of a call.
type Start = BlockPath;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeated {
    Once,
    ByCount,
    ByKey,
}

/// A `moved` block.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    /// The names of the calls that lead to its module.
    module: Vec<String>,
    from: Endpoint,
    to: Endpoint,
}

impl Moves {
    /// Reads the moves of the root module in a folder, and of the modules that it calls.
    pub fn read(tree: &Tree, root: &str, options: &Options) -> Self {
        let code = Overlay::of(tree);
        let root_code = RootCode::find(&code, root, options);
        let Ok(root) = &root_code.folder else {
            return Self::default();
        };
        let budget = Budget::new(&options.shared, &options.interrupt);
        let files = LoadedModules::load(&root_code.lay(code), root, options, &budget);
        let folders = files.index();
        let mut reader = Reader {
            folders: &folders,
            budget: &budget,
            left: MAX_MODULES,
            moves: Self::default(),
        };
        if let Some(folder) = folders.get(root) {
            reader.read(folder, &mut Vec::new(), &mut Vec::new());
        }
        reader.moves
    }

    /// Returns the new addresses of moved resources. A resource at the target of another move keeps its address.
    pub fn new_addresses<'s>(
        &self,
        known: impl Iterator<Item = &'s Address> + Clone,
    ) -> BTreeMap<Address, Address> {
        let mut taken: BTreeSet<Address> = known.clone().cloned().collect();
        let (mut renamed, mut left) = (BTreeMap::new(), MAX_FOLLOWED);
        for address in known {
            let moved = self.moved(address, &mut left);
            // What a statement moved lies where that says.
            let new = match moved == *address {
                true => self.implied(moved),
                false => moved,
            };
            if new != *address && new.tf_type == address.tf_type && taken.insert(new.clone()) {
                renamed.insert(address.clone(), new);
            }
        }
        renamed
    }

    /// Returns the `removed` block that names a resource, or a module above it.
    pub fn removed(&self, address: &Address) -> Option<&RemovedBlock> {
        self.removed.get(address)
    }

    /// Applies the statements to an address one after another, each at most once. Returns the address itself where the
    /// limit is reached.
    fn moved(&self, from: &Address, left: &mut usize) -> Address {
        let (mut address, mut used) = (from.clone(), BTreeSet::new());
        loop {
            let next = self.starting_at(&address);
            let unused = next.filter(|at| !used.contains(at));
            let leads = |at: usize| Some((at, self.statements.get(at)?.apply(&address)?));
            let Some((at, moved)) = unused.filter_map(leads).min_by_key(|(at, _)| *at) else {
                return address;
            };
            let Some(fewer) = left.checked_sub(1) else {
                return from.clone();
            };
            *left = fewer;
            used.insert(at);
            address = moved;
        }
    }

    /// Returns the statements that may name an address, or a module above it.
    fn starting_at(&self, address: &Address) -> impl Iterator<Item = usize> {
        let names: Vec<_> = address
            .modules
            .iter()
            .map(|step| step.name.clone())
            .collect();
        let modules = (0..names.len()).map(|depth| {
            let (above, below) = names.split_at(depth);
            let name = below.first().cloned().unwrap_or_default();
            (above.to_vec(), MODULE.to_owned(), name)
        });
        let mut starts: Vec<_> = modules.collect();
        starts.push((names.clone(), address.tf_type.clone(), address.name.clone()));
        let found = starts
            .into_iter()
            .filter_map(|start| self.starts.get(&start));
        found.flatten().copied()
    }

    /// Applies the move that Terraform implies when `count` is added or removed: between no key and key 0. It implies none
    /// for a resource that a statement names.
    fn implied(&self, address: Address) -> Address {
        let names = address.modules.iter().map(|step| step.name.clone());
        let block = (
            names.collect(),
            address.tf_type.clone(),
            address.name.clone(),
        );
        if self.named.contains(&block) {
            return address;
        }
        let key = match (self.repeated.get(&block), &address.key) {
            (Some(Repeated::ByCount), None) => Some(Key::Index(0)),
            (Some(Repeated::Once), Some(Key::Index(0))) => None,
            _ => return address,
        };
        Address { key, ..address }
    }
}

/// Reads modules, one within another.
struct Reader<'f> {
    folders: &'f ModuleIndex<'f>,
    budget: &'f Budget,
    left: usize,
    moves: Moves,
}

impl<'f> Reader<'f> {
    fn read(
        &mut self,
        folder: &'f ModuleFolder<'f>,
        names: &mut Vec<&'f str>,
        above: &mut Vec<&'f str>,
    ) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || self.budget.is_over() {
            return;
        }
        let module = || {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        for (_, block) in folder.blocks("moved") {
            let end = |name| Endpoint::literal(&block.body.get_attribute(name)?.value);
            if let (Some(from), Some(to)) = (end("from"), end("to")) {
                let module = module();
                let statement = Statement { module, from, to };
                let starts = self.moves.starts.entry(statement.start()).or_default();
                starts.push(self.moves.statements.len());
                self.moves.named.extend(statement.blocks());
                self.moves.statements.push(statement);
            }
        }
        for (file, block) in folder.blocks("removed") {
            let place = file.place(block.span());
            self.moves.removed.add(&module(), block, place);
        }
        for (_, block) in folder.blocks("resource") {
            if let [tf_type, name] = block.labels.as_slice() {
                let path = (
                    module(),
                    tf_type.as_str().to_owned(),
                    name.as_str().to_owned(),
                );
                self.moves.repeated.insert(path, repeated(block));
            }
        }
        if names.len() >= MAX_MODULE_DEPTH {
            return;
        }
        above.push(folder.path);
        for (_, call) in folder.blocks("module") {
            let path = self.folders.resolve(names, folder.path, call).ok();
            let called = path.and_then(|path| self.folders.get(&path));
            let called = called.filter(|called| !above.contains(&called.path));
            if let (Some(called), Some(name)) = (called, call.labels.first()) {
                names.push(name.as_str());
                self.read(called, names, above);
                names.pop();
            }
        }
        above.pop();
    }
}

fn repeated(block: &Block) -> Repeated {
    if block.body.has_attribute("count") {
        Repeated::ByCount
    } else if block.body.has_attribute("for_each") {
        Repeated::ByKey
    } else {
        Repeated::Once
    }
}

impl Statement {
    fn start(&self) -> Start {
        let resource = self.from.resource.as_ref();
        let (kind, name) = match (self.from.modules.first(), resource) {
            (Some(call), _) => (MODULE, call.name.as_str()),
            (None, Some(block)) => (block.tf_type.as_str(), block.name.as_str()),
            (None, None) => ("", ""),
        };
        (self.module.clone(), kind.to_owned(), name.to_owned())
    }

    /// Returns the resource blocks that the statement names.
    fn blocks(&self) -> impl Iterator<Item = BlockPath> {
        let block = |end: &Endpoint| {
            let resource = end.resource.as_ref()?;
            let below = end.modules.iter().map(|step| &step.name);
            let names = self.module.iter().chain(below);
            Some((
                names.cloned().collect(),
                resource.tf_type.clone(),
                resource.name.clone(),
            ))
        };
        [block(&self.from), block(&self.to)].into_iter().flatten()
    }

    /// Applies the statement to an address; `None` where it does not name the address.
    fn apply(&self, address: &Address) -> Option<Address> {
        let depth = self.module.len();
        let names = address.modules.iter().map(|step| &step.name);
        if !names.take(depth).eq(&self.module) {
            return None;
        }
        let (own, below) = address.modules.split_at(depth);
        let (modules, resource) = match (&self.from.resource, &self.to.resource) {
            (Some(from), Some(to)) => {
                let is_one = from.key.is_some() || to.key.is_some();
                let same = (&from.tf_type, &from.name) == (&address.tf_type, &address.name);
                let names_it = same && (!is_one || from.key == address.key);
                if !names_it || self.from.modules != below {
                    return None;
                }
                let key = if is_one {
                    to.key.clone()
                } else {
                    address.key.clone()
                };
                (self.to.modules.clone(), (&to.tf_type, &to.name, key))
            }
            (None, None) => {
                let resource = (&address.tf_type, &address.name, address.key.clone());
                (self.moved_module(below)?, resource)
            }
            _ => return None,
        };
        let (tf_type, name, key) = resource;
        Some(Address {
            modules: [own.to_vec(), modules].concat(),
            tf_type: tf_type.clone(),
            name: name.clone(),
            key,
        })
    }

    /// Applies the statement to the modules of an address.
    fn moved_module(&self, modules: &[ModuleStep]) -> Option<Vec<ModuleStep>> {
        let (from, to) = (self.from.modules.as_slice(), self.to.modules.as_slice());
        let ((from, above), (to, new)) = (from.split_last()?, to.split_last()?);
        let rest = modules.strip_prefix(above)?;
        let (step, below) = rest.split_first()?;
        let is_one = from.key.is_some() || to.key.is_some();
        if step.name != from.name || is_one && step.key != from.key {
            return None;
        }
        let step = ModuleStep {
            name: to.name.clone(),
            key: if is_one {
                to.key.clone()
            } else {
                step.key.clone()
            },
        };
        Some([new, &[step], below].concat())
    }
}
