//! Texts of JSON as templates of HCL.

use std::fmt::Write;

/// What a template of JSON says, in quotes of HCL: what stands in `${` and `%{` is code, anything else is text.
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

/// A text in quotes of HCL in which nothing is code.
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

/// What the code of an interpolation stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Braces,
    Quotes,
}

/// The bytes of an interpolation that a text starts with, its braces included; all of it where they are not closed.
fn code_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut inside, mut at) = (vec![Inside::Braces], 2);
    while let (Some(top), Some(byte)) = (inside.last().copied(), bytes.get(at)) {
        let next = bytes.get(at + 1);
        at += 1;
        match (top, byte) {
            (Inside::Braces, b'"') => inside.push(Inside::Quotes),
            (Inside::Braces, b'{') => inside.push(Inside::Braces),
            (Inside::Braces, b'}') | (Inside::Quotes, b'"') => drop(inside.pop()),
            (Inside::Quotes, b'\\') => at += 1,
            (Inside::Quotes, b'$' | b'%') if next == Some(byte) => at += 1,
            (Inside::Quotes, b'$' | b'%') if next == Some(&b'{') => {
                inside.push(Inside::Braces);
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
