//! The files of a root module and of the local modules that it leads to.

use super::budget::Budget;
use super::overlay::Overlay;
use super::parse::{self, Unparsed};
use super::shared::Shared;
use super::variable::Variable;
use crate::model::Tree;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How deep modules may call one another: Terraform's own advice is to keep them flat.
pub(super) const DEEPEST_MODULE: usize = 32;

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
pub(super) struct File {
    /// Its path, relative to the repository.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it says.
    pub body: Body,
    /// The bytes that all of this takes at most.
    pub memory: usize,
    /// Where its lines end.
    ends: Vec<usize>,
}

impl File {
    /// Parses a file that was measured.
    pub(super) fn parse(path: &str, text: &str, memory: usize) -> Result<Self, Unparsed> {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Ok(Self {
            path: path.to_owned(),
            text: text.to_owned(),
            body: parse::measured_body(text)?,
            memory,
            ends: newlines.map(|(at, _)| at).collect(),
        })
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < at)
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

/// The parsed files of a root module and of its local modules, by folder.
#[derive(Debug, Default)]
pub(super) struct Files {
    folders: BTreeMap<String, Vec<Arc<File>>>,
    problems: Vec<(String, Problem)>,
    root: String,
}

impl Files {
    /// Parses the root module and every folder that its local modules may lead to, as far as the budget goes.
    pub(super) fn load(code: &Overlay<'_>, root: &str, shared: &Shared, budget: &Budget) -> Self {
        let index = code.by_folder();
        let mut all = Self {
            root: root.to_owned(),
            ..Self::default()
        };
        let mut waiting = BTreeSet::from([root.to_owned()]);
        for _ in 0..=DEEPEST_MODULE {
            let mut called = BTreeSet::new();
            for folder in std::mem::take(&mut waiting) {
                if all.folders.contains_key(&folder) || budget.is_over() {
                    continue;
                }
                let Some(files) = index.get(folder.as_str()) else {
                    continue;
                };
                let mut parsed = Vec::new();
                for path in files.iter().filter(|path| path.ends_with(".tf")) {
                    match file(path, code, shared, budget) {
                        Ok(file) => parsed.push(file),
                        Err(problem) => all.problems.push((folder.clone(), problem)),
                    }
                }
                let sources = parsed.iter().flat_map(|file| sources(file));
                called.extend(sources.filter_map(|source| Tree::join(&folder, source)));
                all.folders.insert(folder, parsed);
            }
            waiting = called;
        }
        all
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

    /// The modules, each ready to be asked for what it declares.
    pub(super) fn folders(&self) -> Folders<'_> {
        let mut folders = BTreeMap::new();
        for (path, files) in &self.folders {
            let files = files.iter().map(Arc::as_ref).collect();
            folders.insert(path.as_str(), Folder::new(path, files));
        }
        Folders(folders)
    }
}

/// Parses one file, where there is room for it.
fn file(
    path: &str,
    code: &Overlay<'_>,
    shared: &Shared,
    budget: &Budget,
) -> Result<Arc<File>, Problem> {
    let problem = |line, message: String| Problem {
        file: path.to_owned(),
        line,
        message,
    };
    let text = code.text(path).ok_or_else(|| {
        let message = "this file is not UTF-8, so what it declares was not evaluated";
        problem(1, message.to_owned())
    })?;
    let parsed = shared.file(path, text, budget.room_for_code());
    let file = parsed.map_err(|unparsed| {
        let message = format!(
            "this file could not be parsed, so what it declares was not evaluated: {unparsed}"
        );
        problem(unparsed.line, message)
    })?;
    budget.hold_code(file.memory);
    Ok(file)
}

/// The sources of the local modules that a file calls.
fn sources(file: &File) -> impl Iterator<Item = &str> {
    let calls = file.body.get_blocks("module");
    let source = calls.filter_map(|call| call.body.get_attribute("source")?.value.as_str());
    source.filter(|source| is_local(source))
}

/// Whether a module's source is a folder of the repository.
pub(super) fn is_local(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../") || source == "." || source == ".."
}

/// All modules that a root module leads to.
pub(super) struct Folders<'a>(BTreeMap<&'a str, Folder<'a>>);

impl<'a> Folders<'a> {
    /// A module, where it is one of this repository.
    pub(super) fn get(&self, path: &str) -> Option<&Folder<'a>> {
        self.0.get(path)
    }
}

/// The files of one folder: a module.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    /// Its path, relative to the repository; empty for the root.
    pub path: &'a str,
    /// Its files, by path.
    pub files: Vec<&'a File>,
    /// Its local values. Of two with one name the first counts.
    pub locals: BTreeMap<&'a str, (&'a File, &'a Expression)>,
    /// Its `data` blocks, by type and name.
    pub data: BTreeMap<(&'a str, &'a str), (&'a File, &'a Block)>,
    /// The variables that it declares.
    pub variables: Vec<Variable<'a>>,
}

impl<'a> Folder<'a> {
    /// The module that these files make.
    pub(super) fn new(path: &'a str, files: Vec<&'a File>) -> Self {
        let mut folder = Self {
            path,
            files,
            locals: BTreeMap::new(),
            data: BTreeMap::new(),
            variables: Vec::new(),
        };
        let (mut locals, mut data) = (BTreeMap::new(), BTreeMap::new());
        for (file, block) in folder.blocks("locals") {
            for local in block.body.attributes() {
                locals
                    .entry(local.key.as_str())
                    .or_insert((file, &local.value));
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
        folder
    }

    /// The top-level blocks of a kind, each with its file.
    pub(super) fn blocks<'k>(
        &self,
        kind: &'k str,
    ) -> impl Iterator<Item = (&'a File, &'a Block)> + use<'a, 'k> {
        let files = self.files.clone().into_iter();
        files.flat_map(move |file| blocks(&file.body, kind).map(move |block| (file, block)))
    }
}

/// The blocks of a kind in a body.
fn blocks<'a, 'k>(body: &'a Body, kind: &'k str) -> impl Iterator<Item = &'a Block> + use<'a, 'k> {
    body.blocks().filter(move |block| block.has_ident(kind))
}
