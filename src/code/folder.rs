//! The files of a module, parsed once.

use crate::model::Tree;
use hcl_edit::structure::{Attribute, Block, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

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
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// One parsed file.
#[derive(Debug)]
pub(super) struct File<'a> {
    /// Its path, relative to the repository.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// What it says.
    pub body: Body,
}

impl File<'_> {
    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Where something stands: its line, for messages.
    pub(super) fn place(&self, span: Option<Range<usize>>) -> String {
        format!(
            "{}:{}",
            self.path,
            self.line(span.map_or(0, |span| span.start))
        )
    }
}

/// The files of one folder: a module.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    /// Its path, relative to the repository; empty for the root.
    pub path: &'a str,
    /// Its files, by path.
    pub files: Vec<File<'a>>,
}

impl Folder<'_> {
    /// The top-level blocks of a kind, each with its file.
    pub(super) fn blocks<'s>(
        &'s self,
        kind: &'s str,
    ) -> impl Iterator<Item = (&'s File<'s>, &'s Block)> {
        let files = self.files.iter();
        files.flat_map(move |file| file.body.get_blocks(kind).map(move |block| (file, block)))
    }

    /// The attributes of all `locals` blocks.
    pub(super) fn locals(&self) -> impl Iterator<Item = (&File<'_>, &Attribute)> {
        let blocks = self.blocks("locals");
        blocks.flat_map(|(file, block)| block.body.attributes().map(move |local| (file, local)))
    }
}

/// All folders of a repository that hold code, as far as they may be asked for.
#[derive(Debug, Default)]
pub(super) struct Folders<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    problems: Vec<(&'a str, Problem)>,
    root: &'a str,
}

impl<'a> Folders<'a> {
    /// Parses the root module and every folder that its local modules may lead to.
    pub(super) fn parse(tree: &'a Tree, root: &'a str) -> Self {
        let mut all = Self {
            root,
            ..Self::default()
        };
        let mut waiting = BTreeSet::from([root.to_owned()]);
        while let Some(path) = waiting.pop_first() {
            let known = tree
                .files
                .keys()
                .map(|file| Tree::folder(file))
                .find(|folder| *folder == path);
            let Some(path) = known.filter(|path| !all.folders.contains_key(path)) else {
                continue;
            };
            let folder = all.folder(tree, path);
            waiting.extend(sources(&folder).filter_map(|source| Tree::join(path, &source)));
            all.folders.insert(path, folder);
        }
        all
    }

    /// Parses the files of one folder.
    fn folder(&mut self, tree: &'a Tree, path: &'a str) -> Folder<'a> {
        let mut files = Vec::new();
        for (name, bytes) in tree
            .in_folder(path)
            .filter(|(name, _)| name.ends_with(".tf"))
        {
            let mut wrong = |line: usize, message: String| {
                let file = name.to_owned();
                self.problems.push((
                    path,
                    Problem {
                        file,
                        line,
                        message,
                    },
                ));
            };
            let Ok(text) = std::str::from_utf8(bytes) else {
                wrong(
                    1,
                    "this file is not UTF-8, so what it declares was not evaluated".to_owned(),
                );
                continue;
            };
            match hcl_edit::parser::parse_body(text) {
                Ok(body) => files.push(File {
                    path: name,
                    text,
                    body,
                }),
                Err(error) => wrong(
                    error.location().line(),
                    format!(
                        "this file could not be parsed, so what it declares was not evaluated: {}",
                        error.message()
                    ),
                ),
            }
        }
        Folder { path, files }
    }

    /// A module, where it is one of this repository.
    pub(super) fn get(&'a self, path: &str) -> Option<&'a Folder<'a>> {
        self.folders.get(path)
    }

    /// What could not be parsed: of the root module first.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<_> = self.problems.iter().collect();
        problems.sort_by_key(|(folder, problem)| (*folder != self.root, problem));
        problems
            .into_iter()
            .map(|(_, problem)| problem.clone())
            .collect()
    }
}

/// The sources of the local modules that a folder calls.
fn sources<'s>(folder: &'s Folder<'_>) -> impl Iterator<Item = String> + 's {
    let calls = folder.blocks("module");
    let source = calls.filter_map(|(_, call)| call.body.get_attribute("source")?.value.as_str());
    source.filter(|source| is_local(source)).map(str::to_owned)
}

/// Whether a module's source is a folder of the repository.
pub(super) fn is_local(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../") || source == "." || source == ".."
}
