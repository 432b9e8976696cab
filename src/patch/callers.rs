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
            let folder = Tree::folder(&edit.file);
            if let Some(other) = self.foreign(folder, stack) {
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
    fn a_source_is_told_from_what_is_none() {
        assert_eq!(source("  source = \"../x\" # y"), Some("../x"));
        assert_eq!(source("module \"a\" { source = \"./x\" }"), Some("./x"));
        assert_eq!(source("  source = \"hashicorp/x\""), None);
        assert_eq!(source("  sources = [\"./x\"]"), None);
    }
}
