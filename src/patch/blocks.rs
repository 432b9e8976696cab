//! Edits nested blocks that form a set, such as the rules of a group or the routes of a table. Blocks with an equal
//! meaning stay as they are.

use super::dependents::Dependents;
use super::literal::render;
use super::location::{File, last_attribute};
use super::refusal::Refusal;
use super::target::Target;
use super::{Stack, objects};
use crate::model::{
    Attribute, DeclaredResource, Difference, Edit, Finding, Nesting, Schema, Shape, Type, Value,
};
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;

/// The argument of a rule whose source is its own group.
const OWN: &str = "self";

/// The blocks of one attribute.
pub(super) struct Blocks<'a> {
    finding: &'a Finding,
    declared: &'a DeclaredResource,
    pub name: &'a str,
    attribute: &'a Attribute,
    pub parts: &'a BTreeMap<String, Attribute>,
    schema: &'a Schema,
    stack: &'a Stack<'a>,
    dependents: &'a Dependents<'a>,
    /// The value of each block in the code.
    pub values: Vec<Value>,
    /// The elements of each block, as the provider compares them.
    pub own: Vec<Vec<Value>>,
}

/// Returns the edits after which the code's blocks have the value of AWS.
///
/// # Errors
/// Why the blocks must be edited by hand.
pub(super) fn plan(
    finding: &Finding,
    difference: &Difference,
    parts: &BTreeMap<String, Attribute>,
    (stack, dependents): (&Stack<'_>, &Dependents<'_>),
) -> Result<Vec<Edit>, Refusal> {
    let address = finding.address.as_ref().ok_or(Refusal::UnmanagedResource)?;
    let declared = stack.declared.resources.get(address);
    let declared = declared.ok_or_else(|| Refusal::NotEvaluated(Box::new(address.clone())))?;
    let place = declared.place();
    let name = difference.path.as_str();
    let by_hand = || Refusal::Block {
        path: name.to_owned(),
        place: place.clone(),
    };
    let schema = stack.catalog.get(&finding.tf_type).ok_or_else(by_hand)?;
    let attribute = schema.attributes.get(name).ok_or_else(by_hand)?;
    // Of blocks in order each part differs by itself; how many there are is for a person to say.
    if matches!(attribute.shape, Shape::Block(Nesting::List, _)) {
        return Err(by_hand());
    }
    let written = declared
        .attributes
        .get(name)
        .map(|attribute| &attribute.source);
    if let Some(source) = written.filter(|source| source.file != declared.file) {
        // In an override file, whose blocks take the place of those here.
        return Err(Refusal::Block {
            path: name.to_owned(),
            place: source.place(),
        });
    }
    let file = File::open(stack.tree, &declared.file)?;
    let block = file.resource(address).ok_or_else(by_hand)?;
    let argument = block.body.get_attribute(name);
    let written: Vec<&Block> = block.body.get_blocks(name).collect();
    let values = match declared.value(name) {
        Value::Null => Vec::new(),
        Value::List(blocks) => blocks,
        _ => vec![Value::Unknown],
    };
    let is_plain = argument.is_some() || written.len() == values.len();
    if !is_plain || values.iter().any(Value::has_unknown) {
        return Err(Refusal::DynamicBlocks {
            name: name.to_owned(),
            place,
        });
    }
    let mut blocks = Blocks {
        finding,
        declared,
        name,
        attribute,
        parts,
        schema,
        stack,
        dependents,
        values,
        own: Vec::new(),
    };
    let values = blocks.values.iter();
    blocks.own = values
        .map(|block| blocks.apart(std::slice::from_ref(block)))
        .collect();
    let lists = [&difference.recorded, &difference.live];
    let [recorded, live] = lists.map(|value| blocks.apart(value.as_list().unwrap_or_default()));
    if let Some(argument) = argument {
        return objects::plan(&blocks, &file, argument, &live);
    }
    let added = blocks.only_in(&live, &recorded).cloned().collect();
    let removed: Vec<_> = blocks.only_in(&recorded, &live).collect();
    let edits = blocks.edits((&file, block), &written, &removed, added)?;
    edits.ok_or_else(by_hand)
}

impl Blocks<'_> {
    /// Splits blocks into the elements that the provider compares: one for each source of a rule.
    fn apart(&self, blocks: &[Value]) -> Vec<Value> {
        match (self.schema.rules.normalize)(self.name, Value::List(blocks.to_vec())) {
            Value::List(elements) => elements,
            other => vec![other],
        }
    }

    /// Edits the written blocks that hold what was removed, and adds a block for what is new and fits into none of
    /// them. Returns `None` where it is not clear which bytes hold an element.
    ///
    /// # Errors
    /// Why a part of a block cannot be written.
    fn edits(
        &self,
        (file, resource): (&File<'_>, &Block),
        written: &[&Block],
        removed: &[&Value],
        mut added: Vec<Value>,
    ) -> Result<Option<Vec<Edit>>, Refusal> {
        let Some(mut removed) = self.by_block(removed) else {
            return Ok(None);
        };
        let mut edits = Vec::new();
        for (at, block) in written.iter().enumerate() {
            let elements = removed.remove(&at).unwrap_or_default();
            let beside = self.with_same_ports(&self.own[at], &mut added);
            if elements.is_empty() && beside.is_empty() {
                continue;
            }
            if elements.len() < self.own[at].len() || !beside.is_empty() {
                edits.extend(self.rewrite_lists(at, &self.values[at], (&elements, &beside))?);
            } else if let (1, false) = (elements.len(), added.is_empty()) {
                let place = (format!("{}[{at}]", self.name), self.name.to_owned());
                let (before, after) = (elements[0], added.remove(0));
                edits.extend(self.change(
                    (&place, self.parts),
                    &self.values[at],
                    before,
                    &after,
                )?);
            } else if let Some(span) = block.span() {
                edits.push(file.page.take_out_block(span));
            } else {
                return Ok(None);
            }
        }
        if !added.is_empty() {
            match self.add(file, resource, written, &added) {
                Some(edit) => edits.push(edit),
                None => return Ok(None),
            }
        }
        Ok(Some(edits))
    }

    /// Groups elements by the index of the written block that holds them; `None` where an element is in no block.
    fn by_block<'v>(&self, elements: &[&'v Value]) -> Option<BTreeMap<usize, Vec<&'v Value>>> {
        let mut grouped: BTreeMap<usize, Vec<&Value>> = BTreeMap::new();
        for element in elements {
            let blocks = self.own.iter();
            let at = blocks
                .take_while(|_| !self.stack.options.interrupt.is_raised())
                .position(|own| {
                    own.iter()
                        .any(|own_element| self.fits(own_element, element))
                })?;
            grouped.entry(at).or_default().push(element);
        }
        Some(grouped)
    }

    fn normal(&self, element: &Value) -> Value {
        let list = Value::List(vec![element.clone()]);
        self.schema.normal(self.attribute, self.name, &list)
    }

    /// Returns the elements that another set lacks, whatever their form.
    fn only_in<'v>(&self, set: &'v [Value], other: &[Value]) -> impl Iterator<Item = &'v Value> {
        let others: Vec<_> = other.iter().map(|element| self.normal(element)).collect();
        set.iter()
            .filter(move |element| !others.contains(&self.normal(element)))
    }

    /// Returns whether a block of the code describes an element of the state.
    fn fits(&self, own: &Value, element: &Value) -> bool {
        self.attribute
            .is_satisfied(&self.normal(own), &self.normal(element))
    }

    /// Removes the sources of some elements from the lists of one block, and adds those of others.
    fn rewrite_lists(
        &self,
        at: usize,
        block: &Value,
        (gone, added): (&[&Value], &[Value]),
    ) -> Result<Vec<Edit>, Refusal> {
        let mut edits = Vec::new();
        for (part, _) in self.parts.iter().filter(|(_, part)| is_list(part)) {
            let of = |element: &Value| element.get(part).as_list().unwrap_or_default().to_vec();
            let (own, lost): (_, Vec<_>) = (
                of(block),
                gone.iter().flat_map(|element| of(element)).collect(),
            );
            let kept = own.iter().filter(|item| !lost.contains(item)).cloned();
            let new = kept.chain(added.iter().flat_map(of));
            let new: Vec<_> = new.collect();
            if new != own {
                let path = format!("{}[{at}].{part}", self.name);
                edits.extend(self.write(&path, &Value::List(new))?);
            }
        }
        Ok(edits)
    }

    /// Takes the added elements that differ from a block's own only in their sources.
    fn with_same_ports(&self, own: &[Value], added: &mut Vec<Value>) -> Vec<Value> {
        let Some(first) = own.first().map(|element| self.rest(element)) else {
            return Vec::new();
        };
        let has_lists = |element: &Value| element.get(OWN).as_bool() != Some(true);
        let (same, others) = std::mem::take(added)
            .into_iter()
            .partition(|element| has_lists(element) && self.rest(element) == first);
        *added = others;
        same
    }

    /// Returns an element without its sources and its empty parts, which the provider takes as left out.
    fn rest(&self, element: &Value) -> BTreeMap<String, Value> {
        let entries = element.as_map().cloned().unwrap_or_default();
        let single = entries.into_iter().filter(|(name, value)| {
            let says_who = name == OWN || self.parts.get(name).is_some_and(is_list);
            !says_who && !self.is_hollow(value)
        });
        single.collect()
    }

    /// Writes the differences between two elements into the block of the first: at a path, with indexes and without.
    fn change(
        &self,
        ((path, plain), parts): (&(String, String), &BTreeMap<String, Attribute>),
        block: &Value,
        before: &Value,
        after: &Value,
    ) -> Result<Vec<Edit>, Refusal> {
        let mut edits = Vec::new();
        for (name, part) in parts {
            let (path, plain) = (format!("{path}.{name}"), format!("{plain}.{name}"));
            let (old, new) = (before.get(name), after.get(name));
            if self.schema.normal(part, &plain, old) == self.schema.normal(part, &plain, new) {
                continue;
            }
            match (&part.shape, block.get(name), old, new) {
                (Shape::Block(_, parts), Value::List(own), Value::List(old), Value::List(new))
                    if own.len() == old.len() && old.len() == new.len() =>
                {
                    for (at, own) in own.iter().enumerate() {
                        let place = (format!("{path}[{at}]"), plain.clone());
                        edits.extend(self.change((&place, parts), own, &old[at], &new[at])?);
                    }
                }
                (Shape::Block(..), ..) => {
                    return Err(Refusal::Block {
                        path,
                        place: self.declared.place(),
                    });
                }
                (Shape::Plain(_), own, ..) if own.is_null() && new.is_empty() => {}
                (Shape::Plain(_), ..) => edits.extend(self.write(&path, new)?),
            }
        }
        Ok(edits)
    }

    fn write(&self, path: &str, value: &Value) -> Result<Vec<Edit>, Refusal> {
        let target = Target::find(self.finding, path, self.stack)?;
        let mut refusal = None;
        for slot in target.slots() {
            let alone = target.alone(&slot, self.dependents);
            match alone.and_then(|()| target.write(&slot, value, self.stack)) {
                Ok(edits) => return Ok(edits),
                Err(why) => refusal = refusal.or(Some(why)),
            }
        }
        Err(refusal.unwrap_or_else(|| Refusal::NoPath(path.to_owned())))
    }

    /// Returns whether a set has an element, whatever its form.
    pub(super) fn has(&self, set: &[Value], element: &Value) -> bool {
        set.iter().any(|candidate| self.fits(element, candidate))
    }

    /// Groups elements by protocol, ports and description: each group is one block.
    pub(super) fn groups(&self, added: &[Value]) -> Vec<Value> {
        let mut groups: Vec<Value> = Vec::new();
        for element in added {
            let group = groups
                .iter_mut()
                .find(|group| self.rest(group) == self.rest(element));
            match group {
                Some(Value::Map(group)) => {
                    for (name, value) in element.as_map().into_iter().flatten() {
                        if let (Some(Value::List(all)), Value::List(more)) =
                            (group.get_mut(name), value)
                        {
                            all.extend(more.iter().cloned());
                        } else if !value.is_empty() {
                            group.insert(name.clone(), value.clone());
                        }
                    }
                }
                _ => groups.push(element.clone()),
            }
        }
        groups
    }

    /// Adds blocks behind the last of their kind, one for each protocol, ports and description.
    fn add(
        &self,
        file: &File<'_>,
        resource: &Block,
        written: &[&Block],
        added: &[Value],
    ) -> Option<Edit> {
        let groups = self.groups(added);
        let page = file.page;
        let end = match written.last() {
            Some(last) => last.span()?.end,
            None => last_attribute(resource)?.end,
        };
        let line = page.line_of(end.saturating_sub(1));
        let indent = match written.last() {
            Some(last) => page.indent_of(last.span()?.start),
            None => page.indent_of(last_attribute(resource)?.start),
        };
        let stop = page.line_end();
        let sibling = written.iter().flat_map(|block| block.body.attributes());
        let sibling: Vec<&str> = sibling.map(|attribute| attribute.key.as_str()).collect();
        let mut text = String::new();
        for group in &groups {
            let arguments = group.as_map()?.iter().filter(|(name, value)| {
                let number = self
                    .parts
                    .get(*name)
                    .is_some_and(|part| part.shape == Shape::Plain(Type::Number));
                !value.is_null()
                    && (number || sibling.contains(&name.as_str()) || !self.is_hollow(value))
            });
            let arguments: Option<Vec<_>> = arguments
                .map(|(name, value)| Some((name, render(value, "")?)))
                .collect();
            let mut arguments = arguments?;
            // As the other blocks have it.
            arguments.sort_by_key(|(name, _)| {
                let place = sibling.iter().position(|argument| argument == name);
                place.unwrap_or(sibling.len())
            });
            let widest = arguments
                .iter()
                .map(|(name, _)| name.len())
                .max()
                .unwrap_or_default();
            text += &format!("{stop}{indent}{} {{{stop}", self.name);
            for (name, value) in arguments {
                text += &format!("{indent}  {name:widest$} = {value}{stop}");
            }
            text += &format!("{indent}}}{stop}");
        }
        Some(page.edit(line.end..line.end, text))
    }

    fn is_hollow(&self, value: &Value) -> bool {
        value.is_empty() || *value == Value::Bool(false)
    }
}

fn is_list(part: &Attribute) -> bool {
    matches!(part.shape, Shape::Plain(Type::List(_) | Type::Set(_)))
}
