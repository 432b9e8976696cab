//! What tests read of recorded stacks: files, values that a plan does not know, and what somebody changed.

use driftguard::code::{self, Options};
use driftguard::model::{Catalog, Difference, Finding, Kind, Severity, Tree, Value, Verdict};
use driftguard::patch::{self, Changed, FixPolicy, Stack};
use std::collections::BTreeMap;
use std::path::Path;

/// All files of a folder, by their paths below it.
pub fn tree(folder: &Path) -> Tree {
    let mut files = Vec::new();
    read(folder, folder, &mut files);
    files.into_iter().collect()
}

fn read(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.push((name.to_owned(), std::fs::read(&path).unwrap()));
        }
    }
}

/// Makes unknown what a recording marks as not known before an apply: `{"unknown": true}`.
pub fn mark_unknown(value: &mut Value) {
    match value {
        Value::Map(entries) if entries.get("unknown").and_then(Value::as_bool) == Some(true) => {
            *value = Value::Unknown;
        }
        Value::Map(entries) => entries.values_mut().for_each(mark_unknown),
        Value::List(items) => items.iter_mut().for_each(mark_unknown),
        _ => {}
    }
}

/// Plans the adoption of findings in the code of a root module.
pub fn adopt(
    tree: &Tree,
    folder: &str,
    (options, catalog): (&Options, &Catalog),
    findings: &mut [Finding],
) -> Changed {
    let evaluated = code::evaluate(tree, folder, options);
    let stack = Stack {
        tree,
        folder,
        options,
        declared: &evaluated.declared,
        catalog,
        others: Vec::new(),
    };
    patch::plan(findings, &stack, FixPolicy::Adopt)
}

/// What differs, as the state and AWS have it.
pub fn difference(path: &str, recorded: Value, live: Value) -> Difference {
    Difference {
        path: path.to_owned(),
        verdict: Verdict::Drift,
        declared: None,
        recorded,
        live,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    }
}

/// The finding of a resource whose attributes differ; without any, of one that was deleted.
pub fn finding(address: &str, attributes: Vec<Difference>) -> Finding {
    let kind = match attributes.is_empty() {
        true => Kind::Deleted,
        false => Kind::Modified,
    };
    let own = address.rsplit("module.").next().unwrap();
    let mut parts = own.split('.');
    let tf_type = parts.find(|part| part.starts_with("aws_")).unwrap();
    Finding {
        address: Some(address.parse().unwrap()),
        attributes,
        severity: Severity::Low,
        ..Finding::new(kind, Verdict::Drift, tf_type)
    }
}

/// The findings of all changes, one for each resource: address, path, recorded and live value. The path of what was
/// deleted is empty.
pub fn findings<'a>(
    changes: impl IntoIterator<Item = (&'a str, &'a str, &'a Value, &'a Value)>,
) -> Vec<Finding> {
    let mut differences: BTreeMap<&str, Vec<Difference>> = BTreeMap::new();
    for (address, path, recorded, live) in changes {
        let of_resource = differences.entry(address).or_default();
        if !path.is_empty() {
            of_resource.push(difference(path, recorded.clone(), live.clone()));
        }
    }
    let findings = differences.into_iter();
    findings
        .map(|(address, attributes)| finding(address, attributes))
        .collect()
}
