//! Root modules: the folders that say where their state is.

use super::Options;
use super::folder::{File, Folder, Problem};
use super::instance::{Context, Instance};
use super::parse::Unparsed;
use crate::model::{Tree, Value};
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A folder with a backend.
#[derive(Debug, Clone, PartialEq)]
pub struct RootModule {
    /// Its path, relative to the repository; empty for the root.
    pub path: String,
    /// Its backend block; none where it is in a file that was not parsed.
    pub backend: Option<BackendBlock>,
    /// Why that file was not parsed.
    pub problem: Option<Problem>,
}

/// A backend block.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendBlock {
    /// `s3`, `local`, ...; `cloud` for HCP Terraform.
    pub kind: String,
    /// Its settings; a partial configuration has few.
    pub attributes: BTreeMap<String, Value>,
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// A folder that says where its state is, as long as nobody asks for what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootFolder<'t> {
    /// Its path, relative to the repository; empty for the root.
    pub path: &'t str,
    /// The file with its backend block.
    file: &'t str,
    /// Whether that file was parsed.
    parsed: bool,
}

/// Every folder in or below this one with a `backend` or `cloud` block, by path. Parsed are the files that may hold one,
/// which are then parsed already for an evaluation that shares with this. A folder does not stop being a root module
/// because a file of its own was not parsed. Once interrupted, it finds no more.
pub fn root_folders<'t>(tree: &'t Tree, within: &str, options: &Options) -> Vec<RootFolder<'t>> {
    let mut found: BTreeMap<&str, RootFolder<'_>> = BTreeMap::new();
    for (path, bytes) in &tree.files {
        if options.interrupt.is_raised() {
            break;
        }
        let folder = Tree::folder(path);
        let is_asked = path.ends_with(".tf") && Tree::holds(within, folder);
        let is_known = found.get(folder).is_some_and(|known| known.parsed);
        if !is_asked || is_known || !may_name_backend(bytes) {
            continue;
        }
        let text = tree.text(path).unwrap_or_default();
        let root = |parsed| RootFolder {
            path: folder,
            file: path,
            parsed,
        };
        match options.shared.file(path, text, usize::MAX) {
            Ok(file) if backend_block(&file).is_some() => drop(found.insert(folder, root(true))),
            Err(_) if opens_backend(text) => drop(found.entry(folder).or_insert(root(false))),
            _ => {}
        }
    }
    found.into_values().collect()
}

/// The same, with what each says of its backend.
pub fn root_modules(tree: &Tree, within: &str, options: &Options) -> Vec<RootModule> {
    let folders = root_folders(tree, within, options);
    folders
        .iter()
        .map(|root| root.module(tree, options))
        .collect()
}

impl RootFolder<'_> {
    /// Reads its backend block.
    pub fn module(&self, tree: &Tree, options: &Options) -> RootModule {
        let text = tree.text(self.file).unwrap_or_default();
        let (backend, problem) = match options.shared.file(self.file, text, usize::MAX) {
            Ok(file) => (backend(&file, &Context::new(options)), None),
            Err(unparsed) => (None, Some(self.problem(&unparsed))),
        };
        RootModule {
            path: self.path.to_owned(),
            backend,
            problem,
        }
    }

    fn problem(&self, unparsed: &Unparsed) -> Problem {
        Problem {
            file: self.file.to_owned(),
            line: unparsed.line,
            message: format!("this file could not be parsed: {unparsed}"),
        }
    }
}

/// Whether a file may hold a backend block: cheaper than to parse it.
fn may_name_backend(bytes: &[u8]) -> bool {
    let has = |text: &str, word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let after = text[at + word.len()..].chars().next();
            !after.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
        })
    };
    std::str::from_utf8(bytes)
        .is_ok_and(|text| has(text, "terraform") && (has(text, "backend") || has(text, "cloud")))
}

/// Whether a file that was not parsed holds what looks like a backend block.
fn opens_backend(text: &str) -> bool {
    let opens = |word: &str, next: char| {
        text.match_indices(word)
            .any(|(at, _)| text[at + word.len()..].trim_start().starts_with(next))
    };
    opens("backend", '"') || opens("cloud", '{')
}

/// The first backend block of a file, and its kind.
fn backend_block(file: &File) -> Option<(&str, &Block)> {
    let mut blocks = file.body.get_blocks("terraform");
    blocks.find_map(|block| {
        let named = block.body.get_blocks("backend").next();
        Some(match named {
            Some(found) => (found.labels.first()?.as_str(), found),
            None => ("cloud", block.body.get_blocks("cloud").next()?),
        })
    })
}

/// What the first backend block of a file says.
fn backend(file: &File, context: &Rc<Context>) -> Option<BackendBlock> {
    let (kind, found) = backend_block(file)?;
    Some(BackendBlock {
        kind: kind.to_owned(),
        attributes: settings(file, found, context),
        file: file.path.clone(),
        line: file.line(found.span().map_or(0, |span| span.start)),
    })
}

/// The settings of a backend block, which may refer to nothing.
fn settings(file: &File, block: &Block, context: &Rc<Context>) -> BTreeMap<String, Value> {
    let nothing = Folder::new("", Vec::new());
    let scope = Instance::root(&nothing, BTreeMap::new(), context).scope(file);
    let settings = block.body.attributes();
    settings
        .map(|setting| (setting.key.as_str().to_owned(), scope.value(&setting.value)))
        .collect()
}
