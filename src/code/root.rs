//! Root modules: the folders that say where their state is.

use super::Options;
use super::folder::{File, Folder, Problem};
use super::instance::{Context, Instance};
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

/// Every folder in or below this one with a `backend` or `cloud` block, by path. Parsed are the files that may hold one,
/// which are then parsed already for an evaluation that shares with this. A folder does not stop being a root module
/// because a file of its own was not parsed.
pub fn root_modules(tree: &Tree, within: &str, options: &Options) -> Vec<RootModule> {
    let context = Context::new(options);
    let mut found: BTreeMap<&str, RootModule> = BTreeMap::new();
    for (path, bytes) in &tree.files {
        let folder = Tree::folder(path);
        let is_asked = path.ends_with(".tf") && Tree::holds(within, folder);
        let is_known = |module: &RootModule| module.backend.is_some();
        if !is_asked || found.get(folder).is_some_and(is_known) || !may_name_backend(bytes) {
            continue;
        }
        let text = tree.text(path).unwrap_or_default();
        if context.budget.is_over() {
            break;
        }
        let module = |backend, problem| RootModule {
            path: folder.to_owned(),
            backend,
            problem,
        };
        match options.shared.file(path, text, usize::MAX) {
            Ok(file) => {
                if let Some(backend) = backend(&file, &context) {
                    found.insert(folder, module(Some(backend), None));
                }
            }
            Err(unparsed) if opens_backend(text) => {
                let message = format!("this file could not be parsed: {unparsed}");
                let problem = Problem {
                    file: path.clone(),
                    line: unparsed.line,
                    message,
                };
                found.entry(folder).or_insert(module(None, Some(problem)));
            }
            Err(_) => {}
        }
    }
    found.into_values().collect()
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

/// The first backend block of a file.
fn backend(file: &File, context: &Rc<Context>) -> Option<BackendBlock> {
    let mut blocks = file.body.get_blocks("terraform");
    let (kind, found) = blocks.find_map(|block| {
        let named = block.body.get_blocks("backend").next();
        Some(match named {
            Some(found) => (found.labels.first()?.as_str(), found),
            None => ("cloud", block.body.get_blocks("cloud").next()?),
        })
    })?;
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
