//! Edits nested blocks that are written as an argument: `ingress = [...]`, `route = []`, `ingress = concat([...], [...])`.
//! Terraform forbids blocks beside it.

use super::blocks::Blocks;
use super::comments::has_comment;
use super::joined_lists::{self, ListPlace};
use super::list::{Change, List, rewrite_list};
use super::literal::render;
use super::location::{self, File, key_text};
use super::refusal::Refusal;
use super::{hcl_writer, local_values};
use crate::code::parse;
use crate::model::{self, Edit, Shape, Site, Type, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Attribute;
use std::ops::Range;

/// Returns the edits after which the objects, in one list or in several that a call puts together, in the argument itself or
/// in a local value, have the value of AWS: objects with an equal meaning keep their text, and of one that changed only the
/// parts that differ are written.
///
/// # Errors
/// Why the objects must be edited by hand.
pub(super) fn plan(
    blocks: &Blocks<'_>,
    file: &File<'_>,
    argument: &Attribute,
    live: &[Value],
) -> Result<Vec<Edit>, Refusal> {
    let own = blocks.declared.attributes.get(blocks.name);
    let local = own.filter(|own| own.site == Site::Local);
    let (page, span) = match local.map(|own| &own.source) {
        Some(source) => {
            local_values::check(source, blocks.stack)?;
            let page = location::page(blocks.stack.tree, &source.file)?;
            (page, source.span.0..source.span.1)
        }
        None => (file.page, argument.value.span().unwrap_or_default()),
    };
    let not_plain = || Refusal::NotPlain {
        path: blocks.name.to_owned(),
        place: page.place(span.start),
    };
    let old = page.text.get(span.clone()).ok_or_else(not_plain)?;
    let objects = Objects {
        blocks,
        lists: lists(old, blocks.values.len()).ok_or_else(not_plain)?,
        indent: page.indent_of(span.start),
        end: page.line_end(),
    };
    let texts = objects.rewritten(live).ok_or_else(not_plain)?.into_iter();
    let edits =
        texts.map(|(own, text)| page.edit(span.start + own.start..span.start + own.end, text));
    Ok(edits.collect())
}

/// Returns the literal lists of an argument of this length.
fn lists(text: &str, length: usize) -> Option<Vec<ObjectList<'_>>> {
    let places = match parse::expression(text).ok()? {
        Expression::Array(items) => vec![ListPlace {
            span: 0..text.len(),
            items: 0..items.len(),
        }],
        Expression::FuncCall(call) => joined_lists::places(&call, length)?,
        _ => return None,
    };
    let open = |place: ListPlace| {
        let list = List::open(text.get(place.span.clone())?)?;
        Some(ObjectList { place, list })
    };
    let lists: Vec<_> = places.into_iter().map(open).collect::<Option<_>>()?;
    let fits = lists.iter().all(|own| own.place.items.end <= length);
    let is_whole = text.starts_with('[');
    let found: usize = lists.iter().map(|own| own.place.items.len()).sum();
    (fits && (!is_whole || found == length)).then_some(lists)
}

/// A list of objects, as it is written.
struct ObjectList<'a> {
    /// Its place in the argument, and in the argument's value.
    place: ListPlace,
    list: List<'a>,
}

/// The objects of an argument.
struct Objects<'a> {
    blocks: &'a Blocks<'a>,
    lists: Vec<ObjectList<'a>>,
    /// The indentation of the argument.
    indent: &'a str,
    /// What ends a line.
    end: &'a str,
}

impl Objects<'_> {
    /// Returns the texts of the lists that change, after which the argument has the value of AWS; `None` where comments or
    /// other expressions are in the way.
    fn rewritten(&self, live: &[Value]) -> Option<Vec<(Range<usize>, String)>> {
        let blocks = self.blocks;
        let is_in_aws = |own: &[Value]| own.iter().all(|element| blocks.has(live, element));
        let stay = blocks.block_elements.iter().filter(|own| is_in_aws(own));
        let kept: Vec<Value> = stay.flatten().cloned().collect();
        let new = live.iter().filter(|element| !blocks.has(&kept, element));
        let mut groups = blocks.merge_by_ports(&new.cloned().collect::<Vec<_>>());
        let is_literal = |at: usize| self.lists.iter().any(|own| own.place.items.contains(&at));
        let mut elsewhere = blocks.block_elements.iter().enumerate();
        if elsewhere.any(|(at, own)| !is_literal(at) && !is_in_aws(own)) {
            return None;
        }
        let mut texts = Vec::new();
        for own in &self.lists {
            let mut changes = Vec::new();
            for (at, elements) in blocks.block_elements[own.place.items.clone()]
                .iter()
                .enumerate()
            {
                changes.push(if is_in_aws(elements) {
                    Change::Keep
                } else if groups.is_empty() {
                    Change::Remove
                } else {
                    Change::Replace(self.replacement(own, at, elements, &mut groups)?)
                });
            }
            texts.push(own.list.changed(&changes)?);
        }
        if !groups.is_empty() {
            let (last, text) = self.lists.last().zip(texts.last_mut())?;
            *text = self.with(&last.list, text, &groups)?;
        }
        let texts = self.lists.iter().zip(texts);
        let changed = texts.filter(|(own, text)| own.list.text != text);
        Some(
            changed
                .map(|(own, text)| (own.place.span.clone(), text))
                .collect(),
        )
    }

    /// Returns the text of a list with further objects behind the last one.
    fn with(&self, list: &List<'_>, text: &str, groups: &[Value]) -> Option<String> {
        let indent = self.indent_of(list, list.items.len().checked_sub(1));
        let objects = groups.iter().map(|group| self.object(group, &indent));
        let objects = objects.collect::<Option<Vec<_>>>()?;
        if !list.items.is_empty() {
            return List::open(text)?.with(&objects);
        }
        let end = self.end;
        let lines = objects
            .iter()
            .map(|object| format!("{indent}{object},{end}"));
        let lines = lines.collect::<String>();
        (!has_comment(text)).then(|| format!("[{end}{lines}{}]", self.indent))
    }

    /// Returns the text of an item that changed: the most similar of the new objects takes its place.
    fn replacement(
        &self,
        ObjectList { list, .. }: &ObjectList<'_>,
        at: usize,
        own: &[Value],
        groups: &mut Vec<Value>,
    ) -> Option<String> {
        let (before, after) = self.blocks.successor(own, groups, false)?;
        let has_comment = has_comment(list.text.get(list.span(at)?)?);
        let whole = || self.object(&after, &self.indent_of(list, Some(at)));
        let in_parts = self.in_parts(list, at, &before, &after);
        in_parts.or_else(|| whole().filter(|_| !has_comment))
    }

    /// Returns the text of an item in which only the parts that differ are written; `None` where one of them is not
    /// written there.
    fn in_parts(
        &self,
        list: &List<'_>,
        at: usize,
        before: &Value,
        after: &Value,
    ) -> Option<String> {
        let Expression::Object(object) = list.items.get(at)? else {
            return None;
        };
        let span = list.span(at)?;
        let mut edits = Vec::new();
        for (name, part) in self.blocks.parts {
            let (old, new) = (before.get(name), after.get(name));
            let is_hollow = |value: &Value| self.blocks.is_hollow(value);
            if old == new || (is_hollow(old) && is_hollow(new)) {
                continue;
            }
            let entries = object.iter();
            let named = entries.filter(|(key, _)| key_text(key).as_ref() == Some(name));
            let own = named.last()?.1.expr().span()?;
            let written = list.text.get(own.clone())?.trim_end();
            let own = own.start..own.start + written.len();
            let text = match new {
                Value::List(items) if written.starts_with('[') => {
                    rewrite_list(written, items, None, &|_| None)?
                }
                Value::Null => render(&empty(&part.shape), written)?,
                new => render(new, written)?,
            };
            edits.push((own, text));
        }
        edits.sort_by_key(|(own, _)| own.start);
        let mut text = list.text.get(span.clone())?.to_owned();
        for (own, new) in edits.into_iter().rev() {
            text.replace_range(own.start - span.start..own.end - span.start, &new);
        }
        Some(text)
    }

    /// Returns the indentation of a new object in the place of an item, or in an empty list.
    fn indent_of(&self, list: &List<'_>, item: Option<usize>) -> String {
        match item {
            None => format!("{}  ", self.indent),
            Some(at) => list.indent_of(at).unwrap_or(self.indent).to_owned(),
        }
    }

    /// Writes an object with all parts of its type: an argument must name them all.
    fn object(&self, group: &Value, indent: &str) -> Option<String> {
        let given = group.as_map()?;
        let part = |(name, part): (&String, &model::Attribute)| {
            let given = given.get(name).filter(|given| !given.is_null());
            let value = given.cloned().unwrap_or_else(|| empty(&part.shape));
            (name.clone(), value)
        };
        let object = Value::Map(self.blocks.parts.iter().map(part).collect());
        hcl_writer::value(&object, indent, self.end)
    }
}

/// Returns the value of a part that an object leaves empty.
fn empty(shape: &Shape) -> Value {
    match shape {
        Shape::Plain(Type::List(_) | Type::Set(_)) => Value::List(Vec::new()),
        Shape::Plain(Type::Bool) => Value::Bool(false),
        _ => Value::Null,
    }
}
