//! A stack in the styles of public code: labels with a context, modules with maps of settings, `dynamic` blocks, files of
//! YAML, CSV and JSON. The edits that adopt what somebody changed in it are those after which Terraform's plan is empty.
//!
//! The state, the changes (`drifts.json`) and the edits (`fixes.diff`) are recorded: real Terraform applied the stack on
//! moto, a program changed it, and a plan of the edited code had nothing left of what was fixed.

use driftguard::code::{self, Options, Recorded};
use driftguard::model::{Difference, Finding, Kind, Redactor, Severity, Tree, Value, Verdict};
use driftguard::patch::{self, Direction, Stack};
use driftguard::{resources, state};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One attribute that was changed in AWS; without a path, a resource that was deleted.
#[derive(serde::Deserialize)]
struct Drift {
    address: String,
    path: String,
    recorded: Value,
    live: Value,
    /// Why no edit adopts it, where none does.
    refused: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deep")
}

fn read(root: &Path, below: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.push((name.to_owned(), std::fs::read(&path).unwrap()));
        }
    }
}

fn tree() -> Tree {
    let (root, mut files) = (folder().join("stack"), Vec::new());
    read(&root, &root, &mut files);
    files.into_iter().collect()
}

fn findings(drifts: &[Drift]) -> Vec<Finding> {
    let mut findings: BTreeMap<&str, Finding> = BTreeMap::new();
    for drift in drifts {
        let kind = match drift.path.as_str() {
            "" => Kind::Deleted,
            _ => Kind::Modified,
        };
        let own = drift.address.rsplit("module.").next().unwrap();
        let mut parts = own.split('.');
        let tf_type = parts.find(|part| part.starts_with("aws_")).unwrap();
        let finding = findings.entry(&drift.address).or_insert_with(|| Finding {
            address: Some(drift.address.parse().unwrap()),
            severity: Severity::Low,
            ..Finding::new(kind, Verdict::Drift, tf_type)
        });
        if kind == Kind::Modified {
            finding.attributes.push(Difference {
                path: drift.path.clone(),
                verdict: Verdict::Drift,
                declared: None,
                recorded: drift.recorded.clone(),
                live: drift.live.clone(),
                added: Vec::new(),
                removed: Vec::new(),
                defined_in: None,
            });
        }
    }
    findings.into_values().collect()
}

#[test]
fn the_edits_of_code_in_public_styles_are_those_after_which_the_plan_is_empty() {
    let drifts = std::fs::read_to_string(folder().join("drifts.json")).unwrap();
    let drifts: Vec<Drift> = serde_json::from_str(&drifts).unwrap();
    let bytes = std::fs::read(folder().join("terraform.tfstate")).unwrap();
    let (catalog, redactor) = (resources::catalog(), Redactor::new(b"deep"));
    let state = state::parse(&bytes, "terraform.tfstate", &catalog, &redactor).unwrap();
    let tree = tree();
    let options = Options {
        recorded: Recorded::new([state.resources.clone(), state.data.clone()]),
        ..Options::default()
    };
    let evaluated = code::evaluate(&tree, "", &options);
    let stack = Stack {
        tree: &tree,
        folder: "",
        options: &options,
        declared: &evaluated.declared,
        catalog: &catalog,
    };
    let mut findings = findings(&drifts);
    let changed = patch::plan(&mut findings, &stack, Direction::Adopt);
    let mut refused = BTreeMap::new();
    for finding in &findings {
        let fix = finding.fix.as_ref().unwrap();
        let address = finding.address.as_ref().unwrap().to_string();
        for attribute in &fix.refused {
            let key = (address.clone(), attribute.path.clone());
            refused.insert(key, attribute.reason.clone());
        }
    }
    let due = drifts.iter().filter_map(|drift| {
        let reason = drift.refused.clone()?;
        Some(((drift.address.clone(), drift.path.clone()), reason))
    });
    assert_eq!(refused, due.collect::<BTreeMap<_, _>>());
    let diff = patch::diff(&tree, &changed, &|text| text.into());
    if std::env::var_os("DEEP_RECORD").is_some() {
        std::fs::write(folder().join("fixes.diff"), &diff).unwrap();
    }
    let recorded = std::fs::read_to_string(folder().join("fixes.diff")).unwrap();
    assert_eq!(diff, recorded);
    let made = drifts.len() - refused.len();
    println!("made {made} of {}", drifts.len());
    assert!(made >= 40, "{made}");
}
