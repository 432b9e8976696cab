//! Any bytes as code in which something drifted: it is evaluated, and the drift is adopted or refused with its reason.
//! Files that change are valid, declare the same resources, say what was adopted, and keep all bytes outside of the edits.
#![no_main]

mod drifts;

use driftguard::code::{self, Options};
use driftguard::model::{Catalog, Declared, Edit, Finding, FixKind, Tree, Value};
use driftguard::patch::{self, Direction, Stack};
use driftguard::resources;
use drifts::Input;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(resources::catalog);

fuzz_target!(|bytes: &[u8]| {
    let input = Input::read(bytes);
    let options = Options::default();
    let before = code::evaluate(&input.tree, "", &options).declared;
    let stack = Stack {
        tree: &input.tree,
        folder: "",
        options: &options,
        declared: &before,
        catalog: &CATALOG,
    };
    let mut findings = input.findings(&before, &CATALOG);
    let changed = patch::plan(&mut findings, &stack, Direction::Adopt);

    let edits = edits(&findings);
    let edited: BTreeSet<&String> = edits.iter().map(|edit| &edit.file).collect();
    assert_eq!(edited, changed.keys().collect());
    let mut tree = input.tree.clone();
    for (file, after) in changed {
        let text = std::str::from_utf8(&after).expect("a changed file is UTF-8");
        let stray = strays(text).expect("a changed file is valid");
        if file.ends_with(".tf") {
            let before = input.tree.text(&file).and_then(strays);
            assert_eq!(Some(stray), before, "an attribute got out of its block");
        }
        let own: Vec<_> = edits
            .iter()
            .copied()
            .filter(|edit| edit.file == file)
            .collect();
        only(own, &input.tree.files[&file], &after);
        tree.files.insert(file, after.into());
    }
    follows(&findings, &before, &tree);
});

/// The edits of all fixes, those that several share once. A refusal has a reason and no edits.
fn edits(findings: &[Finding]) -> Vec<&Edit> {
    let mut all = Vec::new();
    for fix in findings
        .iter()
        .map(|finding| finding.fix.as_ref().expect("all are looked at"))
    {
        if fix.kind == FixKind::Refused {
            assert!(fix.edits.is_empty() && fix.reason.as_ref().is_some_and(|why| !why.is_empty()));
        }
        for edit in &fix.edits {
            if !all.contains(&edit) {
                all.push(edit);
            }
        }
    }
    all
}

/// Between the edits of a file stands what stood there.
fn only(mut edits: Vec<&Edit>, before: &[u8], after: &[u8]) {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let (mut at, mut rest) = (0, after);
    for edit in edits {
        assert!(at <= edit.range.start, "edits overlap");
        let kept = &before[at..edit.range.start];
        rest = rest
            .strip_prefix(kept)
            .expect("bytes outside of the edits stay");
        rest = rest
            .strip_prefix(edit.text.as_bytes())
            .expect("an edit is made as it was planned");
        at = edit.range.end;
    }
    assert_eq!(rest, &before[at..], "bytes outside of the edits stay");
}

/// How many attributes stand in no block; none where the text is not valid.
fn strays(text: &str) -> Option<usize> {
    let body = hcl_edit::parser::parse_body(text).ok()?;
    Some(body.attributes().count())
}

/// The new code declares the same resources but those forgotten, and each value that was adopted.
fn follows(findings: &[Finding], before: &Declared, tree: &Tree) {
    let after = code::evaluate(tree, "", &Options::default()).declared;
    let done = |finding: &&Finding, kind| finding.fix.as_ref().is_some_and(|fix| fix.kind == kind);
    let forgotten = findings
        .iter()
        .filter(|finding| done(finding, FixKind::Forget));
    let forgotten: BTreeSet<_> = forgotten
        .filter_map(|finding| finding.address.as_ref())
        .collect();
    let kept = before
        .resources
        .keys()
        .filter(|address| !forgotten.contains(address));
    assert!(
        kept.eq(after.resources.keys()),
        "the same resources are declared"
    );
    for finding in findings
        .iter()
        .filter(|finding| done(finding, FixKind::Adopt))
    {
        let address = finding.address.as_ref().expect("it was made with one");
        for difference in &finding.attributes {
            let found = after.resources[address].value(&difference.path);
            if let Some(live) = scalar(&difference.live) {
                assert_eq!(scalar(&found), Some(live), "{address} {}", difference.path);
            }
        }
    }
}

/// A value without parts, as Terraform converts it to text; the provider does not tell null from an empty one.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
