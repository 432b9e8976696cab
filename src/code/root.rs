//! Finds root modules: folders with a backend block.

use super::Options;
use super::context::Context;
use super::file::{CodeText, File, Syntax};
use super::folder::Problem;
use super::listing::{code_files as code_files_in, is_code, is_override, is_replaced};
use super::overlay::Overlay;
use super::parse::Unparsed;
use super::scope::{Scope, alone};
use super::size::Size;
use crate::model::{Tree, Value, ValueMap};
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A folder with a backend.
#[derive(Debug, Clone, PartialEq)]
pub struct RootModule {
    /// Its path, relative to the repository; empty for the root.
    pub path: String,
    /// Its backend block; `None` where it is in a file that was not parsed.
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
    pub attributes: ValueMap,
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// The most memory that the settings of a backend take, in bytes: each stack of a repository holds its own.
const MAX_BACKEND: usize = 16 << 10;

impl BackendBlock {
    /// Returns the block, unless it is too large.
    ///
    /// # Errors
    /// The size that it may have.
    pub(super) fn bounded(self) -> Result<Self, Problem> {
        let attributes = self.attributes.iter();
        let sizes = attributes.map(|(name, value)| name.len() + Size::of(value).bytes);
        if sizes.sum::<usize>() <= MAX_BACKEND {
            return Ok(self);
        }
        Err(Problem {
            file: self.file,
            line: self.line,
            message: format!(
                "the settings of this backend are longer than {} KiB: leave out what locates no state",
                MAX_BACKEND >> 10
            ),
        })
    }
}

/// A folder with a backend block that is not evaluated yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootFolder<'t> {
    /// Its path, relative to the repository; empty for the root.
    pub path: &'t str,
    /// The file with its backend block.
    file: CodeFile<'t>,
    /// Whether that file was parsed.
    is_parsed: bool,
}

/// A file of a root module: its path, and the path behind a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CodeFile<'t> {
    name: &'t str,
    path: &'t str,
}

/// Finds every folder in or below this one with a `backend` or `cloud` block, by path. Parses only files that may hold
/// one, and shares them with later evaluations. A file that cannot be parsed and seems to hold one counts as well. Once
/// interrupted, finds no more.
pub fn root_folders<'t>(tree: &'t Tree, within: &str, options: &Options) -> Vec<RootFolder<'t>> {
    let mut found: BTreeMap<&str, RootFolder<'_>> = BTreeMap::new();
    for file in code_files(tree) {
        if options.interrupt.is_raised() {
            break;
        }
        let folder = Tree::folder(file.name);
        let known = found.get(folder);
        // An override file's block counts in place of any other.
        let is_known = known.is_some_and(|known| known.is_parsed) && !is_override(file.name);
        let bytes = tree.files.get(file.path).map_or(&[][..], |bytes| bytes);
        if is_known || !Tree::holds(within, folder) || !may_name_backend(bytes) {
            continue;
        }
        let root = |is_parsed| RootFolder {
            path: folder,
            file,
            is_parsed,
        };
        match file.parse(tree, options) {
            Ok(parsed) if backend_block(&parsed).is_some() => {
                found.insert(folder, root(true));
            }
            Err(_) if opens_backend(bytes) => {
                found.entry(folder).or_insert(root(false));
            }
            _ => {}
        }
    }
    found.into_values().collect()
}

/// Returns the files with code of a repository, by name, and those behind symbolic links.
fn code_files(tree: &Tree) -> impl Iterator<Item = CodeFile<'_>> {
    let exists = |path: &str| tree.files.contains_key(path) || tree.links.contains_key(path);
    let files = tree.files.keys().map(|path| CodeFile { name: path, path });
    let links = tree.links.keys().filter(|link| is_code(link));
    let links = links.filter_map(|link| {
        let path = tree.resolve(link)?;
        let (path, _) = tree.files.get_key_value(path.as_ref())?;
        Some(CodeFile { name: link, path })
    });
    let files = files.chain(links);
    files.filter(move |file| {
        is_code(file.name) && !is_replaced(file.name, exists) && !Tree::is_installed(file.name)
    })
}

/// Finds the root modules with their evaluated backend blocks.
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
        let backend = match self.file.parse(tree, options) {
            Ok(file) => {
                let context = Context::new(options, Overlay::of(tree));
                backend(&file, &context).map(BackendBlock::bounded)
            }
            Err(unparsed) => Some(Err(self.problem(&unparsed))),
        };
        let (backend, problem) = match backend.transpose() {
            Ok(backend) => (backend, None),
            Err(problem) => (None, Some(problem)),
        };
        RootModule {
            path: self.path.to_owned(),
            backend,
            problem,
        }
    }

    fn problem(&self, unparsed: &Unparsed) -> Problem {
        Problem {
            file: self.file.path.to_owned(),
            line: unparsed.line,
            message: format!("this file could not be parsed: {unparsed}"),
        }
    }
}

impl CodeFile<'_> {
    fn parse(&self, tree: &Tree, options: &Options) -> Result<Arc<File>, Unparsed> {
        let text = tree.text(self.path).ok_or_else(|| Unparsed {
            line: 1,
            message: "it is not UTF-8".to_owned(),
            is_too_large: false,
        })?;
        let read = CodeText {
            path: self.path,
            text,
            syntax: Syntax::of(self.name, &options.nested_blocks),
        };
        options.shared.file(&read, usize::MAX)
    }
}

/// Returns whether a file may hold a backend block, which is cheaper than parsing it.
fn may_name_backend(bytes: &[u8]) -> bool {
    let has = |text: &str, word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let after = text[at + word.len()..].chars().next();
            !after.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
        })
    };
    let text = String::from_utf8_lossy(bytes);
    has(&text, "terraform") && (has(&text, "backend") || has(&text, "cloud"))
}

/// Returns whether a file that was not parsed seems to hold a backend block.
fn opens_backend(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let opens = |word: &str, next: char| {
        text.match_indices(word)
            .any(|(at, _)| text[at + word.len()..].trim_start().starts_with(next))
    };
    opens("backend", '"') || opens("cloud", '{')
}

/// Returns the first backend block of a file, and its kind.
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

/// Evaluates the first backend block of a file.
fn backend(file: &File, context: &Rc<Context<'_>>) -> Option<BackendBlock> {
    let (kind, found) = backend_block(file)?;
    let source = file.source(found.span().unwrap_or_default());
    Some(BackendBlock {
        kind: kind.to_owned(),
        attributes: settings(file, found, context),
        file: source.file,
        line: source.line,
    })
}

/// Returns the backend block in the files of a folder. One in an override file takes precedence.
///
/// # Errors
/// The block may be in a file that could not be parsed.
pub(super) fn backend_in(
    code: &Overlay<'_>,
    folder: &str,
    options: &Options,
) -> Result<Option<BackendBlock>, Problem> {
    let mut found = None;
    for named in code_files_in(code, folder) {
        let Some(path) = named.path else {
            continue;
        };
        let text = code.text(&path).unwrap_or_default();
        if !may_name_backend(text.as_bytes()) {
            continue;
        }
        let read = CodeText {
            path: &path,
            text,
            syntax: Syntax::of(&named.name, &options.nested_blocks),
        };
        match options.shared.file(&read, usize::MAX) {
            Ok(file) => {
                let context = Context::new(options, *code);
                found = backend(&file, &context).or(found);
            }
            Err(unparsed) if found.is_none() && opens_backend(text.as_bytes()) => {
                return Err(Problem {
                    file: path,
                    line: unparsed.line,
                    message: format!("this file could not be parsed: {unparsed}"),
                });
            }
            Err(_) => {}
        }
    }
    found.map(BackendBlock::bounded).transpose()
}

/// Evaluates the settings of a backend block, which allows no references. A nested block such as `workspaces` is a map.
fn settings(file: &File, block: &Block, context: &Rc<Context<'_>>) -> ValueMap {
    alone("", file, context, |scope| {
        let mut settings: BTreeMap<_, _> = arguments(block, scope).into_iter().collect();
        for inner in block.body.blocks() {
            let inner_settings = || Value::Map(arguments(inner, scope));
            let name = inner.ident.as_str().to_owned();
            settings.entry(name).or_insert_with(inner_settings);
        }
        settings.into_iter().collect()
    })
}

/// Evaluates the arguments of a block.
fn arguments(block: &Block, scope: &Scope<'_>) -> ValueMap {
    let arguments = block.body.attributes();
    arguments
        .map(|argument| {
            (
                argument.key.as_str().to_owned(),
                scope.plain(&argument.value),
            )
        })
        .collect()
}
