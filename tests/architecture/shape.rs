//! The shape of the code inside the folders: where a type's methods are, who calls whom in `jobs`.

use super::{names_after, sources};
use std::collections::{BTreeMap, BTreeSet};

/// The most files that hold methods of one type.
const MAX_FILES: usize = 8;

/// The types through which each table of `store` is reached: one file a table, and none calls another.
const TABLES: [&str; 2] = ["Store", "Tenant"];

/// The files of `jobs` that are no jobs: what jobs are made of, and who hands them out.
const NO_JOBS: [&str; 4] = ["mod", "handler", "context", "services"];

#[test]
fn a_types_methods_are_in_its_own_folder_and_in_few_files() {
    let code = code();
    let defined: BTreeSet<_> = code
        .iter()
        .flat_map(|(file, text)| types(text).map(move |name| (folder(file), name)))
        .collect();
    let mut files: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for (file, text) in &code {
        for block in impl_blocks(text) {
            let place = (folder(file), block.name);
            assert!(
                defined.contains(&place),
                "{file} adds methods to {}, which another folder defines",
                block.name
            );
            files.entry(place).or_default().insert(file);
        }
    }
    let spread = files.iter();
    let spread =
        spread.filter(|((_, name), files)| files.len() > MAX_FILES && !TABLES.contains(name));
    let spread: Vec<_> = spread.collect();
    assert!(spread.is_empty(), "{spread:#?}");
}

/// A method that stands in another file is a call that no import shows.
#[test]
fn no_table_calls_another_through_self() {
    let edges = self_calls();
    let of_tables = edges
        .iter()
        .filter(|(from, to)| folder(from) == "store" && to != "store/mod.rs");
    assert_eq!(of_tables.collect::<Vec<_>>(), [] as [&(String, String); 0]);
}

#[test]
fn the_files_of_jobs_form_no_circle() {
    let mut edges = imports_in_jobs();
    edges.extend(
        self_calls()
            .into_iter()
            .filter(|(from, _)| folder(from) == "jobs"),
    );
    let mut left: BTreeSet<_> = code().into_iter().map(|(file, _)| file).collect();
    left.retain(|file| folder(file) == "jobs" && !file.ends_with("/mod.rs"));
    assert!(left.len() > 20, "{left:?}");
    let is_free = |file: &String, left: &BTreeSet<String>| {
        let mut targets = edges.iter().filter(|(from, _)| from == file);
        targets.all(|(_, to)| !left.contains(to))
    };
    while let Some(free) = left.iter().find(|file| is_free(file, &left)).cloned() {
        left.remove(&free);
    }
    assert!(left.is_empty(), "these call one another: {left:#?}");
}

#[test]
fn no_job_calls_another_but_the_scan_and_no_step_knows_a_job() {
    let name = |file: &str| file.rsplit('/').next().unwrap().replace(".rs", "");
    let is_step = |file: &str| file.starts_with("jobs/steps/");
    let is_job = |file: &str| !is_step(file) && !NO_JOBS.contains(&name(file).as_str());
    for (from, to) in imports_in_jobs() {
        if is_job(&to) && name(&from) != "handler" {
            let is_allowed = is_job(&from) && to == "jobs/scan.rs";
            assert!(is_allowed, "{from} calls {to}");
        }
    }
}

/// Every source file without its inline tests.
pub(super) fn code() -> Vec<(String, String)> {
    let sources = sources().into_iter();
    let sources = sources.filter(|(file, _)| !file.ends_with("tests.rs"));
    let without_tests = sources.map(|(file, text)| {
        let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        (file, text[..end].to_owned())
    });
    without_tests.collect()
}

fn folder(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The word that a text starts with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// A line after its visibility and other marks.
fn unmarked(line: &str) -> &str {
    let mut rest = line.trim_start();
    if let Some(restricted) = rest.strip_prefix("pub(") {
        rest = restricted.split_once(") ").map_or("", |(_, rest)| rest);
    }
    for mark in ["pub ", "const ", "async "] {
        rest = rest.strip_prefix(mark).unwrap_or(rest);
    }
    rest
}

/// The names of the functions that a text defines.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let names = text.lines().map(|line| unmarked(line).strip_prefix("fn "));
    names.flatten().map(word)
}

/// The names of the types that a file defines.
fn types(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = unmarked(line);
        let kinds = ["struct ", "enum ", "trait "];
        let name = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
        Some(word(name))
    })
}

/// The methods of a type that one `impl` block holds.
struct ImplBlock<'a> {
    /// The type's name.
    name: &'a str,
    text: &'a str,
}

/// The `impl` blocks of a file that implement no trait.
fn impl_blocks(text: &str) -> Vec<ImplBlock<'_>> {
    let mut blocks = Vec::new();
    for (at, _) in text.match_indices("\nimpl") {
        let block = &text[at + 1..];
        let block = &block[..block.find("\n}").unwrap_or(block.len())];
        let head = block.split('{').next().unwrap();
        if head.contains(" for ") {
            continue;
        }
        // `impl<T: Bound> Name<T>`
        let mut depth = 0;
        let rest = head["impl".len()..].trim_start_matches(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth > 0 || c == '>' || c == ' '
        });
        blocks.push(ImplBlock {
            name: word(rest),
            text: block,
        });
    }
    blocks
}

/// Which file calls a method through `self` that another one holds.
fn self_calls() -> BTreeSet<(String, String)> {
    let code = code();
    let mut methods: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
    for (file, text) in &code {
        for block in impl_blocks(text) {
            for name in functions(block.text) {
                methods.insert((folder(file), block.name, name), file);
            }
        }
    }
    let mut edges = BTreeSet::new();
    for (file, text) in &code {
        for block in impl_blocks(text) {
            for root in ["self.", "self.clone().", "Self::"] {
                for call in block.text.split(root).skip(1) {
                    let method = methods.get(&(folder(file), block.name, word(call)));
                    let other = method.filter(|other| **other != file);
                    edges.extend(other.map(|other| (file.clone(), (*other).to_owned())));
                }
            }
        }
    }
    edges
}

/// Which file of `jobs` names which other one.
fn imports_in_jobs() -> BTreeSet<(String, String)> {
    let mut code = code();
    code.retain(|(file, _)| folder(file) == "jobs" && !file.ends_with("/mod.rs"));
    let files: BTreeSet<_> = code.iter().map(|(file, _)| file.as_str()).collect();
    let mut edges = BTreeSet::new();
    for (file, text) in &code {
        let here = file.rsplit_once('/').unwrap().0;
        let below = format!("{here}/steps");
        let roots = [
            ("super::", here),
            ("super::steps::", below.as_str()),
            ("crate::jobs::", "jobs"),
            ("crate::jobs::steps::", "jobs/steps"),
        ];
        for (root, folder) in roots {
            let names = names_after(root, text).into_iter();
            let named = names.map(|name| format!("{folder}/{name}.rs"));
            let others = named.filter(|to| to != file && files.contains(to.as_str()));
            edges.extend(others.map(|to| (file.clone(), to)));
        }
    }
    edges
}
