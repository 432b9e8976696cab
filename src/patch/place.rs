//! Where in a file a block, an attribute or an entry stands.

use super::Stack;
use super::layout::Page;
use super::path::Step;
use crate::code::parse;
use crate::model::{Address, Tree};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body};
use std::ops::Range;

/// A parsed file.
pub(super) struct File<'a> {
    /// Its text.
    pub page: Page<'a>,
    body: Body,
}

impl<'a> File<'a> {
    /// Parses a file that may be edited.
    ///
    /// # Errors
    /// Why it may not.
    pub(super) fn open(tree: &'a Tree, file: &'a str) -> Result<Self, String> {
        if tree.links.contains(file) {
            return Err(format!("{file} is a symbolic link"));
        }
        if tree.unverified.contains(file) {
            return Err(format!(
                "{file} may not be here as it was committed: GitHub does not list all files of so large a repository"
            ));
        }
        let name = file.rsplit('/').next().unwrap_or(file);
        if name == "override.tf" || name.ends_with("_override.tf") {
            return Err(format!("{file} overrides other files"));
        }
        let text = tree
            .text(file)
            .ok_or_else(|| format!("{file} is not UTF-8, or is not in the repository"))?;
        let body = parse::body(text)
            .map_err(|unparsed| format!("{file} could not be parsed: {unparsed}"))?;
        Ok(Self {
            page: Page { file, text },
            body,
        })
    }

    /// The text of an expression, as it is written.
    pub(super) fn text(&self, expression: &Expression) -> &'a str {
        let span = expression.span().unwrap_or_default();
        self.page.text.get(span).unwrap_or_default()
    }

    /// The line of an attribute, from 1.
    pub(super) fn line(&self, attribute: &Attribute) -> usize {
        let start = attribute.key.span().map_or(0, |span| span.start);
        self.page.edit(start..start, String::new()).line
    }

    /// The top-level blocks of a kind.
    pub(super) fn blocks<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Block> {
        self.body.get_blocks(kind)
    }

    /// The block of a resource: none where two say that they are it.
    pub(super) fn resource(&self, address: &Address) -> Option<&Block> {
        let labels = [address.tf_type.as_str(), address.name.as_str()];
        let blocks = self.body.get_blocks("resource");
        let mut own =
            blocks.filter(|block| block.labels.iter().map(|label| label.as_str()).eq(labels));
        let found = own.next();
        found.filter(|_| own.next().is_none())
    }

    /// The entry of a map with this key, in the literal at these bytes: its bytes, key and value together, and the
    /// value's own.
    pub(super) fn object_entry(&self, span: (usize, usize), key: &str) -> Option<Range<usize>> {
        let object = self.page.text.get(span.0..span.1)?;
        let Ok(Expression::Object(entries)) = parse::expression(object) else {
            return None;
        };
        let found = entries
            .iter()
            .find(|(name, _)| key_text(name).as_deref() == Some(key))?;
        let start = match found.0 {
            ObjectKey::Ident(name) => name.span()?.start,
            ObjectKey::Expression(name) => name.span()?.start,
        };
        Some(span.0 + start..span.0 + found.1.expr().span()?.end)
    }

    /// The last byte of the last entry of the literal map at these bytes; none where it is empty or on one line.
    pub(super) fn last_entry(&self, span: (usize, usize)) -> Option<usize> {
        let object = self.page.text.get(span.0..span.1)?;
        let Ok(Expression::Object(entries)) = parse::expression(object) else {
            return None;
        };
        let last = entries.iter().last()?.1.expr().span()?;
        let closes = object.rfind('}')?;
        object[last.end..closes]
            .contains('\n')
            .then_some(span.0 + last.end - 1)
    }
}

/// The files of a stack's root module that can be read.
pub(super) fn code<'a>(stack: &'a Stack<'_>) -> impl Iterator<Item = File<'a>> {
    let files = stack.tree.in_folder(stack.folder);
    let code = files.filter(|(file, _)| file.ends_with(".tf") || file.ends_with(".tofu"));
    code.filter_map(|(file, _)| File::open(stack.tree, file).ok())
}

fn key_text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.value().clone()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(_) => None,
    }
}

/// The block that holds a path's last step: the resource's own, or a nested one. None where it is not there.
pub(super) fn block_at<'b>(
    block: &'b Block,
    name: &'b str,
    steps: &'b [Step],
) -> Option<&'b Block> {
    match steps {
        [] => Some(block),
        [Step::Index(index), Step::Key(part), rest @ ..] => {
            let inner = block.body.get_blocks(name).nth(*index)?;
            block_at(inner, part, rest)
        }
        _ => None,
    }
}

/// An attribute's bytes, key and value together.
pub(super) fn whole(attribute: &Attribute) -> Option<Range<usize>> {
    let start = attribute.key.span()?.start;
    Some(start..attribute.value.span()?.end)
}

/// Where the last attribute of a block ends; for a block without attributes, where its first line does.
pub(super) fn last_attribute(block: &Block) -> Option<Range<usize>> {
    block
        .body
        .attributes()
        .filter_map(whole)
        .max_by_key(|range| range.end)
}
