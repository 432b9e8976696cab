//! Any bytes as code in which something drifted: it is evaluated, and the drift is adopted or refused with its reason.
//! Files that change are valid, declare the same resources, say what was adopted, and keep all bytes outside of the edits,
//! but for blanks of alignment.

mod drifts;

use driftguard::code::{self, Options};
use driftguard::model::{Catalog, Declared, Edit, Finding, FixKind, Tree, Value};
use driftguard::patch::{self, FixPolicy, Stack};
use driftguard::resources;
use drifts::Input;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(resources::catalog);

pub fn check(bytes: &[u8]) {
    let input = Input::read(bytes);
    let options = Options::default();
    let before = code::evaluate(&input.tree, "", &options).declared;
    let stack = Stack {
        tree: &input.tree,
        folder: "",
        options: &options,
        declared: &before,
        catalog: &CATALOG,
        others: Vec::new(),
    };
    let mut findings = input.findings(&before, &CATALOG);
    let changed = patch::plan(&mut findings, &stack, FixPolicy::Adopt);

    let edits = edits(&findings);
    let edited: BTreeSet<&String> = edits.iter().map(|edit| &edit.file).collect();
    assert_eq!(edited, changed.keys().collect());
    let mut tree = input.tree.clone();
    for (file, after) in changed {
        let text = std::str::from_utf8(&after).expect("a changed file is UTF-8");
        // What this parser does not take before, as a number beyond a double, is read by its meaning below.
        let before = input.tree.text(&file).and_then(strays);
        if let Some(before) = before {
            let after = strays(text).expect("a changed file stays valid");
            let is_code = file.ends_with(".tf");
            assert!(
                !is_code || after == before,
                "an attribute got out of its block"
            );
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
}

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

/// Between the edits of a file stands what stood there, but for the blanks that keep `=` and comments in their columns.
fn only(mut edits: Vec<&Edit>, before: &[u8], after: &[u8]) {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let (mut at, after) = (0, without_blanks(after));
    let mut rest = after.as_slice();
    for edit in edits {
        assert!(at <= edit.range.start, "edits overlap");
        let kept = without_blanks(&before[at..edit.range.start]);
        rest = rest
            .strip_prefix(kept.as_slice())
            .expect("bytes outside of the edits stay");
        rest = rest
            .strip_prefix(without_blanks(edit.text.as_bytes()).as_slice())
            .expect("an edit is made as it was planned");
        at = edit.range.end;
    }
    let kept = without_blanks(&before[at..]);
    assert_eq!(rest, kept, "bytes outside of the edits stay");
}

fn without_blanks(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| *byte != b' ').collect()
}

/// How many attributes stand in no block; none where the text is not valid.
fn strays(text: &str) -> Option<usize> {
    let body = hcl_edit::parser::parse_body(text).ok()?;
    Some(body.attributes().count())
}

/// The new code declares the same resources but those removed, and each value that was adopted.
fn follows(findings: &[Finding], before: &Declared, tree: &Tree) {
    let after = code::evaluate(tree, "", &Options::default()).declared;
    let done = |finding: &&Finding, kind| finding.fix.as_ref().is_some_and(|fix| fix.kind == kind);
    let removed = findings
        .iter()
        .filter(|finding| done(finding, FixKind::Remove));
    let removed: BTreeSet<_> = removed
        .filter_map(|finding| finding.address.as_ref())
        .collect();
    let kept = before
        .resources
        .keys()
        .filter(|address| !removed.contains(address));
    assert!(
        kept.eq(after.resources.keys()),
        "the same resources are declared"
    );
    for finding in findings
        .iter()
        .filter(|finding| done(finding, FixKind::Adopt))
    {
        let address = finding.address.as_ref().expect("it was made with one");
        let refused: BTreeSet<_> = refused_paths(finding).collect();
        let adopted = finding.attributes.iter();
        for difference in adopted.filter(|difference| !refused.contains(difference.path.as_str())) {
            let found = after.resources[address].value(&difference.path);
            if let Some(live) = scalar(&difference.live) {
                assert_eq!(scalar(&found), Some(live), "{address} {}", difference.path);
            }
        }
    }
}

/// The attributes that a fix leaves as they are, each with its reason.
fn refused_paths(finding: &Finding) -> impl Iterator<Item = &str> {
    let refused = finding.fix.iter().flat_map(|fix| &fix.refused);
    refused.map(|part| {
        assert!(!part.reason.is_empty());
        part.path.as_str()
    })
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
