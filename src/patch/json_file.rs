//! Reads a file of JSON with its style, and writes values in that style.

use super::layout::SourceFile;
use super::literal::escape_templates;
use crate::code::{JsonNode as Node, JsonValue as Json, json_nodes};
use crate::model::{Value, ValueMap, escape_json, sort_policy};
use std::ops::Range;

/// How the strings of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// As literal text.
    Plain,
    /// As templates, in which `${` begins an expression.
    Templates,
}

/// A file of JSON, and its style.
pub(super) struct JsonFile<'a> {
    pub(super) page: SourceFile<'a>,
    texts: Texts,
    /// The indentation of one level; `None` where the file is one line.
    pub(super) unit: Option<&'a str>,
    /// The text between a key and its value.
    pub(super) colon: &'static str,
    /// Whether each item of a list has a line of its own.
    has_long_lists: bool,
    pub(super) root: Node<'a>,
}

impl<'a> JsonFile<'a> {
    /// Reads a file; `None` where it is not valid JSON.
    pub(super) fn read(page: SourceFile<'a>, texts: Texts) -> Option<Self> {
        let root = json_nodes(page.text)?;
        let text = &page.text[root.at..root.end];
        Some(Self {
            page,
            texts,
            unit: unit(text),
            colon: colon(&root, page.text),
            has_long_lists: !has_short_list(&root, page.text),
            root,
        })
    }

    /// Reads the value at these bytes of a file that holds more, in which `${` begins an expression; `None` where it is
    /// not valid JSON.
    pub(super) fn part(page: SourceFile<'a>, (start, end): (usize, usize)) -> Option<Self> {
        let text = page.text.get(start..end)?;
        let mut root = json_nodes(text)?;
        shift(&mut root, start);
        let outer = page.indent_of(start);
        Some(Self {
            page,
            texts: Texts::Templates,
            unit: unit(text).map(|inner| inner.strip_prefix(outer).unwrap_or(inner)),
            colon: colon(&root, page.text),
            has_long_lists: !has_short_list(&root, page.text),
            root,
        })
    }

    /// Returns the value that starts at a byte.
    pub(super) fn node(&self, at: usize) -> Option<&Node<'a>> {
        find(&self.root, at)
    }

    /// Returns the value below these keys of the file's object.
    pub(super) fn below(&self, keys: &[&str]) -> Option<&Node<'a>> {
        keys.iter().try_fold(&self.root, |node, key| {
            let Json::Object(entries) = &node.json else {
                return None;
            };
            let mut found = entries.iter().filter(|entry| entry.key == *key);
            let first = found.next()?;
            found.next().is_none().then_some(&first.value)
        })
    }

    /// Writes a value at a level of indentation.
    pub(super) fn write(&self, value: &Value, indent: &str) -> String {
        match (value, self.unit) {
            (Value::Map(entries), unit) if !entries.is_empty() => {
                let entries = ordered(entries).into_iter();
                let inner = unit.map(|unit| format!("{indent}{unit}"));
                let entry = |(key, value): (&String, &Value)| {
                    let below = inner.as_deref().unwrap_or_default();
                    format!(
                        "{}{}{}",
                        self.text(key),
                        self.colon,
                        self.write(value, below)
                    )
                };
                self.wrapped(("{", "}"), &entries.map(entry).collect::<Vec<_>>(), indent)
            }
            (Value::List(items), unit) if !items.is_empty() => {
                let is_long = self.has_long_lists || items.iter().any(|i| i.as_map().is_some());
                let inner = unit.map(|unit| format!("{indent}{unit}"));
                let below = inner.as_deref().unwrap_or_default();
                let items: Vec<_> = items.iter().map(|item| self.write(item, below)).collect();
                match is_long {
                    true => self.wrapped(("[", "]"), &items, indent),
                    false => format!("[{}]", items.join(self.comma())),
                }
            }
            (Value::Map(_), _) => "{}".to_owned(),
            (Value::List(_), _) => "[]".to_owned(),
            (Value::String(text), _) => self.text(text),
            (value, _) => serde_json::to_string(value).unwrap_or_default(),
        }
    }

    pub(super) fn wrapped(
        &self,
        (open, close): (&str, &str),
        parts: &[String],
        indent: &str,
    ) -> String {
        let Some(unit) = self.unit else {
            return format!("{open}{}{close}", parts.join(self.comma()));
        };
        let end = self.page.line_end();
        let between = format!(",{end}{indent}{unit}");
        let body = parts.join(&between);
        format!("{open}{end}{indent}{unit}{body}{end}{indent}{close}")
    }

    /// Returns the separator of items on one line.
    pub(super) fn comma(&self) -> &'static str {
        if self.colon == ":" { "," } else { ", " }
    }

    /// Writes a quoted string, with invisible characters and the starts of templates escaped.
    pub(super) fn text(&self, text: &str) -> String {
        let shown = escape_json(serde_json::to_string(text).unwrap_or_default());
        match self.texts {
            Texts::Plain => shown,
            Texts::Templates => escape_templates(&shown),
        }
    }

    /// Returns whether these bytes contain no template.
    pub(super) fn is_plain(&self, range: &Range<usize>) -> bool {
        let text = self.page.text.get(range.clone()).unwrap_or_default();
        self.texts == Texts::Plain || !(text.contains("${") || text.contains("%{"))
    }

    /// Returns a value as it is written.
    pub(super) fn value(&self, node: &Node<'_>) -> Option<Value> {
        serde_json::from_str(self.page.text.get(node.at..node.end)?).ok()
    }
}

/// Returns the entries of a new object: those of a policy in the order in which AWS documents them.
pub(super) fn ordered(entries: &ValueMap) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = entries.iter().collect();
    sort_policy(&mut all, |(key, _)| key);
    all
}

/// Moves the places of a value and of those in it.
fn shift(node: &mut Node<'_>, by: usize) {
    node.at += by;
    node.end += by;
    match &mut node.json {
        Json::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Json::Object(entries) => {
            for entry in entries {
                entry.at += by;
                shift(&mut entry.value, by);
            }
        }
        Json::Word(_) | Json::Text(_) => {}
    }
}

pub(super) fn children<'n, 'a>(node: &'n Node<'a>) -> Vec<&'n Node<'a>> {
    match &node.json {
        Json::List(items) => items.iter().collect(),
        Json::Object(entries) => entries.iter().map(|entry| &entry.value).collect(),
        Json::Word(_) | Json::Text(_) => Vec::new(),
    }
}

fn find<'n, 'a>(node: &'n Node<'a>, at: usize) -> Option<&'n Node<'a>> {
    if node.at == at {
        return Some(node);
    }
    let around = |child: &&Node<'a>| child.at <= at && at < child.end;
    children(node)
        .into_iter()
        .find(around)
        .and_then(|child| find(child, at))
}

/// Returns the blanks before the first key or item of a text on several lines.
fn unit(text: &str) -> Option<&str> {
    let mut lines = text.split('\n').skip(1);
    let blanks = |line: &'_ str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let line = lines.find(|line| !line.trim().is_empty())?;
    Some(&line[..blanks(line)])
}

/// Returns the separator between the first key of a file and its value.
fn colon(root: &Node<'_>, text: &str) -> &'static str {
    let Json::Object(entries) = &root.json else {
        return ": ";
    };
    let between = entries.first().and_then(|entry| {
        let key = text.get(entry.at..entry.value.at)?;
        key.rsplit('"').next()
    });
    match between {
        Some(":") => ":",
        Some(" : ") => " : ",
        _ => ": ",
    }
}

/// Returns whether a list stands on one line.
fn has_short_list(node: &Node<'_>, text: &str) -> bool {
    let is_short = |node: &Node<'_>| {
        let written = text.get(node.at..node.end).unwrap_or_default();
        matches!(&node.json, Json::List(items) if !items.is_empty()) && !written.contains('\n')
    };
    is_short(node)
        || children(node)
            .into_iter()
            .any(|child| has_short_list(child, text))
}
