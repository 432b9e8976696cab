//! Names imported resources: readable, deterministic, and unused in the module.

use super::Stack;
use crate::model::{Address, Finding, Key, ModuleStep, Tree, Value, masked};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The name of each added resource, by its type and import id.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<(String, String), String>);

impl Names {
    /// Creates names for these findings, each with the attribute of its parent that it is a part of.
    pub(super) fn of<'f>(
        added: impl Iterator<Item = (&'f Finding, &'static str)>,
        stack: &Stack<'_>,
    ) -> Self {
        let mut names = Self::default();
        // What is in use, by module.
        let mut used: BTreeMap<&[ModuleStep], UsedNames> = BTreeMap::new();
        for (finding, path) in added {
            let Some(parent) = &finding.under else {
                continue;
            };
            let used = used
                .entry(&parent.modules)
                .or_insert_with(|| UsedNames::of(in_use(parent, stack)));
            let name = used.take(readable_name(finding, parent, path));
            names.0.insert(key(finding), name);
        }
        names
    }

    /// Returns the name of a finding's resource.
    pub(super) fn get(&self, finding: &Finding) -> Option<&str> {
        self.0.get(&key(finding)).map(String::as_str)
    }
}

/// The names that are in use in a module.
struct UsedNames {
    all: BTreeSet<String>,
    /// The number that a name of its own was given last, by the readable name: thousands may share one.
    numbers: BTreeMap<String, usize>,
}

impl UsedNames {
    fn of(all: BTreeSet<String>) -> Self {
        Self {
            all,
            numbers: BTreeMap::new(),
        }
    }

    /// Takes a name, with a number where it is in use.
    fn take(&mut self, readable_name: String) -> String {
        if self.all.insert(readable_name.clone()) {
            return readable_name;
        }
        let number = self.numbers.entry(readable_name.clone()).or_insert(1);
        loop {
            *number += 1;
            let name = format!("{readable_name}_{number}");
            if self.all.insert(name.clone()) {
                return name;
            }
        }
    }
}

fn key(finding: &Finding) -> (String, String) {
    let id = finding.import_id.clone().unwrap_or_default();
    (finding.tf_type.clone(), id)
}

/// Returns every word of a module's code, and every name in its state: an `import` block for a former address of
/// another resource would recreate that one.
fn in_use(parent: &Address, stack: &Stack<'_>) -> BTreeSet<String> {
    let declared = stack.declared.resources.get(parent);
    let folder = declared.map_or(stack.folder, |declared| Tree::folder(&declared.file));
    let mut used = BTreeSet::new();
    for (_, bytes) in stack.tree.in_folder(folder) {
        let text = String::from_utf8_lossy(bytes);
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        used.extend(words.map(str::to_owned));
    }
    let recorded = stack.options.recorded.names(&parent.modules);
    used.extend(recorded.map(str::to_owned));
    used
}

/// Returns a readable name: the parent's name, and what distinguishes the child from its siblings.
fn readable_name(finding: &Finding, parent: &Address, path: &str) -> String {
    let text = |name: &str| finding.after.get(name).and_then(Value::as_str);
    let number = |name: &str| finding.after.get(name).and_then(Value::as_i64);
    let own = match (text("name"), text("policy_arn"), text("ip_protocol")) {
        (Some(name), ..) => name.to_owned(),
        (_, Some(arn), _) => arn.rsplit(['/', ':']).next().unwrap_or(arn).to_owned(),
        (.., Some("-1")) => format!("{path}_all"),
        (.., Some(protocol)) => match (number("from_port"), number("to_port")) {
            (Some(from), Some(to)) if from != to && from >= 0 => {
                format!("{path}_{protocol}_{from}_{to}")
            }
            (Some(from), _) if from >= 0 => format!("{path}_{protocol}_{from}"),
            _ => format!("{path}_{protocol}"),
        },
        _ => {
            // The parent's id and what tells it from its siblings, as of a route.
            let id = finding.import_id.as_deref().unwrap_or_default();
            match text("bucket") == Some(id) {
                // A bucket has one policy.
                true => path.to_owned(),
                false => format!("{path}_{}", id.split_once('_').map_or(id, |(_, own)| own)),
            }
        }
    };
    let instance = match &parent.key {
        None => String::new(),
        Some(Key::Index(index)) => format!("_{index}"),
        Some(Key::Name(key)) => format!("_{}", word(key)),
    };
    let parent = match masked(&parent.name) {
        Cow::Borrowed(name) => name,
        Cow::Owned(_) => "parent",
    };
    format!("{parent}{instance}_{}", word(&own))
}

/// Converts a text to a part of a name: `AdministratorAccess` becomes `administrator_access`. A credential is left out,
/// since it could not be recognized in this form.
fn word(text: &str) -> String {
    let text = masked(text);
    let mut word = String::new();
    let mut before = '_';
    for c in text.chars() {
        let starts =
            c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        let parts = starts || !c.is_ascii_alphanumeric();
        if parts && !word.ends_with('_') {
            word.push('_');
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    word.trim_matches('_').to_owned()
}
