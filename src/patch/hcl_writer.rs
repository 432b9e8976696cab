//! Writes new resources as HCL that `terraform fmt` leaves as it is.

use super::literal::{quote, render};
use crate::model::{Address, Key, Value, sort_policy};

/// The length beyond which lists and maps take several lines.
const WIDE: usize = 80;
/// The depth below which the parts of a policy take one line each.
const DEEP: usize = 2;
/// Writes a reference to an attribute of a resource in the same module.
pub(super) fn reference(address: &Address, attribute: &str) -> String {
    let key = match &address.key {
        None => String::new(),
        Some(Key::Index(index)) => format!("[{index}]"),
        Some(Key::Name(name)) => format!("[{}]", quote(name)),
    };
    format!("{}.{}{key}.{attribute}", address.tf_type, address.name)
}

/// Writes a block with a head such as `resource "aws_iam_role" "web"`, indented by `indent`.
pub(super) fn block(head: &str, lines: &[(String, String)], indent: &str, end: &str) -> String {
    let body = pairs(lines, &deeper(indent), end);
    format!("{indent}{head} {{{end}{body}{indent}}}{end}")
}

/// Returns the indentation one level deeper: in tabs where the outer one is.
fn deeper(indent: &str) -> String {
    let step = match indent.ends_with('\t') {
        true => "\t",
        false => "  ",
    };
    format!("{indent}{step}")
}

/// Writes lines of `key = value`, with aligned `=`; a value of several lines is aligned by itself.
fn pairs(pairs: &[(String, String)], indent: &str, end: &str) -> String {
    let is_short = |(_, value): &(String, String)| !value.contains('\n');
    let mut text = String::new();
    for run in pairs.chunk_by(|left, right| is_short(left) && is_short(right)) {
        let widest = run.iter().map(|(name, _)| name.chars().count()).max();
        let column = widest.unwrap_or_default();
        for (name, value) in run {
            text += &format!("{indent}{name:column$} = {value}{end}");
        }
    }
    text
}

/// Writes a value, with maps on lines of their own; `None` for a value without a literal.
pub(super) fn value(value: &Value, indent: &str, end: &str) -> Option<String> {
    match value {
        Value::Map(entries) if !entries.is_empty() => laid_out(value, indent, end, 1),
        value => laid_out(value, indent, end, DEEP),
    }
}

/// Writes a policy as `jsonencode({...})`; `None` where AWS's text is no policy, or has a value without a literal.
pub(super) fn policy(text: &str, indent: &str, end: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(text).ok()?;
    policy.as_map()?;
    Some(format!(
        "jsonencode({})",
        laid_out(&policy, indent, end, 0)?
    ))
}

fn laid_out(value: &Value, indent: &str, end: &str, depth: usize) -> Option<String> {
    let inner = deeper(indent);
    let flat = render(value, "")?;
    let is_wide = flat.chars().count() > WIDE;
    match value {
        Value::Map(entries) if !entries.is_empty() && (depth < DEEP || is_wide) => {
            let mut names: Vec<&String> = entries.keys().collect();
            sort_policy(&mut names, |name| name);
            let line = |name: &String| {
                let value = laid_out(entries.get(name)?, &inner, end, depth + 1)?;
                Some((super::literal::key(name), value))
            };
            let lines: Option<Vec<_>> = names.into_iter().map(line).collect();
            Some(format!("{{{end}{}{indent}}}", pairs(&lines?, &inner, end)))
        }
        Value::List(items) => {
            let holds_maps = items.iter().any(|item| matches!(item, Value::Map(_)));
            if !holds_maps && (!is_wide || items.len() < 2) {
                return Some(flat);
            }
            let line = |item: &Value| {
                let item = laid_out(item, &inner, end, depth)?;
                Some(format!("{inner}{item},{end}"))
            };
            let lines: Option<String> = items.iter().map(line).collect();
            Some(format!("[{end}{}{indent}]", lines?))
        }
        _ => Some(flat),
    }
}
