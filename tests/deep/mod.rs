//! A stack in the styles of public code: labels with a context, modules with maps of settings, `dynamic` blocks, files of
//! YAML, CSV and JSON. The edits that adopt what somebody changed in it are those after which Terraform's plan is empty.
//!
//! The state, the changes (`drifts.json`) and the edits (`fixes.diff`) are recorded: real Terraform applied the stack on
//! moto, a program changed it, and a plan of the edited code had nothing left of what was fixed.

use crate::recorded_stack::{self, findings, tree};
use driftguard::code::{Options, Recorded};
use driftguard::model::{Redactor, Value};
use driftguard::patch;
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

impl Drift {
    fn change(&self) -> (&str, &str, &Value, &Value) {
        (&self.address, &self.path, &self.recorded, &self.live)
    }
}

#[test]
fn the_edits_of_code_in_public_styles_are_those_after_which_the_plan_is_empty() {
    let drifts = std::fs::read_to_string(folder().join("drifts.json")).unwrap();
    let drifts: Vec<Drift> = serde_json::from_str(&drifts).unwrap();
    let bytes = std::fs::read(folder().join("terraform.tfstate")).unwrap();
    let (catalog, redactor) = (resources::catalog(), Redactor::new(b"deep"));
    let state = state::parse(&bytes, "terraform.tfstate", &catalog, &redactor).unwrap();
    let tree = tree(&folder().join("stack"));
    let options = Options {
        recorded: Recorded::new([state.resources.clone(), state.data.clone()]),
        ..Options::default()
    };
    let mut findings = findings(drifts.iter().map(Drift::change));
    let changed = recorded_stack::adopt(&tree, "", (&options, &catalog), &mut findings);
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
