//! Adds entries to a mapping of YAML, in its own form: lines of a block, or entries in braces.

use super::data_file::plain_or_quoted;
use super::write::Entry;
use crate::model::Value;

/// Returns where entries are added to the mapping that takes these bytes of a text, and what is written there. `None`
/// where it has a form that is not edited.
pub(super) fn added(
    text: &str,
    (start, end): (usize, usize),
    entries: &[Entry],
) -> Option<(usize, String)> {
    let written: Option<Vec<_>> = entries.iter().map(written).collect();
    let written = written?;
    let mapping = text.get(start..end)?;
    if mapping.starts_with('{') {
        let inner = mapping.trim_end().strip_suffix('}')?.trim_end();
        let separator = match inner.chars().next_back()? {
            '{' => "",
            ',' => " ",
            _ => ", ",
        };
        return Some((
            start + inner.len(),
            separator.to_owned() + &written.join(", "),
        ));
    }
    let before = text.get(..start)?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let is_indent = before[line..].chars().all(|c| c == ' ' || c == '-');
    let begins_with_key = mapping.starts_with(|c: char| c.is_alphanumeric() || "\"'_/".contains(c));
    if !is_indent || !begins_with_key {
        return None;
    }
    let indent = " ".repeat(start - line);
    let last = start + without_comments(mapping).len();
    let rest = text.get(last..)?;
    let at = last + rest.find('\n').unwrap_or(rest.len());
    let (at, new_line) = match text.get(..at)?.ends_with('\r') {
        true => (at - 1, "\r\n"),
        false => (at, "\n"),
    };
    let lines = written
        .iter()
        .map(|entry| format!("{new_line}{indent}{entry}"));
    Some((at, lines.collect()))
}

/// Returns a text without the comments, and the empty lines, that follow its last entry.
fn without_comments(mapping: &str) -> &str {
    let mut kept = mapping.trim_end();
    while let Some((above, last)) = kept.rsplit_once('\n') {
        if !last.trim_start().starts_with('#') {
            break;
        }
        kept = above.trim_end();
    }
    kept
}

fn written((key, value): &Entry) -> Option<String> {
    Some(format!("{}: {}", plain_or_quoted(key), flow(value)?))
}

/// Writes a value on one line; `None` for a secret, and where it is not known.
fn flow(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => plain_or_quoted(text),
        Value::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(flow).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Map(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                Some(format!("{}: {}", plain_or_quoted(key), flow(value)?))
            };
            let entries: Option<Vec<_>> = entries.iter().map(entry).collect();
            format!("{{ {} }}", entries?.join(", "))
        }
        Value::Secret(_) | Value::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, mapping: &str) -> Option<String> {
        let start = text.find(mapping).unwrap();
        let entries = [("new".to_owned(), Value::from(true))];
        let (at, added) = added(text, (start, start + mapping.len()), &entries)?;
        Some(format!("{}{added}{}", &text[..at], &text[at..]))
    }

    #[test]
    fn entries_follow_the_last_one() {
        for (text, mapping, expected) in [
            ("a:\n  b: 1\n", "b: 1\n", "a:\n  b: 1\n  new: true\n"),
            (
                "- b: 1 # one\n- c: 2",
                "b: 1",
                "- b: 1 # one\n  new: true\n- c: 2",
            ),
            (
                "- b: 1\n  # of c\n- c: 2",
                "b: 1\n  # of c\n",
                "- b: 1\n  new: true\n  # of c\n- c: 2",
            ),
            ("b: 1\r\n", "b: 1", "b: 1\r\nnew: true\r\n"),
            ("b: 1", "b: 1", "b: 1\nnew: true"),
            ("a: {b: 1}", "{b: 1}", "a: {b: 1, new: true}"),
            ("a: { b: 1, }", "{ b: 1, }", "a: { b: 1, new: true }"),
            ("a: {}", "{}", "a: {new: true}"),
        ] {
            assert_eq!(with(text, mapping).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_has_an_anchor_or_a_complex_key_is_left_to_a_person() {
        assert_eq!(with("a: &x\n  b: 1\n", "&x\n  b: 1\n"), None);
        assert_eq!(with("? b\n: 1\n", "? b\n: 1\n"), None);
    }
}
