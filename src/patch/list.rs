//! Edits the items of a literal list: those that stay keep their text and their order.

use super::literal::render;
use crate::code::parse;
use crate::model::{Part, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;

/// Rewrites a list to have these items; `None` where it contains comments or unknown items. `known` holds the values of
/// its current items; `reference` writes a reference to a value that is no literal.
pub(super) fn rewrite_list(
    old: &str,
    items_to_write: &[Value],
    known: Option<&[Part]>,
    reference: &dyn Fn(&Value) -> Option<String>,
) -> Option<String> {
    let Ok(Expression::Array(items)) = parse::expression(old) else {
        return None;
    };
    if has_comment(old) {
        return None;
    }
    let mut missing: Vec<&Value> = items_to_write.iter().collect();
    let mut kept = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let evaluated = || known?.get(at).map(|part| part.value.clone());
        let value = literal(item).or_else(evaluated)?;
        if value.has_unknown() {
            return None;
        }
        if let Some(at) = missing.iter().position(|item| **item == value) {
            missing.remove(at);
            kept.push(old.get(item.span()?)?.trim().to_owned());
        }
    }
    let pattern = items
        .iter()
        .next()
        .and_then(|item| old.get(item.span()?))
        .unwrap_or("\"");
    for value in missing {
        kept.push(reference(value).or_else(|| render(value, pattern))?);
    }
    if !old.contains('\n') {
        return Some(format!("[{}]", kept.join(", ")));
    }
    let end = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let first = items.iter().next()?.span()?.start;
    let line = old[..first].rfind('\n')? + 1;
    let indent = &old[line..first];
    let last = old.rfind('\n')? + 1;
    let closing = old[last..].trim_end_matches(']');
    let comma = if old[..last].trim_end().ends_with(',') {
        ","
    } else {
        ""
    };
    let body = kept.join(&format!(",{end}{indent}"));
    Some(format!("[{end}{indent}{body}{comma}{end}{closing}]"))
}

/// Returns whether there are comments in a list: outside of its texts, since those may hold addresses with `//`.
pub(super) fn has_comment(list: &str) -> bool {
    let begins =
        |text: &str| text.starts_with('#') || text.starts_with("//") || text.starts_with("/*");
    let (mut is_text, mut is_escaped) = (false, false);
    // A heredoc may hold quotes of its own.
    let has_heredoc = list.contains("<<");
    list.char_indices().any(|(at, c)| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            _ => {}
        }
        (!is_text || has_heredoc) && begins(&list[at..])
    })
}

fn literal(expression: &Expression) -> Option<Value> {
    match expression {
        Expression::String(text) => Some(Value::text(text.value().as_str())),
        Expression::Bool(flag) => Some((*flag.value()).into()),
        Expression::Number(number) => {
            crate::model::Number::parse(&number.value().to_string()).map(Value::Number)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relisted(old: &str, items: &[Value]) -> Option<String> {
        rewrite_list(old, items, None, &|_| None)
    }

    #[test]
    fn only_the_items_that_differ_change() {
        let list = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Value::text(*text))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            relisted(r#"["b", "a"]"#, &list(&["a", "b", "c"])).as_deref(),
            Some(r#"["b", "a", "c"]"#)
        );
        assert_eq!(
            relisted("[\n    \"b\",\n    \"a\",\n  ]", &list(&["a"])).as_deref(),
            Some("[\n    \"a\",\n  ]")
        );
        assert_eq!(relisted("[\n  \"b\", # why\n]", &list(&["a"])), None);
        assert_eq!(relisted("[var.x]", &list(&["a"])), None);
    }

    #[test]
    fn an_address_is_no_comment() {
        let items = [Value::text("https://a.example/x#y"), Value::text("/*")];
        let old = r#"["https://a.example/x#y"]"#;
        assert_eq!(
            relisted(old, &items).as_deref(),
            Some(r#"["https://a.example/x#y", "/*"]"#)
        );
        for comment in ["# why", "// why", "/* why */"] {
            let old = format!("[\n  \"https://a.example/\\\"\", {comment}\n]");
            assert_eq!(relisted(&old, &items), None, "{old}");
        }
    }
}
