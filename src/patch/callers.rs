//! Finds the folders that call a module: code that other root modules use is not edited for one of them.

use super::Stack;
use super::reasons::Unproven;
use crate::code;
use crate::model::{Edit, Tree};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The calls of local modules in a repository, by the called folder; collected once.
#[derive(Default)]
pub(super) struct Callers(OnceCell<BTreeMap<String, BTreeSet<String>>>);

impl Callers {
    /// Checks that no other root module uses the code that these edits change.
    ///
    /// # Errors
    /// The folder of another root module.
    pub(super) fn check(&self, edits: &[Edit], stack: &Stack<'_>) -> Result<(), Unproven> {
        for edit in edits {
            let other = match code::is_code(&edit.file) || edit.file.contains(".tfvars") {
                true => self.foreign(Tree::folder(&edit.file), stack),
                false => readers(&edit.file, stack)
                    .into_iter()
                    .find_map(|folder| self.foreign(folder, stack)),
            };
            if let Some(other) = other {
                return Err(Unproven::OtherRoot {
                    file: edit.file.clone(),
                    folder: other,
                });
            }
        }
        Ok(())
    }

    /// Returns a root module, other than the stack's, that uses this folder.
    fn foreign(&self, folder: &str, stack: &Stack<'_>) -> Option<String> {
        if folder == stack.folder {
            return None;
        }
        let callers = self.0.get_or_init(|| calls(stack));
        let (mut waiting, mut seen) = (vec![folder.to_owned()], BTreeSet::new());
        while let Some(folder) = waiting.pop() {
            if folder == stack.folder || !seen.insert(folder.clone()) {
                continue;
            }
            match callers.get(&folder) {
                Some(above) => waiting.extend(above.iter().cloned()),
                None => return Some(folder),
            }
        }
        None
    }
}

/// Returns the folders that call each folder. Everything that looks like a source counts: one edit fewer does no harm.
fn calls(stack: &Stack<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in stack.tree.files.keys().filter(|path| code::is_code(path)) {
        if stack.options.interrupt.is_raised() {
            break;
        }
        let folder = Tree::folder(path);
        let text = stack.tree.text(path).unwrap_or_default();
        let sources = text.lines().filter_map(source);
        for called in sources.filter_map(|source| Tree::join(folder, source)) {
            callers.entry(called).or_default().insert(folder.to_owned());
        }
    }
    callers
}

/// Returns the folders whose code may read a file that is no code itself: those that name it, and those that put a name
/// together. Everything that looks so counts: one edit fewer does no harm.
fn readers<'a>(file: &str, stack: &Stack<'a>) -> BTreeSet<&'a str> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let files = stack.tree.files.keys();
    let reads = |path: &&String| {
        let text = stack.tree.text(path).unwrap_or_default();
        text.lines().any(|line| may_read(line, name))
    };
    let code = files.filter(|path| code::is_code(path));
    let reading = code.take_while(|_| !stack.options.interrupt.is_raised());
    reading
        .filter(reads)
        .map(|path| Tree::folder(path))
        .collect()
}

/// Returns whether a line of code may read the file of this name.
fn may_read(line: &str, name: &str) -> bool {
    const FUNCTIONS: &[&str] = &["file(", "templatefile(", "fileset(", "sha256(", "md5("];
    const PATHS: &[&str] = &["${path.module}", "${path.root}", "${path.cwd}"];
    if line.contains(name) {
        return true;
    }
    if !FUNCTIONS.iter().any(|function| line.contains(function)) {
        return false;
    }
    let plain = PATHS
        .iter()
        .fold(line.to_owned(), |line, path| line.replace(path, ""));
    let named = plain.contains('"');
    !named || plain.contains("${")
}

/// Returns the local folder in `source = "./x"`.
fn source(line: &str) -> Option<&str> {
    let value = line
        .split_once("source")?
        .1
        .trim_start()
        .strip_prefix('=')?;
    let named = value.trim_start().strip_prefix('"')?.split('"').next()?;
    named.starts_with('.').then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_may_read_a_file_is_told_from_one_that_reads_another() {
        assert!(may_read(
            "policy = file(\"${path.module}/p.json\")",
            "p.json"
        ));
        assert!(may_read(
            "policy = file(\"${path.module}/${each.key}.json\")",
            "p.json"
        ));
        assert!(may_read("policy = file(each.value)", "p.json"));
        assert!(!may_read(
            "policy = file(\"${path.module}/q.json\")",
            "p.json"
        ));
        assert!(!may_read("name = \"${var.name}-x\"", "p.json"));
    }

    #[test]
    fn a_source_is_told_from_what_is_none() {
        assert_eq!(source("  source = \"../x\" # y"), Some("../x"));
        assert_eq!(source("module \"a\" { source = \"./x\" }"), Some("./x"));
        assert_eq!(source("  source = \"hashicorp/x\""), None);
        assert_eq!(source("  sources = [\"./x\"]"), None);
    }
}
