//! Writes strings of JSON as templates of HCL.

use std::fmt::Write;

/// Writes a template of JSON as a quoted HCL string. Within `${` and `%{` is code, anything else is text.
pub(super) fn template(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escaped = ["$${", "%%{"].iter().find(|mark| rest.starts_with(**mark));
        if let Some(mark) = escaped {
            quoted.push_str(mark);
            rest = &rest[mark.len()..];
        } else if rest.starts_with("${") || rest.starts_with("%{") {
            let (code, after) = rest.split_at(code_length(rest));
            // Line ends mean nothing there.
            quoted.push_str(&code.replace(['\n', '\r'], " "));
            rest = after;
        } else {
            push_escaped(&mut quoted, first);
            rest = &rest[first.len_utf8()..];
        }
    }
    quoted.push('"');
    quoted
}

/// Writes literal text as a quoted HCL string.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::from('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        push_escaped(&mut quoted, c);
        if matches!(c, '$' | '%') && chars.peek() == Some(&'{') {
            quoted.push(c);
        }
    }
    quoted.push('"');
    quoted
}

fn push_escaped(quoted: &mut String, c: char) {
    match c {
        '"' => quoted.push_str("\\\""),
        '\\' => quoted.push_str("\\\\"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        c if c.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
        c => quoted.push(c),
    }
}

/// The nesting within the code of an interpolation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nesting {
    Braces,
    Quotes,
}

/// Returns the length of the interpolation at the start of a text, including its braces; that of the text where they
/// are not closed.
fn code_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut inside, mut at) = (vec![Nesting::Braces], 2);
    while let (Some(top), Some(byte)) = (inside.last().copied(), bytes.get(at)) {
        let next = bytes.get(at + 1);
        at += 1;
        match (top, byte) {
            (Nesting::Braces, b'"') => inside.push(Nesting::Quotes),
            (Nesting::Braces, b'{') => inside.push(Nesting::Braces),
            (Nesting::Braces, b'}') | (Nesting::Quotes, b'"') => drop(inside.pop()),
            (Nesting::Quotes, b'\\') => at += 1,
            (Nesting::Quotes, b'$' | b'%') if next == Some(byte) => at += 1,
            (Nesting::Quotes, b'$' | b'%') if next == Some(&b'{') => {
                inside.push(Nesting::Braces);
                at += 1;
            }
            _ => {}
        }
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_braces_is_code() {
        for (text, quoted) in [
            ("a \"b\" \\ \n\t\u{1}", r#""a \"b\" \\ \n\t\u0001""#),
            ("${f(\"a}\", {b = 1})} c", r#""${f("a}", {b = 1})} c""#),
            ("${f(\"${g(\"}\")}\")}\"", r#""${f("${g("}")}")}\"""#),
            ("$${a} %%{b} $", r#""$${a} %%{b} $""#),
            ("%{ if\n a }é%{ endif }", r#""%{ if  a }é%{ endif }""#),
        ] {
            assert_eq!(template(text), quoted, "{text}");
        }
        assert_eq!(literal("${a} \"%{b}"), r#""$${a} \"%%{b}""#);
    }
}
