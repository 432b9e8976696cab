//! Removes elements that a `dynamic` block repeats: the entries of a literal map go, or the items of a literal list.

use super::blocks::Blocks;
use super::element::{Element, elements};
use super::list::{Change, List};
use super::location::File;
use super::map::take_out_entries;
use super::policy::edit_behind;
use super::target::Target;
use crate::model::{Edit, LeftOutArgument, Parts, Site, Source, Value};
use hcl_edit::Span;
use std::collections::BTreeMap;

impl Blocks<'_> {
    /// Returns the edits that remove the elements from which blocks get their parts; `None` where these are not in
    /// literals of one file. Whatever else reads such a literal is compared by the verification.
    pub(super) fn without_elements(&self, blocks: &[usize]) -> Option<Vec<Edit>> {
        let sources = blocks.iter().map(|at| self.sources(*at));
        let sources = sources.collect::<Option<Vec<_>>>()?;
        let path = &sources.first()?.first()?.file;
        if sources.iter().flatten().any(|source| source.file != *path) {
            return None;
        }
        let file = File::open(self.stack.tree, path).ok()?;
        let mut literals: BTreeMap<usize, Vec<Element<'_>>> = BTreeMap::new();
        for sources in &sources {
            let mut around = Vec::new();
            elements(
                file.value_around(sources.first()?.span)?,
                sources,
                &mut around,
            );
            let objects = around.iter().rev().find(|element| element.is_object());
            let element = *objects.or(around.last())?;
            literals.entry(element.start()?).or_default().push(element);
        }
        let mut edits = Vec::new();
        for elements in literals.into_values() {
            let mut gone: Vec<_> = elements.iter().map(Element::position).collect();
            gone.sort_unstable();
            match *elements.first()? {
                Element::Entry(object, _) => {
                    edits.extend(take_out_entries(file.page, object, &gone)?);
                }
                Element::Item(items, _) => {
                    let span = items.span()?;
                    let list = List::open(file.page.text.get(span.clone())?)?;
                    let change = |own| match gone.contains(&own) {
                        true => Change::Remove,
                        false => Change::Keep,
                    };
                    let changes: Vec<_> = (0..items.len()).map(change).collect();
                    edits.push(file.page.edit(span, list.changed(&changes)?));
                }
            }
        }
        Some(edits)
    }

    /// Returns the edits that set an argument, which a call leaves out, to its default without the elements from which
    /// blocks get their parts; `None` where these are in no such default.
    pub(super) fn without_defaults(&self, blocks: &[usize]) -> Option<Vec<Edit>> {
        let elements = blocks.iter().map(|at| self.default_element(*at));
        let elements = elements.collect::<Option<Vec<_>>>()?;
        let (source, argument, _) = *elements.first()?;
        let is_same = |(own, other, _): &(&Source, &LeftOutArgument, &String)| {
            *own == source && other.name == argument.name
        };
        if !elements.iter().all(is_same) {
            return None;
        }
        let is_kept = |key: &String| !elements.iter().any(|(_, _, gone)| *gone == key);
        let left = match &argument.default {
            Value::List(items) => {
                let items = items.iter().enumerate();
                let kept = items.filter(|(at, _)| is_kept(&at.to_string()));
                Value::List(kept.map(|(_, item)| item.clone()).collect())
            }
            Value::Map(entries) => {
                let kept = entries.iter().filter(|(key, _)| is_kept(key));
                Value::map(kept.map(|(key, value)| (key.clone(), value.clone())))
            }
            _ => return None,
        };
        let target = Target::find(self.finding, self.name, self.stack).ok()?;
        let edits = target.add_argument((source, &argument.name), &left, self.stack);
        edits.ok()
    }

    /// Returns the default from which a block gets its parts: the call that leaves the argument out, and the element's
    /// position.
    fn default_element(&self, at: usize) -> Option<(&Source, &LeftOutArgument, &String)> {
        let prefix = format!("{}[{at}].", self.name);
        let parts = self.declared.attributes.iter();
        let mut parts = parts.filter(|(path, _)| path.starts_with(&prefix));
        parts.find_map(|(_, part)| match &part.site {
            Site::LeftOutArgument(argument) => {
                Some((&part.source, argument.as_ref(), argument.steps.first()?))
            }
            _ => None,
        })
    }

    /// Returns the edits of the elements' literals that the items of a list refer to, after which it has as many others;
    /// `None` where an item that goes refers to none.
    pub(super) fn behind_items(
        &self,
        path: &str,
        old: &[Value],
        new: &[Value],
    ) -> Option<Vec<Edit>> {
        let definition = self.declared.attributes.get(path)?;
        let Parts::Items(items) = &definition.parts else {
            return None;
        };
        let lost: Vec<_> = old.iter().filter(|item| !new.contains(item)).collect();
        let added: Vec<_> = new.iter().filter(|item| !old.contains(item)).collect();
        let edit = |(lost, new): (&&Value, &&Value)| {
            let item = items.iter().find(|item| item.value == **lost)?;
            edit_behind(self.stack, item.behind.as_deref()?, new)
        };
        let is_exchange = !lost.is_empty() && lost.len() == added.len();
        let pairs = lost.iter().zip(&added);
        is_exchange.then(|| pairs.map(edit).collect())?
    }

    /// Returns the places in literals of the parts of a block; `None` where it has none.
    fn sources(&self, at: usize) -> Option<Vec<&Source>> {
        let prefix = format!("{}[{at}].", self.name);
        let parts = self.declared.attributes.iter();
        let parts = parts.filter(|(path, _)| path.starts_with(&prefix));
        let literals = parts.filter(|(_, part)| part.site == Site::MapEntry);
        let sources: Vec<&Source> = literals.map(|(_, part)| &part.source).collect();
        (!sources.is_empty()).then_some(sources)
    }
}
