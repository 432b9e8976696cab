//! Finds the folders that call a module: code that other root modules use is not edited for one of them.

use super::Stack;
use super::reasons::Unproven;
use crate::code;
use crate::model::{Edit, Tree};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The extension of Terragrunt's configurations.
const CONFIG_ENDING: &str = ".hcl";

/// Who uses the code of a repository; collected once.
#[derive(Default)]
pub(super) struct Callers(OnceCell<Uses>);

/// Who uses the code of a repository.
struct Uses {
    /// The folders that call each folder, and the units whose code each is.
    callers: BTreeMap<String, BTreeSet<String>>,
    /// The units that each configuration of Terragrunt's is a part of.
    units: BTreeMap<String, BTreeSet<String>>,
}

impl Callers {
    /// Checks that no other root module uses the code that these edits change.
    ///
    /// # Errors
    /// The folder of another root module.
    pub(super) fn check(&self, edits: &[Edit], stack: &Stack<'_>) -> Result<(), Unproven> {
        for edit in edits {
            let file = edit.file.clone();
            if let Some(folder) = self.other_unit(&file, stack) {
                return Err(Unproven::OtherUnit { file, folder });
            }
            if file.ends_with(CONFIG_ENDING) {
                continue;
            }
            let folder = Tree::folder(&file);
            if file.contains(".tfvars") && !has_code(folder, stack) {
                if !Tree::holds(stack.folder, folder) {
                    return Err(Unproven::OtherVariables(file));
                }
                continue;
            }
            // Whoever calls a module sets its variables: it reads no file of them.
            if file.contains(".tfvars") && folder == stack.folder {
                continue;
            }
            let foreign = match code::is_code(&file) || file.contains(".tfvars") {
                true => self.foreign(folder, stack),
                false => readers(&file, stack)
                    .into_iter()
                    .find_map(|folder| self.foreign(folder, stack)),
            };
            if let Some(folder) = foreign {
                return Err(Unproven::OtherRoot { file, folder });
            }
        }
        Ok(())
    }

    /// Returns the folders that call the module in a folder.
    pub(super) fn of(&self, folder: &str, stack: &Stack<'_>) -> impl Iterator<Item = &str> {
        let callers = self.uses(stack).callers.get(folder).into_iter();
        callers.flatten().map(String::as_str)
    }

    fn uses(&self, stack: &Stack<'_>) -> &Uses {
        self.0.get_or_init(|| Uses::of(stack))
    }

    /// Returns a unit, other than the stack's, that a configuration of Terragrunt's is a part of.
    fn other_unit(&self, file: &str, stack: &Stack<'_>) -> Option<String> {
        if !file.ends_with(CONFIG_ENDING) {
            return None;
        }
        let mut units = self.uses(stack).units.get(file)?.iter();
        units.find(|unit| *unit != stack.folder).cloned()
    }

    /// Returns a root module, other than the stack's, that uses this folder. The stack's own may be called as well.
    fn foreign(&self, folder: &str, stack: &Stack<'_>) -> Option<String> {
        let callers = &self.uses(stack).callers;
        let (mut waiting, mut seen) = (vec![folder.to_owned()], BTreeSet::new());
        while let Some(folder) = waiting.pop() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            match callers.get(&folder) {
                Some(above) => waiting.extend(above.iter().cloned()),
                None if folder == stack.folder => {}
                None => return Some(folder),
            }
        }
        None
    }
}

impl Uses {
    /// Collects who uses the code. Everything that looks like a source counts, since a missed caller does more harm
    /// than a refused edit.
    fn of(stack: &Stack<'_>) -> Self {
        let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for path in stack.tree.files.keys().filter(|path| code::is_code(path)) {
            if stack.options.interrupt.is_raised() {
                break;
            }
            let folder = Tree::folder(path);
            let text = stack.tree.text(path).unwrap_or_default();
            for called in sources(text).filter_map(|source| Tree::join(folder, source)) {
                callers.entry(called).or_default().insert(folder.to_owned());
            }
        }
        let mut units: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for unit in code::unit_folders(stack.tree, "", stack.options).iter() {
            let path = &unit.module.path;
            for config in &unit.configs {
                units
                    .entry(config.clone())
                    .or_default()
                    .insert(path.clone());
            }
            if let Some(source) = unit.source.as_ref().filter(|source| *source != path) {
                callers
                    .entry(source.clone())
                    .or_default()
                    .insert(path.clone());
            }
        }
        Self { callers, units }
    }
}

/// Returns whether there is code in a folder itself.
fn has_code(folder: &str, stack: &Stack<'_>) -> bool {
    let mut files = stack.tree.files.keys();
    files.any(|path| Tree::folder(path) == folder && code::is_code(path))
}

/// Returns the folders whose code may read a file that is no code itself: those that name it, and those that put a name
/// together. Everything that looks so counts, since a missed reader does more harm than a refused edit.
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
    // `templatefile(` and the digests of files end in one of these.
    const FUNCTIONS: &[&str] = &[
        "file(", "fileset(", "base64(", "md5(", "sha1(", "sha256(", "sha512(",
    ];
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

/// Returns whether the code of one folder calls the module in another.
pub(super) fn leads_to(text: &str, from: &str, folder: &str) -> bool {
    sources(text).any(|source| Tree::join(from, source).as_deref() == Some(folder))
}

/// Returns the local folders that code names as `source = "./x"`, or as JSON's `"source": "./x"`.
fn sources(text: &str) -> impl Iterator<Item = &str> {
    text.split("source").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix('"').unwrap_or(rest).trim_start();
        let value = rest.strip_prefix(['=', ':'])?.trim_start();
        let named = value.strip_prefix('"')?.split('"').next()?;
        named.starts_with('.').then_some(named)
    })
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
        for function in [
            "filebase64",
            "filebase64sha512",
            "filemd5",
            "filesha1",
            "filesha512",
            "templatefile",
        ] {
            let line = format!("content = {function}(\"${{path.module}}/${{each.key}}\")");
            assert!(may_read(&line, "p.json"), "{line}");
        }
        assert!(!may_read(
            "policy = file(\"${path.module}/q.json\")",
            "p.json"
        ));
        assert!(!may_read("name = \"${var.name}-x\"", "p.json"));
    }

    #[test]
    fn a_source_is_told_from_what_is_none() {
        let named = |text| sources(text).collect::<Vec<_>>();
        assert_eq!(named("  source = \"../x\" # y"), ["../x"]);
        assert_eq!(named("module \"a\" { source = \"./x\" }"), ["./x"]);
        assert_eq!(named("module \"source\" { source = \"./x\" }"), ["./x"]);
        assert_eq!(
            named("{\"source\": \"./x\", \"a\": {\"source\" : \"./y\"}}"),
            ["./x", "./y"]
        );
        assert!(named("  source = \"hashicorp/x\"").is_empty());
        assert!(named("  sources = [\"./x\"]").is_empty());
    }
}
