//! Writes values as HCL literals.

use crate::model::{Number, Value, is_unseen};

/// Writes a value as a literal in the style of `old`: numbers and booleans in quotes stay in quotes, and those without
/// that are taken for text stay without. `None` for secrets and unknown values.
pub(super) fn render(value: &Value, old: &str) -> Option<String> {
    let quoted = old.trim_start().starts_with('"');
    match value {
        Value::String(text) if is_bare(old) && is_bare(text) => Some(text.to_string()),
        Value::Bool(_) | Value::Number(_) if quoted => Some(format!("\"{}\"", plain(value)?)),
        value => plain(value),
    }
}

/// Returns whether a text is a number or boolean, written as Terraform turns one into text.
fn is_bare(text: &str) -> bool {
    let number = Number::parse(text).map(|number| number.to_string());
    matches!(text, "true" | "false") || number.as_deref() == Some(text)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(quote(text)),
        Value::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(plain).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Map(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                Some(format!("{} = {}", self::key(key), plain(value)?))
            };
            let entries: Option<Vec<_>> = entries.iter().map(entry).collect();
            Some(format!("{{ {} }}", entries?.join(", ")))
        }
        Value::Secret(_) | Value::Unknown => None,
    }
}

/// Quotes a text, and escapes everything that HCL would evaluate.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => {
                quoted.push(c);
                quoted.push(c);
            }
            c if is_unseen(c) => quoted.push_str(&escape(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Escapes the starts of templates in a text, which HCL would evaluate.
pub(super) fn escape_templates(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// Escapes a character for HCL.
fn escape(c: char) -> String {
    match u32::from(c) {
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// Writes the key of a map's entry, without quotes where possible.
pub(super) fn key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let starts = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts
        && key.chars().all(bare)
        && !matches!(key, "null" | "true" | "false" | "for" | "if" | "in")
    {
        key.to_owned()
    } else {
        quote(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_written_quoting_is_kept() {
        assert_eq!(render(&7.into(), "\"1\"").as_deref(), Some("\"7\""));
        assert_eq!(render(&7.into(), "1").as_deref(), Some("7"));
        assert_eq!(render(&"7".into(), "1").as_deref(), Some("7"));
        assert_eq!(render(&"false".into(), "true").as_deref(), Some("false"));
        assert_eq!(render(&"007".into(), "1").as_deref(), Some("\"007\""));
        assert_eq!(render(&"7".into(), "\"1\"").as_deref(), Some("\"7\""));
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_itself(text in "\\PC*|[${%\"\\\\\n]{0,12}|[a\\u{ad}\\u{200b}\\u{202e}\\u{2066}\\u{feff}\\u{fe0f}\\u{e0041}]{0,12}") {
            let code = format!("a = {}\n", quote(&text));
            let body = crate::code::parse::body(&code).unwrap();
            let value = &body.get_attribute("a").unwrap().value;
            let read = match value {
                hcl_edit::expr::Expression::String(read) => read.value().clone(),
                hcl_edit::expr::Expression::StringTemplate(template) => {
                    let parts = template.iter().map(|part| part.as_literal().map(|text| text.value().clone()));
                    parts.collect::<Option<String>>().unwrap()
                }
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(read.replace("$${", "${").replace("%%{", "%{"), text.replace("$${", "${").replace("%%{", "%{"));
        }
    }
}
