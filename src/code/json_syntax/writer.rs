//! Writes parsed JSON as HCL, and records the position of each part.

use super::reader::{Entry, Json, Node};
use super::rules::{self, BlockRule, Body, BodyKind, TextSyntax};
use super::template::{literal, template};
use super::{Hcl, JsonPlace};
use crate::code::file::line_ends;
use crate::code::nested_blocks::NestedBlocks;
use crate::code::parse::Unparsed;

/// The key whose value is a comment.
const COMMENT: &str = "//";

/// An object with its entries.
type Object<'n, 't> = (&'n Node<'t>, &'n [Entry<'t>]);

/// Writes one file.
pub(super) struct Writer<'b> {
    hcl: String,
    places: Vec<JsonPlace>,
    /// Where the lines of the JSON end.
    ends: Vec<usize>,
    blocks: &'b NestedBlocks,
}

impl<'b> Writer<'b> {
    pub(super) fn new(json: &str, blocks: &'b NestedBlocks) -> Self {
        Self {
            hcl: String::new(),
            places: Vec::new(),
            ends: line_ends(json),
            blocks,
        }
    }

    /// Writes all blocks of a file.
    ///
    /// # Errors
    /// The file is not valid Terraform.
    pub(super) fn write(mut self, root: &Node<'_>) -> Result<Hcl, Unparsed> {
        for (_, entries) in self.objects(root)? {
            for entry in entries {
                let (name, value) = (entry.key.as_str(), &entry.value);
                let rule = rules::top_level(name).filter(|_| name != COMMENT);
                match rule {
                    Some(rule) => self.block(name, &mut Vec::new(), &rule, value)?,
                    None if name == COMMENT => {}
                    None => {
                        return Err(
                            self.wrong(value, &format!("`{name}` is no block of Terraform"))
                        );
                    }
                }
            }
        }
        Ok(Hcl {
            text: self.hcl,
            places: self.places,
        })
    }

    fn line(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < at)
    }

    fn wrong(&self, node: &Node<'_>, message: &str) -> Unparsed {
        Unparsed {
            line: self.line(node.at),
            message: message.to_owned(),
            is_too_large: false,
        }
    }

    /// Records the position in the JSON of the HCL that is written next.
    fn note(&mut self, node: &Node<'_>) {
        self.places.push(JsonPlace {
            start: self.hcl.len(),
            line: self.line(node.at),
            at: node.at,
        });
    }

    /// Returns the objects of a body, which is an object or a list of objects.
    fn objects<'n, 't>(&self, node: &'n Node<'t>) -> Result<Vec<Object<'n, 't>>, Unparsed> {
        match &node.json {
            Json::Object(entries) => Ok(vec![(node, entries)]),
            Json::List(items) => {
                let object = |item: &'n Node<'t>| match &item.json {
                    Json::Object(entries) => Ok((item, entries.as_slice())),
                    _ => Err(self.wrong(item, "expected an object")),
                };
                items.iter().map(object).collect()
            }
            Json::Word("null") => Ok(Vec::new()),
            _ => Err(self.wrong(node, "expected an object")),
        }
    }

    /// Writes the blocks of one kind, below the labels that were read so far.
    fn block(
        &mut self,
        name: &str,
        labels: &mut Vec<String>,
        rule: &BlockRule,
        node: &Node<'_>,
    ) -> Result<(), Unparsed> {
        if labels.len() < rule.labels {
            let objects = self.objects(node)?.into_iter();
            for entry in objects.flat_map(|(_, entries)| entries) {
                if entry.key != COMMENT {
                    labels.push(entry.key.clone());
                    self.block(name, labels, rule, &entry.value)?;
                    labels.pop();
                }
            }
            return Ok(());
        }
        let first = labels.first().map_or("", String::as_str);
        let kind = match &rule.body {
            Body::Is(kind) => kind.of_dynamic(first),
            Body::OfType(of_type) => of_type(self.blocks, first),
        };
        for (node, entries) in self.objects(node)? {
            self.note(node);
            self.hcl.push_str(name);
            for label in labels.iter() {
                self.hcl.push(' ');
                self.hcl.push_str(&literal(label));
            }
            self.hcl.push_str(" {\n");
            self.body(entries, &kind)?;
            self.note(node);
            self.hcl.push_str("}\n");
        }
        Ok(())
    }

    fn body(&mut self, entries: &[Entry<'_>], kind: &BodyKind) -> Result<(), Unparsed> {
        for Entry { key, value, .. } in entries.iter().filter(|entry| entry.key != COMMENT) {
            if let Some(rule) = kind.block(key) {
                self.block(key, &mut Vec::new(), &rule, value)?;
                continue;
            }
            if !is_name(key) {
                return Err(self.wrong(value, &format!("`{key}` is no name of an argument")));
            }
            self.note(value);
            self.hcl.push_str(key);
            self.hcl.push_str(" = ");
            self.expression(value, kind.text_is(key));
            self.hcl.push('\n');
        }
        Ok(())
    }

    fn expression(&mut self, node: &Node<'_>, text_is: TextSyntax) {
        self.note(node);
        match &node.json {
            Json::Word(word) => self.hcl.push_str(word),
            Json::Text(text) => {
                let written = match text_is {
                    TextSyntax::Template => template(text),
                    TextSyntax::Literal => literal(text),
                    TextSyntax::Code => text.replace(['\n', '\r'], " "),
                };
                self.hcl.push_str(&written);
            }
            Json::List(items) => {
                self.hcl.push('[');
                for item in items {
                    self.expression(item, text_is);
                    self.hcl.push_str(", ");
                }
                self.hcl.push(']');
            }
            Json::Object(entries) => {
                self.hcl.push('{');
                for Entry { key, value, .. } in entries {
                    let key = match text_is {
                        TextSyntax::Template => template(key),
                        TextSyntax::Literal => literal(key),
                        TextSyntax::Code => key.clone(),
                    };
                    self.hcl.push_str(&key);
                    self.hcl.push_str(" = ");
                    self.expression(value, text_is);
                    self.hcl.push_str(", ");
                }
                self.hcl.push('}');
            }
        }
    }
}

/// Returns whether a text is a valid HCL identifier.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    starts && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}
