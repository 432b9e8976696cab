//! The files of a root module and of the local modules that it leads to.

use super::Options;
use super::budget::Budget;
use super::expression::word;
use super::file::{CodeText, File, Syntax};
use super::installed::{Installed, ModuleRequest, NotInstalled};
use super::listing::{NamedFile, code_files};
use super::overlay::Overlay;
use super::overrides::merged;
use super::variable::Variable;
use crate::model::{Tree, escape_name};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The deepest nesting of module calls. Terraform's own advice is to keep them flat.
pub(super) const MAX_MODULE_DEPTH: usize = 32;

/// Something in the code that could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = escape_name(&self.file);
        write!(f, "{file}:{}: {}", self.line, self.message)
    }
}

/// The parsed files of a root module and of its local modules, by folder.
#[derive(Debug, Default)]
pub(super) struct LoadedModules {
    folders: BTreeMap<String, Vec<Arc<File>>>,
    problems: Vec<(String, FileProblem)>,
    root: String,
    installed: Installed,
}

impl LoadedModules {
    /// Parses the root module and every folder that its local modules may lead to, as far as the budget goes.
    pub(super) fn load(code: &Overlay<'_>, root: &str, options: &Options, budget: &Budget) -> Self {
        let mut all = Self {
            root: root.to_owned(),
            installed: Installed::find(code, root, &options.modules),
            ..Self::default()
        };
        let mut waiting = BTreeSet::from([root.to_owned()]);
        let mut queued_calls = BTreeSet::new();
        for _ in 0..=MAX_MODULE_DEPTH {
            let mut called = BTreeSet::new();
            for folder in std::mem::take(&mut waiting) {
                if all.folders.contains_key(&folder) || budget.is_over() {
                    continue;
                }
                let files = code_files(code, &folder);
                if files.is_empty() {
                    continue;
                }
                let parsed = all.parse_folder(&folder, &files, code, options, budget);
                let calls = parsed
                    .iter()
                    .flat_map(|file| file.body.get_blocks("module"));
                for call in calls {
                    called.extend(all.folders_of(&folder, call, &mut queued_calls));
                }
                all.folders.insert(folder, parsed);
            }
            waiting = called;
        }
        all
    }

    /// Parses a folder's files, merges its override files into them, and records their problems.
    fn parse_folder(
        &mut self,
        folder: &str,
        files: &[NamedFile],
        code: &Overlay<'_>,
        options: &Options,
        budget: &Budget,
    ) -> Vec<Arc<File>> {
        let (mut parsed, mut overrides) = (Vec::new(), Vec::new());
        let mut are_overrides_known = true;
        for named in files {
            match parse_file(named, code, options, budget) {
                Ok(file) if named.is_override() => overrides.push(file),
                Ok(file) => parsed.push(file),
                Err(problem) => {
                    are_overrides_known &= !named.is_override();
                    self.problems.push((folder.to_owned(), problem));
                }
            }
        }
        if !are_overrides_known {
            // Anything in the other files may be overridden.
            parsed.clear();
        }
        let (parsed, problems) = merged(parsed, &overrides, options, budget);
        let invalid = problems.into_iter().map(|problem| FileProblem {
            problem,
            is_too_large: false,
        });
        let invalid = invalid.map(|problem| (folder.to_owned(), problem));
        self.problems.extend(invalid);
        parsed
    }

    /// Returns the folders that a call may lead to. A second call with the same name, source and version leads to none:
    /// those of the first are queued already.
    fn folders_of(
        &self,
        from: &str,
        call: &Block,
        queued_calls: &mut BTreeSet<[String; 3]>,
    ) -> Vec<String> {
        let request = match CallTarget::of(from, call) {
            Some(CallTarget::Local(folder)) => return vec![folder],
            Some(CallTarget::Outside(request)) => request,
            None => return Vec::new(),
        };
        let name = call.labels.first().map_or("", |name| name.as_str());
        let version = request.version.unwrap_or_default();
        if !queued_calls.insert([name, request.source, version].map(str::to_owned)) {
            return Vec::new();
        }
        let installed = self.installed.candidates(name, request);
        installed.into_iter().map(str::to_owned).collect()
    }

    /// Returns the problems of the files, the root module's first.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<_> = self.problems.iter().collect();
        problems.sort_by_key(|(folder, unread)| (*folder != self.root, &unread.problem));
        problems
            .into_iter()
            .map(|(_, unread)| unread.problem.clone())
            .collect()
    }

    /// Returns the invalid files of the root module, with which Terraform would refuse to plan.
    pub(super) fn invalid(&self) -> Vec<Problem> {
        let own = self
            .problems
            .iter()
            .filter(|(folder, unread)| *folder == self.root && !unread.is_too_large);
        own.map(|(_, unread)| unread.problem.clone()).collect()
    }

    /// Returns the modules by folder, with indexes of their blocks.
    pub(super) fn index(&self) -> ModuleIndex<'_> {
        let mut folders = BTreeMap::new();
        for (path, files) in &self.folders {
            let files = files.iter().map(Arc::as_ref).collect();
            folders.insert(path.as_str(), ModuleFolder::new(path, files));
        }
        ModuleIndex {
            folders,
            installed: &self.installed,
        }
    }
}

/// A problem of a file: it was not parsed, or its overrides do not fit.
#[derive(Debug)]
struct FileProblem {
    problem: Problem,
    /// Whether it is too large, by itself or together with the others.
    is_too_large: bool,
}

/// Parses one file, if the budget has memory for it.
fn parse_file(
    named: &NamedFile,
    code: &Overlay<'_>,
    options: &Options,
    budget: &Budget,
) -> Result<Arc<File>, FileProblem> {
    let unread = |line, message: String, is_too_large| FileProblem {
        problem: Problem {
            file: named.path.as_ref().unwrap_or(&named.name).clone(),
            line,
            message,
        },
        is_too_large,
    };
    let path = named.path.as_deref().ok_or_else(|| {
        let message = "this symbolic link leads to no file of the repository that is read, so what it declares was not \
                       evaluated";
        unread(1, message.to_owned(), false)
    })?;
    let text = code.text(path).ok_or_else(|| {
        let message = "this file is not UTF-8, so what it declares was not evaluated";
        unread(1, message.to_owned(), false)
    })?;
    let read = CodeText {
        path,
        text,
        syntax: Syntax::of(&named.name, &options.nested_blocks),
    };
    let parsed = options.shared.file(&read, budget.room_for_code());
    let file = parsed.map_err(|unparsed| {
        let message = format!(
            "this file could not be parsed, so what it declares was not evaluated: {unparsed}"
        );
        unread(unparsed.line, message, unparsed.is_too_large)
    })?;
    budget.hold_code(file.memory);
    Ok(file)
}

/// Returns the module that a call asks for; `None` where that is not certain.
pub(super) fn module_request(call: &Block) -> Option<ModuleRequest<'_>> {
    let text = |name| call.body.get_attribute(name)?.value.as_str();
    Some(ModuleRequest {
        source: text("source")?,
        version: text("version"),
    })
}

/// Where the call of a module leads.
enum CallTarget<'c> {
    /// To this folder of the repository.
    Local(String),
    /// To a module that is installed or fetched.
    Outside(ModuleRequest<'c>),
}

impl<'c> CallTarget<'c> {
    /// Returns where a call in this folder leads; `None` where that is not certain, or is outside the repository.
    fn of(folder: &str, call: &'c Block) -> Option<Self> {
        let request = module_request(call)?;
        let source = request.source;
        let is_local =
            matches!(source, "." | "..") || source.starts_with("./") || source.starts_with("../");
        if is_local {
            Tree::join(folder, source).map(Self::Local)
        } else {
            Some(Self::Outside(request))
        }
    }
}

/// The modules that a root module may call, directly or through others, by folder.
#[derive(Debug)]
pub(super) struct ModuleIndex<'a> {
    folders: BTreeMap<&'a str, ModuleFolder<'a>>,
    /// Where calls of modules outside the repository lead.
    installed: &'a Installed,
}

impl<'a> ModuleIndex<'a> {
    /// Returns a loaded module by its folder: of the repository, or an installed or fetched one.
    pub(super) fn get(&self, path: &str) -> Option<&ModuleFolder<'a>> {
        self.folders.get(path)
    }

    /// Returns the folder of a called module: of the repository, or of an installed module.
    ///
    /// # Errors
    /// No module is known for the call.
    pub(super) fn resolve(
        &self,
        callers: &[&str],
        from: &str,
        call: &Block,
    ) -> Result<String, NotInstalled> {
        let request = match CallTarget::of(from, call) {
            Some(CallTarget::Local(folder)) => return Ok(folder),
            Some(CallTarget::Outside(request)) => request,
            None => return Err(NotInstalled::NotRead),
        };
        let name = call.labels.first().map(|name| name.as_str());
        let key: Vec<_> = callers.iter().copied().chain(name).collect();
        let installed = self.installed.folder(&key.join("."), request);
        installed.map(str::to_owned)
    }
}

/// One module: the files of its folder, with indexes of their blocks.
#[derive(Debug)]
pub(super) struct ModuleFolder<'a> {
    /// Its path, relative to the repository; empty for the root.
    pub path: &'a str,
    /// Its files, by path.
    pub files: Vec<&'a File>,
    /// Its local values. Of two with one name the first counts.
    pub locals: BTreeMap<&'a str, (&'a File, &'a Expression)>,
    /// Its `data` blocks, by type and name.
    pub data: BTreeMap<(&'a str, &'a str), (&'a File, &'a Block)>,
    /// Its calls of modules, by name.
    pub calls: Named<'a>,
    /// Its outputs, by name.
    pub outputs: Named<'a>,
    /// The variables that it declares.
    pub variables: Vec<Variable<'a>>,
    /// The sources of its `required_providers`, by local name; `None` where one names no source.
    pub provider_sources: BTreeMap<&'a str, Option<&'a str>>,
}

/// Blocks with one label, by that, each with its file. Of two with one name the first counts.
type Named<'a> = BTreeMap<&'a str, (&'a File, &'a Block)>;

impl<'a> ModuleFolder<'a> {
    /// Creates the module of these files.
    pub(super) fn new(path: &'a str, files: Vec<&'a File>) -> Self {
        let mut folder = Self {
            path,
            files,
            locals: BTreeMap::new(),
            data: BTreeMap::new(),
            calls: BTreeMap::new(),
            outputs: BTreeMap::new(),
            variables: Vec::new(),
            provider_sources: BTreeMap::new(),
        };
        let (mut locals, mut data) = (BTreeMap::new(), BTreeMap::new());
        for (file, block) in folder.blocks("locals") {
            for local in block.body.attributes() {
                locals
                    .entry(local.key.as_str())
                    .or_insert((file, &local.value));
            }
        }
        for (_, block) in folder.blocks("terraform") {
            for required in block.body.get_blocks("required_providers") {
                for attribute in required.body.attributes() {
                    let source = required_source(&attribute.value);
                    let sources = &mut folder.provider_sources;
                    sources.entry(attribute.key.as_str()).or_insert(source);
                }
            }
        }
        for (file, block) in folder.blocks("data") {
            if let [tf_type, name] = block.labels.as_slice() {
                let labels = (tf_type.as_str(), name.as_str());
                data.entry(labels).or_insert((file, block));
            }
        }
        let variables = folder
            .blocks("variable")
            .filter_map(|(file, block)| Variable::new(file, block));
        folder.variables = variables.collect();
        (folder.locals, folder.data) = (locals, data);
        (folder.calls, folder.outputs) = (folder.named("module"), folder.named("output"));
        folder
    }

    fn named(&self, kind: &str) -> Named<'a> {
        let mut named = BTreeMap::new();
        for (file, block) in self.blocks(kind) {
            if let Some(label) = block.labels.first() {
                named.entry(label.as_str()).or_insert((file, block));
            }
        }
        named
    }

    /// Returns the top-level blocks of a kind, each with its file.
    pub(super) fn blocks<'k>(
        &self,
        kind: &'k str,
    ) -> impl Iterator<Item = (&'a File, &'a Block)> + use<'a, 'k> {
        let files = self.files.clone().into_iter();
        files.flat_map(move |file| blocks(&file.body, kind).map(move |block| (file, block)))
    }
}

/// Returns the source that an entry of `required_providers` names.
fn required_source(entry: &Expression) -> Option<&str> {
    let Expression::Object(entry) = entry else {
        return None;
    };
    let source = entry.iter().find(|(key, _)| word(key) == Some("source"));
    source.and_then(|(_, value)| value.expr().as_str())
}

/// Returns the blocks of a kind in a body.
fn blocks<'a, 'k>(body: &'a Body, kind: &'k str) -> impl Iterator<Item = &'a Block> + use<'a, 'k> {
    body.blocks().filter(move |block| block.has_ident(kind))
}
