//! Formats edits as a patch.

use super::Changed;
use crate::model::{Tree, is_unseen};
use std::borrow::Cow;

/// Replaces the secrets in a text, and keeps its lines.
pub type Mask<'a> = dyn Fn(&str) -> Cow<'_, str> + 'a;

/// Returns a file's name as git writes it in a patch: in quotes, where it could end a line or control a terminal.
fn header(name: &str) -> String {
    if !name.contains(|c| is_unseen(c) || matches!(c, '"' | '\\')) {
        return name.to_owned();
    }
    let quoted = name.bytes().map(|byte| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        byte => format!("\\{byte:03o}"),
    });
    format!("\"{}\"", quoted.collect::<String>())
}

/// Formats the changes for `git apply`. Secrets in the context lines are masked, which makes the patch inapplicable
/// there.
pub fn diff(tree: &Tree, changed: &Changed, mask: &Mask<'_>) -> String {
    let mut all = String::new();
    for (path, after) in changed {
        // All of a file: a key may begin above the lines that are shown.
        let before = mask(tree.text(path).unwrap_or_default());
        let after = String::from_utf8_lossy(after);
        let after = mask(&after);
        let diff = similar::TextDiff::from_lines(before.as_ref(), after.as_ref());
        let (old, new) = (header(&format!("a/{path}")), header(&format!("b/{path}")));
        let old = if tree.files.contains_key(path) {
            old.as_str()
        } else {
            "/dev/null"
        };
        all.push_str(
            &diff
                .unified_diff()
                .context_radius(3)
                .header(old, &new)
                .to_string(),
        );
    }
    all
}
