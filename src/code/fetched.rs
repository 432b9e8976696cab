//! Holds the modules that were fetched for a scan, and finds the calls whose modules are still missing.

use super::Options;
use super::context::Context;
use super::folder::{LoadedModules, MAX_MODULE_DEPTH, ModuleFolder, ModuleIndex, module_request};
use super::installed::{ModuleRequest, NotInstalled};
use super::overlay::Overlay;
use super::root_code::RootCode;
use crate::model::Tree;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most calls of one root module that are followed.
const MAX_CALLS: usize = 1_000;
/// The longest source and the longest version of a call that is followed, in bytes. A version is compared with each that
/// a registry has.
const MAX_LENGTH: usize = 1_000;
/// The reason for a module whose call was not followed.
const NOT_FOLLOWED: &str = "its call was not followed: too many modules are called, its version is not a plain text, or \
                            its source or version is longer than 1000 bytes";
/// How many bytes a noted module takes beside its texts.
const NOTED: usize = 200;

/// Where modules outside the repository are read from.
#[derive(Debug, Clone, Default)]
pub enum OtherModules {
    /// They are not evaluated.
    #[default]
    NotRead,
    /// The modules that `terraform init` installed, as its manifest beside the root module lists them.
    Installed,
    /// The modules that were fetched into the tree.
    Fetched(Arc<FetchedModules>),
}

/// The modules fetched for a root module, by the names of the calls that lead to each, joined by dots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchedModules(BTreeMap<String, FetchedModule>);

/// A module that was fetched for a call, or why it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedModule {
    /// The call as its block describes it.
    pub call: ModuleCall,
    /// Its folder in the tree, or the cause and the remedy.
    pub folder: Result<String, String>,
}

/// A call of a module that is not in the repository itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleCall {
    /// The names of the calls that lead to it, joined by dots.
    pub key: String,
    /// Its source.
    pub source: String,
    /// The constraint on its version.
    pub version: Option<String>,
}

impl ModuleCall {
    /// Returns whether the source and the version are short enough to fetch.
    fn is_short(&self) -> bool {
        let texts = [Some(&self.source), self.version.as_ref()];
        texts
            .into_iter()
            .flatten()
            .all(|text| text.len() <= MAX_LENGTH)
    }
}

impl FetchedModules {
    /// Adds a module, in place of an earlier one for the same call.
    pub fn add(&mut self, module: FetchedModule) {
        self.0.insert(module.call.key.clone(), module);
    }

    /// Returns the folder of the module that was fetched for a call.
    pub(super) fn folder(
        &self,
        key: &str,
        request: ModuleRequest<'_>,
    ) -> Result<&str, NotInstalled> {
        let module = self.0.get(key).filter(|module| module.fits(request));
        match module.map(|module| &module.folder) {
            Some(Ok(folder)) => Ok(folder),
            Some(Err(why)) => Err(NotInstalled::NotFetched(why.clone())),
            None => Err(NotInstalled::NotFetched(NOT_FOLLOWED.to_owned())),
        }
    }

    /// Returns the folders of all fetched modules that a call of this name may lead to.
    pub(super) fn candidates(
        &self,
        is_named: impl Fn(&str) -> bool,
        request: ModuleRequest<'_>,
    ) -> Vec<&str> {
        let modules = self.0.values();
        let fitting = modules.filter(|module| is_named(&module.call.key) && module.fits(request));
        fitting
            .filter_map(|module| module.folder.as_deref().ok())
            .collect()
    }
}

impl FetchedModule {
    /// Returns how many bytes the module takes where it is noted.
    pub fn bytes(&self) -> usize {
        let ModuleCall {
            key,
            source,
            version,
        } = &self.call;
        let (Ok(folder) | Err(folder)) = &self.folder;
        NOTED + key.len() + source.len() + version.as_ref().map_or(0, String::len) + folder.len()
    }

    fn fits(&self, request: ModuleRequest<'_>) -> bool {
        self.call.source == request.source && self.call.version.as_deref() == request.version
    }
}

/// Returns the calls of the root module in a folder, and of the modules that it leads to, whose modules are neither in
/// the repository nor fetched yet. Calls nearest to the root come first.
pub fn calls_to_fetch(tree: &Tree, root: &str, options: &Options) -> Vec<ModuleCall> {
    let known = match &options.modules {
        OtherModules::Fetched(known) => known.clone(),
        _ => Arc::default(),
    };
    let code = Overlay::of(tree);
    let root_code = RootCode::find(&code, root, options);
    let source = root_code
        .call()
        .filter(|call| call.is_short() && !known.0.contains_key(&call.key));
    // The source of a unit is fetched first: its calls are known only then.
    if let Some(source) = source {
        return vec![source];
    }
    let Ok(root) = &root_code.folder else {
        return Vec::new();
    };
    let code = root_code.lay(code);
    let context = Context::new(options, code);
    let files = LoadedModules::load(&code, root, options, &context.budget);
    let folders = files.index();
    let mut search = CallSearch {
        folders: &folders,
        known: &known,
        found: Vec::new(),
        left: MAX_CALLS,
    };
    if let Some(folder) = folders.get(root) {
        search.follow(folder, &mut Vec::new(), &mut Vec::new());
    }
    search
        .found
        .sort_by_key(|call| call.key.matches('.').count());
    search.found
}

/// A search for module calls from a root module downwards.
struct CallSearch<'a> {
    folders: &'a ModuleIndex<'a>,
    known: &'a FetchedModules,
    found: Vec<ModuleCall>,
    /// How many calls may still be followed.
    left: usize,
}

impl<'a> CallSearch<'a> {
    fn follow(
        &mut self,
        folder: &'a ModuleFolder<'a>,
        names: &mut Vec<&'a str>,
        above: &mut Vec<&'a str>,
    ) {
        if names.len() >= MAX_MODULE_DEPTH {
            return;
        }
        above.push(folder.path);
        let calls = folder.calls.iter().filter(|(name, _)| is_safe_name(name));
        for (name, (_, block)) in calls {
            let Some(left) = self.left.checked_sub(1) else {
                break;
            };
            self.left = left;
            let called = self.folders.resolve(names, folder.path, block);
            names.push(name);
            match called {
                Ok(path) => {
                    let called = self.folders.get(&path);
                    if let Some(called) = called.filter(|called| !above.contains(&called.path)) {
                        self.follow(called, names, above);
                    }
                }
                Err(NotInstalled::NotFetched(_)) => {
                    let key = names.join(".");
                    let is_known = self.known.0.contains_key(&key);
                    let request = module_request(block).filter(|_| !is_known);
                    // A call whose `version` is an expression is skipped: it may ask for any version.
                    let has_version = block.body.has_attribute("version");
                    let request = request.filter(|found| found.version.is_some() == has_version);
                    let call = request.map(|request| ModuleCall {
                        key,
                        source: request.source.to_owned(),
                        version: request.version.map(str::to_owned),
                    });
                    self.found.extend(call.filter(ModuleCall::is_short));
                }
                Err(_) => {}
            }
            names.pop();
        }
        above.pop();
    }
}

/// Returns whether the name of a call is safe as a part of a folder's path. It is looser than Terraform's identifiers.
fn is_safe_name(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().all(allowed)
}
