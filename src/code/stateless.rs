//! Finds folders that look like root modules without a backend block.

use super::listing::is_code;
use crate::model::Tree;
use std::collections::BTreeSet;

/// Returns the folders in or below this one that configure providers, are not called as modules and are not known, by
/// path. Does not parse their files.
pub fn roots_without_backend<'t>(
    tree: &'t Tree,
    within: &str,
    is_known: impl Fn(&str) -> bool,
) -> Vec<&'t str> {
    let code = tree.files.iter().filter(|(path, _)| is_code(path));
    let (mut found, mut called) = (BTreeSet::new(), BTreeSet::new());
    for (path, bytes) in code {
        let (folder, text) = (Tree::folder(path), String::from_utf8_lossy(bytes));
        called.extend(local_paths(&text).filter_map(|source| Tree::join(folder, source)));
        if Tree::is_installed(folder) {
            continue;
        }
        if Tree::holds(within, folder) && !is_known(folder) && configures_provider(&text) {
            found.insert(folder);
        }
    }
    let is_root = |folder: &&str| !called.contains(*folder);
    found.into_iter().filter(is_root).collect()
}

/// Returns whether a file seems to hold a provider block.
fn configures_provider(text: &str) -> bool {
    let opens = |line: &str| {
        let line = line.trim_start();
        let block = line.strip_prefix("provider");
        let object = line.strip_prefix("\"provider\"");
        block.is_some_and(|rest| rest.trim_start().starts_with('"'))
            || object.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    text.lines().any(opens)
}

/// Returns the quoted strings that may be sources of local modules.
fn local_paths(text: &str) -> impl Iterator<Item = &str> {
    let starts = ["\"./", "\"../"].into_iter();
    let found = starts.flat_map(|start| text.match_indices(start));
    found.filter_map(|(at, _)| text[at + 1..].split(['"', '\n']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_provider_that_nobody_calls_is_a_root_module() {
        let tree: Tree = [
            (
                "a/main.tf",
                "provider \"aws\" {}\nmodule \"m\" {\n  source = \"../m\"\n}\n",
            ),
            ("b/main.tf.json", "{\n  \"provider\": {\"aws\": {}}\n}"),
            (
                "c/main.tf",
                "# provider \"aws\" {}\nprovider_name = \"a\"\n",
            ),
            ("d/main.tf", "provider \"aws\" {}\n"),
            ("m/main.tf", "provider \"aws\" {}\n"),
        ]
        .into_iter()
        .collect();
        let found = |within| roots_without_backend(&tree, within, |folder| folder == "d");
        assert_eq!(found(""), ["a", "b"]);
        assert_eq!(found("b"), ["b"]);
    }
}
