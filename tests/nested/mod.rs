//! A stack of nested modules: how many of the fixes that are possible in it are made, and why the others are not.

use crate::recorded_stack::{self, findings, tree};
use driftguard::code::Options;
use driftguard::model::{RefusalKind, Tree, Value};
use driftguard::patch::Changed;
use driftguard::resources;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One change that somebody made in AWS.
#[derive(serde::Deserialize)]
struct Drift {
    address: String,
    /// Empty for what was deleted.
    path: String,
    recorded: Value,
    live: Value,
    /// Why no edit adopts it, where none can.
    kind: Option<RefusalKind>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nested")
}

impl Drift {
    fn change(&self) -> (&str, &str, &Value, &Value) {
        (&self.address, &self.path, &self.recorded, &self.live)
    }
}

fn code_tree() -> Tree {
    tree(&folder().join("stack"))
}

/// What was done about each drift: none where it was fixed.
type Outcome = (String, Option<(RefusalKind, String)>);

fn drifts(file: &str) -> Vec<Drift> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn adopt(drifts: Vec<Drift>) -> (Changed, Vec<Outcome>) {
    let tree = code_tree();
    let mut findings = findings(drifts.iter().map(Drift::change));
    let how = (&Options::default(), &resources::catalog());
    let changed = recorded_stack::adopt(&tree, "", how, &mut findings);
    let mut outcomes = Vec::new();
    for finding in &findings {
        let fix = finding.fix.as_ref().unwrap();
        let address = finding.address.as_ref().unwrap();
        let mut paths: Vec<_> = finding
            .attributes
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        if paths.is_empty() {
            paths.push("");
        }
        for path in paths {
            let own = fix.refused.iter().find(|one| one.path == path);
            let own = own.map(|one| (one.kind, one.reason.clone()));
            let whole = fix
                .refusal
                .map(|kind| (kind, fix.reason.clone().unwrap_or_default()));
            outcomes.push((format!("{address} {path}"), own.or(whole)));
        }
    }
    (changed, outcomes)
}

#[test]
fn of_the_fixes_that_are_possible_in_nested_modules_nine_of_ten_are_made() {
    let (changed, outcomes) = adopt(drifts("drifts.json"));
    let refused: Vec<_> = outcomes.iter().filter(|(_, why)| why.is_some()).collect();
    let made = outcomes.len() - refused.len();
    if let Ok(target) = std::env::var("NESTED_OUT") {
        write(Path::new(&target), &changed, &refused);
    }
    // As scripts/benchmark reads it.
    println!("made {made} of {}", outcomes.len());
    tell(&outcomes);
    assert!(outcomes.len() >= 40);
    assert!(
        made * 10 >= outcomes.len() * 9,
        "{made} of {}: {refused:#?}",
        outcomes.len()
    );
}

/// Prints how many were refused, by kind.
fn tell(outcomes: &[Outcome]) {
    let mut kinds: BTreeMap<RefusalKind, usize> = BTreeMap::new();
    for (kind, _) in outcomes.iter().filter_map(|(_, why)| why.as_ref()) {
        *kinds.entry(*kind).or_default() += 1;
    }
    for (kind, number) in kinds {
        println!("refused {kind} {number}");
    }
}

/// Writes what changed, and what was refused: for a plan of the real Terraform.
fn write(target: &Path, changed: &Changed, refused: &[&Outcome]) {
    for (file, bytes) in changed {
        std::fs::write(target.join(file), bytes).unwrap();
    }
    let refused = serde_json::to_string(refused).unwrap();
    std::fs::write(target.join("refused.json"), refused).unwrap();
}

/// Whether `terraform fmt` leaves a text as it is; none where there is no Terraform.
fn is_formatted(text: &[u8]) -> Option<bool> {
    let mut child = Command::new("terraform")
        .args(["fmt", "-check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(text).ok()?;
    Some(child.wait().ok()?.success())
}

#[test]
fn what_terraform_fmt_had_formatted_it_leaves_as_it_is_after_the_fixes() {
    let (changed, _) = adopt(drifts("drifts.json"));
    let before = code_tree();
    let mut compared = 0;
    for (file, after) in &changed {
        let Some(was) = is_formatted(&before.files[file]) else {
            println!("skipped: there is no terraform");
            return;
        };
        if was {
            compared += 1;
            assert_eq!(is_formatted(after), Some(true), "{file}");
        }
    }
    assert!(compared > 1, "{compared}");
}

#[test]
fn what_no_edit_adopts_is_left_for_a_reason_of_its_kind() {
    let drifts = drifts("left.json");
    let expected = drifts.iter().map(|one| {
        let name = format!("{} {}", one.address, one.path);
        (name, one.kind.unwrap())
    });
    let expected: BTreeMap<_, _> = expected.collect();
    let (changed, outcomes) = adopt(drifts);
    assert!(changed.is_empty(), "{:?}", changed.keys());
    tell(&outcomes);
    let kinds = outcomes.iter().map(|(name, why)| {
        let (kind, _) = why.as_ref().unwrap();
        (name.clone(), *kind)
    });
    assert_eq!(kinds.collect::<BTreeMap<_, _>>(), expected, "{outcomes:#?}");
}
