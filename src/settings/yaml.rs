//! Writes YAML piece by piece: quotes texts, and finds lists in a file.

use crate::model::is_unseen;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use std::ops::Range;

/// Words that YAML, in one version or another, takes for something other than a text.
const TAKEN: &[&str] = &[
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
];

/// Writes a text as a scalar on one line: bare where it is plain words, otherwise in double quotes.
pub(super) fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ');
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !text.ends_with(' ')
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if bare { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_shown(c) => quoted.push(c),
            c => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns whether a character may be written unescaped: not if it is invisible, ends a line, changes the direction of
/// text, or is unassigned.
fn is_shown(c: char) -> bool {
    !is_unseen(c) && !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}')
}

/// The place at which items can be added to the list of a top-level key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InsertPosition {
    /// The key does not exist: the column of the top-level keys.
    NoKey(usize),
    /// The key has no value, or an empty list: its column, what to remove, and the end of the line where items are
    /// inserted.
    Empty {
        column: usize,
        out: Range<usize>,
        at: usize,
    },
    /// The column of the list's dashes, and the end of the line where items are inserted.
    Items { column: usize, at: usize },
}

/// Finds where items can be added to the list of `key`, or why they cannot.
pub(super) fn place(text: &str, key: &str) -> Result<InsertPosition, &'static str> {
    let nodes = nodes(text)?;
    let map = match nodes.as_slice() {
        [map] => map,
        [] => return Ok(InsertPosition::NoKey(0)),
        _ => return Err("it holds several documents"),
    };
    let (Content::Map { flow: false }, None) = (&map.content, map.odd) else {
        return Err("its outermost map is written in braces, or has an anchor");
    };
    let mut pairs = map.inner.chunks_exact(2);
    let pair =
        pairs.find(|pair| matches!(&pair[0].content, Content::Scalar(text, _) if text == key));
    let Some([name, value]) = pair else {
        let first = map.inner.first().ok_or(ODD)?;
        return column(text, first.range.start)
            .map(InsertPosition::NoKey)
            .ok_or(ODD);
    };
    let column_of_key = column(text, name.range.start).ok_or(ODD)?;
    if value.odd.is_some() {
        return Err("the list has an anchor or a tag, or is elsewhere");
    }
    match &value.content {
        Content::Scalar(word, ScalarStyle::Plain)
            if matches!(word.as_str(), "" | "~" | "null" | "Null" | "NULL") =>
        {
            empty(text, name, &value.range, column_of_key)
        }
        Content::List { flow: true } if value.inner.is_empty() => {
            empty(text, name, &value.range, column_of_key)
        }
        Content::List { flow: true } => Err("the list is written in brackets"),
        Content::List { flow: false } => {
            let first = value.inner.first().ok_or(ODD)?;
            let before = text.get(..first.range.start).ok_or(ODD)?;
            let dash = before.trim_end().strip_suffix('-').ok_or(ODD)?;
            let column = column(text, dash.len()).ok_or(ODD)?;
            let at = end_of_line(text, value.end());
            Ok(InsertPosition::Items { column, at })
        }
        _ => Err("what stands there is no list"),
    }
}

const ODD: &str = "it is laid out in a way that is not known here";

/// Returns the place behind a key without a value, or with empty brackets on its line.
fn empty(
    text: &str,
    name: &Node,
    value: &Range<usize>,
    column: usize,
) -> Result<InsertPosition, &'static str> {
    let after_key = text.get(name.range.end..).ok_or(ODD)?;
    let blank = after_key.len() - after_key.trim_start_matches([' ', '\t']).len();
    let colon = name.range.end + blank;
    if !text.get(colon..).is_some_and(|rest| rest.starts_with(':')) {
        return Err(ODD);
    }
    let at = end_of_line(text, colon);
    // The parser says of a value that is not there that it stands wherever the next thing does.
    let out = if value.is_empty() {
        colon + 1..colon + 1
    } else {
        colon + 1..value.end
    };
    if out.end > at || out.start > out.end {
        return Err(ODD);
    }
    Ok(InsertPosition::Empty { column, out, at })
}

/// Returns how many blanks precede something on its line; `None` where there is anything else.
fn column(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let line = before.rsplit(['\n', '\r']).next()?;
    let line = line.trim_start_matches('\u{feff}');
    line.bytes().all(|byte| byte == b' ').then_some(line.len())
}

/// Returns the end of the line in which something ends, before the line break.
fn end_of_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    // A block of text ends where the next line starts.
    let ended = at > 0 && text.as_bytes().get(at - 1) == Some(&b'\n');
    if ended {
        let before = &text[..at - 1];
        return before.strip_suffix('\r').unwrap_or(before).len();
    }
    at + rest.find(['\n', '\r']).unwrap_or(rest.len())
}

/// A node of a file, with its position.
#[derive(Debug)]
struct Node {
    content: Content,
    range: Range<usize>,
    /// Whether the node has an anchor or a tag, or is an alias.
    odd: Option<()>,
    /// Items, or alternating keys and values.
    inner: Vec<Node>,
}

#[derive(Debug)]
enum Content {
    Scalar(String, ScalarStyle),
    List { flow: bool },
    Map { flow: bool },
    Alias,
}

impl Node {
    /// Returns the end of the node's last non-empty part.
    fn end(&self) -> usize {
        let inner = self.inner.iter().map(Self::end).max();
        let own = match self.content {
            Content::List { flow: false } | Content::Map { flow: false } => self.range.start,
            _ if self.range.is_empty() => 0,
            _ => self.range.end,
        };
        own.max(inner.unwrap_or_default())
    }
}

/// Parses the documents of a file.
fn nodes(text: &str) -> Result<Vec<Node>, &'static str> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Node> = Vec::new();
    let mut roots = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|_| "it is no YAML")?;
        let range = bytes(text, span)?;
        let node = |content, odd: bool| Node {
            content,
            range: range.clone(),
            odd: odd.then_some(()),
            inner: Vec::new(),
        };
        let done = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let odd = anchor != 0 || tag.is_some();
                Some(node(Content::Scalar(value.into_owned(), style), odd))
            }
            Event::Alias(_) => Some(node(Content::Alias, true)),
            Event::SequenceStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                open.push(node(Content::List { flow }, anchor != 0 || tag.is_some()));
                None
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = style == StructureStyle::Flow;
                open.push(node(Content::Map { flow }, anchor != 0 || tag.is_some()));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|mut node| {
                node.range.end = range.end.max(node.range.start);
                node
            }),
            _ => None,
        };
        if let Some(node) = done {
            match open.last_mut() {
                Some(parent) => parent.inner.push(node),
                None => roots.push(node),
            }
        }
    }
    Ok(roots)
}

fn bytes(text: &str, span: Span) -> Result<Range<usize>, &'static str> {
    let at = |byte: Option<usize>| byte.filter(|at| text.is_char_boundary(*at));
    match (at(span.start.byte_offset()), at(span.end.byte_offset())) {
        (Some(start), Some(end)) => Ok(start..end),
        _ => Err(ODD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_words_stand_bare() {
        for (text, written) in [
            ("the patch schedule owns it", "the patch schedule owns it"),
            ("infra/production", "infra/production"),
            ("", "\"\""),
            ("no", "\"no\""),
            ("Off", "\"Off\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("- a", "\"- a\""),
            ("@acme/platform", "\"@acme/platform\""),
            ("1.5", "\"1.5\""),
            ("tags[\"a\\b\"]", "\"tags[\\\"a\\\\b\\\"]\""),
            ("größer", "\"größer\""),
            ("a\n\u{202e}b", "\"a\\n\\U0000202Eb\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in "(\\PC|[\\x00-\\x1f]|[:#'\"\\\\ -]){0,20}") {
            let written = format!("a: {}\n", scalar(&text));
            let read: std::collections::BTreeMap<String, String> = serde_saphyr::from_str(&written).unwrap();
            prop_assert_eq!(read.get("a"), Some(&text), "{}", written);
        }

        #[test]
        fn any_file_is_looked_through_without_a_panic(text in "(accept:|- |  |\n|\r\n|\\[|\\]|[{}]|a: b|#|~|&x |\\*x|---|[.]{3}|[|]|>|\"|'|\\PC){0,24}") {
            let _ = place(&text, "accept");
        }
    }
}
