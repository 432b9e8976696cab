//! Finds blocks, attributes and entries in a file.

use super::Stack;
use super::layout::SourceFile;
use super::path::Step;
use super::reasons::FileRefusal;
use super::refusal::Refusal;
use crate::code::{self, parse};
use crate::model::{Address, Tree};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body};
use std::ops::Range;

/// A parsed file.
pub(super) struct File<'a> {
    /// The text of the file.
    pub page: SourceFile<'a>,
    body: Body,
}

impl<'a> File<'a> {
    /// Parses a file that may be edited.
    ///
    /// # Errors
    /// Why it may not be edited.
    pub(super) fn open(tree: &'a Tree, file: &'a str) -> Result<Self, Refusal> {
        let page = page(tree, file)?;
        if file.ends_with(".json") {
            return Err(FileRefusal::Json(file.to_owned()).into());
        }
        let body = parse::body(page.text).map_err(|unparsed| FileRefusal::Unparsed {
            file: file.to_owned(),
            message: unparsed.to_string(),
        })?;
        Ok(Self { page, body })
    }

    /// Returns the text of an expression, as it is written.
    pub(super) fn text(&self, expression: &Expression) -> &'a str {
        let span = expression.span().unwrap_or_default();
        self.page.text.get(span).unwrap_or_default()
    }

    /// Returns the line of an attribute, from 1.
    pub(super) fn line(&self, attribute: &Attribute) -> usize {
        let start = attribute.key.span().map_or(0, |span| span.start);
        self.page.edit(start..start, String::new()).line
    }

    /// Returns the top-level blocks of a type.
    pub(super) fn blocks<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Block> {
        self.body.get_blocks(kind)
    }

    /// Returns all top-level blocks.
    pub(super) fn all_blocks(&self) -> impl Iterator<Item = &Block> {
        self.body.blocks()
    }

    /// Returns the block of a resource; `None` where there are two.
    pub(super) fn resource(&self, address: &Address) -> Option<&Block> {
        let labels = [address.tf_type.as_str(), address.name.as_str()];
        let blocks = self.body.get_blocks("resource");
        let mut own =
            blocks.filter(|block| block.labels.iter().map(|label| label.as_str()).eq(labels));
        let found = own.next();
        found.filter(|_| own.next().is_none())
    }

    /// Returns the attribute or entry whose value is at these bytes.
    pub(super) fn owner(&self, span: (usize, usize)) -> Option<Owner<'_>> {
        owner(&self.body, &(span.0..span.1))
    }

    /// Returns the expression of the argument that holds these bytes: of a block, or of the file itself.
    pub(super) fn value_around(&self, span: (usize, usize)) -> Option<&Expression> {
        value_around(&self.body, span)
    }

    /// Returns the top-level block that holds these bytes.
    pub(super) fn block_around(&self, span: (usize, usize)) -> Option<&Block> {
        self.body.blocks().find(|block| {
            let own = block.span().unwrap_or_default();
            own.start <= span.0 && span.1 <= own.end
        })
    }
}

fn value_around(body: &Body, span: (usize, usize)) -> Option<&Expression> {
    let mut values = body.attributes().map(|attribute| &attribute.value);
    let own = values.find(|value| {
        let own = value.span().unwrap_or_default();
        own.start <= span.0 && span.1 <= own.end
    });
    let mut blocks = body.blocks();
    own.or_else(|| blocks.find_map(|block| value_around(&block.body, span)))
}

/// Returns whether a file holds HCL: JSON, and what code reads besides, is left as it is formatted.
pub(super) fn is_hcl(file: &str) -> bool {
    let endings = [".tf", ".tofu", ".tfvars", ".hcl"];
    endings.iter().any(|ending| file.ends_with(ending))
}

/// Returns the text of a file that may be edited, whatever it holds.
///
/// # Errors
/// Why it may not be edited.
pub(super) fn page<'a>(tree: &'a Tree, file: &'a str) -> Result<SourceFile<'a>, Refusal> {
    let owned = || file.to_owned();
    if Tree::is_fetched(file) {
        return Err(FileRefusal::Fetched(owned()).into());
    }
    if tree.links.contains_key(file) {
        return Err(FileRefusal::Link(owned()).into());
    }
    if let Some(readers) = several_links(tree, file) {
        let file = owned();
        return Err(FileRefusal::Linked { file, readers }.into());
    }
    if Tree::is_generated(file) {
        return Err(FileRefusal::Generated(owned()).into());
    }
    if Tree::is_installed(file) {
        return Err(FileRefusal::Installed(owned()).into());
    }
    if tree.unverified.contains(file) {
        return Err(FileRefusal::Unverified(owned()).into());
    }
    let text = tree
        .text(file)
        .ok_or_else(|| FileRefusal::NotUtf8(owned()))?;
    Ok(SourceFile { file, text })
}

/// The owner of a value.
pub(super) enum Owner<'b> {
    /// An argument of a block, or a setting of a file of variables.
    Attribute(&'b Attribute),
    /// An entry of a map, by its position.
    Entry(&'b Object, usize),
}

fn owner<'b>(body: &'b Body, span: &Range<usize>) -> Option<Owner<'b>> {
    let found = body.attributes().find_map(|attribute| {
        let own = attribute.value.span()?;
        match own == *span {
            true => Some(Owner::Attribute(attribute)),
            false => inside(&attribute.value, span),
        }
    });
    let blocks = || body.blocks().find_map(|block| owner(&block.body, span));
    found.or_else(blocks)
}

/// Returns the owner of a value within an expression.
fn inside<'b>(expression: &'b Expression, span: &Range<usize>) -> Option<Owner<'b>> {
    let own = expression.span()?;
    if span.start < own.start || own.end < span.end {
        return None;
    }
    match expression {
        Expression::Object(object) => object.iter().enumerate().find_map(|(at, (_, value))| {
            match value.expr().span()? == *span {
                true => Some(Owner::Entry(object, at)),
                false => inside(value.expr(), span),
            }
        }),
        Expression::Array(items) => items.iter().find_map(|item| inside(item, span)),
        Expression::Parenthesis(inner) => inside(inner.inner(), span),
        Expression::FuncCall(call) => call.args.iter().find_map(|argument| inside(argument, span)),
        Expression::Conditional(choice) => {
            let arms = [&choice.true_expr, &choice.false_expr];
            arms.into_iter().find_map(|arm| inside(arm, span))
        }
        _ => None,
    }
}

/// Returns the bytes of an entry, key and value, in the parsed text.
pub(super) fn entry_span(object: &Object, at: usize) -> Option<Range<usize>> {
    let (key, value) = object.iter().nth(at)?;
    let start = match key {
        ObjectKey::Ident(name) => name.span()?.start,
        ObjectKey::Expression(name) => name.span()?.start,
    };
    Some(start..value.expr().span()?.end)
}

/// Returns the position of the entry with this key in a map.
pub(super) fn entry_at(object: &Object, key: &str) -> Option<usize> {
    // Of two with one key the last counts.
    let named = object.iter().enumerate();
    let named = named.filter(|(_, (name, _))| key_text(name).as_deref() == Some(key));
    named.last().map(|(at, _)| at)
}

/// Returns the readable files of a stack's root module.
pub(super) fn code<'a>(stack: &'a Stack<'_>) -> impl Iterator<Item = File<'a>> {
    let paths = code::code_paths(stack.tree, stack.folder).into_iter();
    let files = paths.filter_map(|path| stack.tree.files.get_key_value(&path));
    files.filter_map(|(file, _)| File::open(stack.tree, file).ok())
}

/// Returns the symbolic links to a file, if there are several.
fn several_links(tree: &Tree, file: &str) -> Option<String> {
    let links = tree.links.iter();
    let leading = links.filter(|(_, target)| target.as_deref() == Some(file));
    let mut leading = leading.map(|(link, _)| link);
    let (first, second) = (leading.next()?, leading.next()?);
    Some(match leading.count() {
        0 => format!("{first} and {second}"),
        more => format!("{first}, {second} and {more} more"),
    })
}

pub(super) fn key_text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.value().clone()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(_) => None,
    }
}

/// Returns the block that contains the last step of a path: the resource's own, or a nested one; `None` where it does
/// not exist.
pub(super) fn block_at<'b>(
    block: &'b Block,
    name: &'b str,
    steps: &'b [Step],
) -> Option<&'b Block> {
    match steps {
        [] => Some(block),
        [Step::Index(index), Step::Key(part), rest @ ..] => {
            let is_dynamic = |block: &&Block| {
                let label = block.labels.first().map(|label| label.as_str());
                block.has_ident("dynamic") && label == Some(name)
            };
            if block.body.blocks().any(|block| is_dynamic(&block)) {
                return None;
            }
            let inner = block.body.get_blocks(name).nth(*index)?;
            block_at(inner, part, rest)
        }
        _ => None,
    }
}

/// Returns the bytes of an attribute, key and value.
pub(super) fn whole(attribute: &Attribute) -> Option<Range<usize>> {
    let start = attribute.key.span()?.start;
    Some(start..attribute.value.span()?.end)
}

/// Returns the bytes of the last attribute of a block; `depends_on`, which closes a resource, counts only alone.
pub(super) fn last_attribute(block: &Block) -> Option<Range<usize>> {
    let last = block.body.attributes().max_by_key(|attribute| {
        let end = whole(attribute).map_or(0, |range| range.end);
        (attribute.key.as_str() != "depends_on", end)
    });
    whole(last?)
}
