//! Edits nested blocks that form a set, such as the rules of a group or the routes of a table. Blocks with an equal
//! meaning stay as they are.

use super::dependents::Dependents;
use super::location::File;
use super::refusal::Refusal;
use super::regroup::SELF;
use super::target::Target;
use super::{Stack, objects};
use crate::model::{
    Attribute, DeclaredResource, Difference, Edit, Finding, Nesting, Schema, Shape, Site, Type,
    Value,
};
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The blocks of one attribute.
pub(super) struct Blocks<'a> {
    pub finding: &'a Finding,
    pub declared: &'a DeclaredResource,
    pub name: &'a str,
    attribute: &'a Attribute,
    pub parts: &'a BTreeMap<String, Attribute>,
    schema: &'a Schema,
    pub stack: &'a Stack<'a>,
    dependents: &'a Dependents<'a>,
    /// The value of each block in the code.
    pub values: Vec<Value>,
    /// The elements of each block, as the provider compares them.
    pub block_elements: Vec<Vec<Value>>,
    /// The same in normal form.
    normals: Vec<Vec<Value>>,
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
    let own = declared.attributes.get(name);
    let own = own.filter(|own| own.site != Site::Local);
    let source = own.map(|own| &own.source);
    if let Some(source) = source.filter(|source| source.file != declared.file) {
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
    let dynamic = || Refusal::DynamicBlocks {
        name: name.to_owned(),
        place: place.clone(),
    };
    let is_ordered = matches!(attribute.shape, Shape::Block(Nesting::List, _));
    let values = match declared.value(name) {
        Value::List(values) if is_ordered => values,
        _ => declared_blocks(declared, name).ok_or_else(dynamic)?,
    };
    let blocks = Blocks {
        finding,
        declared,
        name,
        attribute,
        parts,
        schema,
        stack,
        dependents,
        values,
        block_elements: Vec::new(),
        normals: Vec::new(),
    }
    .taken_apart();
    if is_ordered {
        return match written.len() == blocks.values.len() && argument.is_none() {
            true => blocks.without_lost(&file, &written, difference),
            false => Err(dynamic()),
        };
    }
    let lists = [&difference.recorded, &difference.live];
    let [recorded, live] = lists.map(|value| blocks.apart(value.as_list().unwrap_or_default()));
    if let Some(argument) = argument {
        return objects::plan(&blocks, &file, argument, &live);
    }
    let added: Vec<_> = blocks.only_in(&live, &recorded).cloned().collect();
    let removed: Vec<_> = blocks.only_in(&recorded, &live).collect();
    // What `dynamic` blocks make is edited where its values are.
    let is_plain = written.len() == blocks.values.len();
    let written = is_plain.then_some(written.as_slice());
    let edits = blocks.edits((&file, block), written, &removed, added)?;
    edits.ok_or_else(|| if is_plain { by_hand() } else { dynamic() })
}

/// Returns the values of the blocks in the code; `None` where a part of them is not known.
fn declared_blocks(declared: &DeclaredResource, name: &str) -> Option<Vec<Value>> {
    let values = match declared.value(name) {
        Value::Null => Vec::new(),
        Value::List(blocks) => blocks,
        _ => return None,
    };
    (!values.iter().any(Value::has_unknown)).then_some(values)
}

impl Blocks<'_> {
    /// Splits the blocks of the code into their elements.
    fn taken_apart(mut self) -> Self {
        let values = self.values.iter();
        let elements = values.map(|block| self.apart(std::slice::from_ref(block)));
        self.block_elements = elements.collect();
        let normal = |own: &Vec<Value>| own.iter().map(|element| self.normal(element)).collect();
        self.normals = self.block_elements.iter().map(normal).collect();
        self
    }

    /// Splits blocks into the elements that the provider compares: one for each source of a rule.
    fn apart(&self, blocks: &[Value]) -> Vec<Value> {
        match (self.schema.rules.normalize)(self.name, Value::List(blocks.to_vec())) {
            Value::List(elements) => elements,
            other => vec![other],
        }
    }

    /// Edits the written blocks that hold what was removed, and adds blocks for what is new: beside a block that AWS
    /// still has whole, the provider keeps what was added as an element of its own. Returns `None` where it is not
    /// clear which bytes hold an element.
    ///
    /// # Errors
    /// Why a part of a block cannot be written.
    fn edits(
        &self,
        (file, resource): (&File<'_>, &Block),
        written: Option<&[&Block]>,
        removed: &[&Value],
        mut added: Vec<Value>,
    ) -> Result<Option<Vec<Edit>>, Refusal> {
        let Some(mut removed) = self.by_block(removed) else {
            return Ok(None);
        };
        for at in self.invalidated_by(&added) {
            removed.entry(at).or_default();
        }
        let mut edits = Vec::new();
        self.merge_into_earlier(&mut removed, &mut added);
        let mut gone = Vec::new();
        for (at, lost) in removed {
            let beside = self.with_same_ports(&self.block_elements[at], &mut added);
            if lost.len() < self.block_elements[at].len() || !beside.is_empty() {
                edits.extend(self.rewrite_sources(at, &lost, &beside)?);
            } else {
                gone.push((at, lost));
            }
        }
        let mut groups = self.merge_by_ports(&added);
        let mut repeated = Vec::new();
        for (at, lost) in gone {
            let lost: Vec<Value> = lost.into_iter().cloned().collect();
            let span = written.and_then(|written| written.get(at)?.span());
            let page = &file.page;
            let is_commented = span.as_ref().is_some_and(|span| page.is_commented(span));
            match (self.successor(&lost, &mut groups, is_commented), span) {
                (Some((before, after)), _) => {
                    let place = (format!("{}[{at}]", self.name), self.name.to_owned());
                    let (place, block) = ((&place, self.parts), &self.values[at]);
                    edits.extend(self.change(place, block, &before, &after)?);
                }
                (None, Some(span)) => edits.push(page.take_out_block(span)),
                (None, None) => repeated.push(at),
            }
        }
        if !repeated.is_empty() {
            let edits_of = self.without_elements(&repeated);
            match edits_of.or_else(|| self.without_defaults(&repeated)) {
                Some(more) => edits.extend(more),
                None => return Ok(None),
            }
        }
        if !groups.is_empty() {
            match self.add(file, resource, &groups) {
                Some(edit) => edits.push(edit),
                None => return Ok(None),
            }
        }
        Ok(Some(edits))
    }

    /// Takes the blocks that AWS merges into earlier ones out of the code: what it still has of them is new there.
    fn merge_into_earlier<'v>(
        &'v self,
        removed: &mut BTreeMap<usize, Vec<&'v Value>>,
        added: &mut Vec<Value>,
    ) {
        for second in self.merged_into_earlier(removed.keys().copied().collect()) {
            let own: Vec<&Value> = self.block_elements[second].iter().collect();
            let lost = removed.insert(second, own.clone()).unwrap_or_default();
            let lost: Vec<_> = lost.into_iter().map(|lost| self.normal(lost)).collect();
            let own = own.into_iter().zip(&self.normals[second]);
            let is_lost = |own: &Value| lost.iter().any(|lost| self.is_same(own, lost));
            let kept = own.filter(|(_, normal)| !is_lost(normal));
            added.extend(kept.map(|(own, _)| own.clone()));
        }
    }

    /// Takes out the blocks in order that AWS lost. Of those that it has each part differs by itself.
    ///
    /// # Errors
    /// AWS has others as well, or the code has not those of the state: how they are to be written is for a person to say.
    fn without_lost(
        &self,
        file: &File<'_>,
        written: &[&Block],
        difference: &Difference,
    ) -> Result<Vec<Edit>, Refusal> {
        let [recorded, live] = [&difference.recorded, &difference.live]
            .map(|value| value.as_list().unwrap_or_default());
        let mut left = live.iter().map(|block| self.normal(block)).peekable();
        let is_kept = |block: &Value| left.next_if_eq(&self.normal(block)).is_some();
        let kept: Vec<bool> = recorded.iter().map(is_kept).collect();
        if left.next().is_some() || recorded.len() != written.len() || live.len() == written.len() {
            return Err(Refusal::Block {
                path: self.name.to_owned(),
                place: self.declared.place(),
            });
        }
        let lost = written.iter().zip(kept).filter(|(_, kept)| !kept);
        let spans = lost.filter_map(|(block, _)| block.span());
        Ok(spans.map(|span| file.page.take_out_block(span)).collect())
    }

    /// Groups elements by the index of the written block that holds them; `None` where an element is in no block.
    fn by_block<'v>(&self, elements: &[&'v Value]) -> Option<BTreeMap<usize, Vec<&'v Value>>> {
        let mut grouped: BTreeMap<usize, Vec<&Value>> = BTreeMap::new();
        // A block may have thousands of sources: most are found by their normal form.
        let mut exact = HashMap::new();
        for (at, own) in self.normals.iter().enumerate() {
            for element in own {
                exact.entry(text_of(element)).or_insert(at);
            }
        }
        for element in elements {
            let normal = self.normal(element);
            let by_parts = || {
                let blocks = self.normals.iter();
                blocks
                    .take_while(|_| !self.stack.options.interrupt.is_raised())
                    .position(|own| own.iter().any(|own| self.is_same(own, &normal)))
            };
            let found = exact.get(&text_of(&normal)).copied();
            let at = found.or_else(by_parts)?;
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
        let key = |element: &Value| text_of(&self.normal(element));
        let others: HashSet<_> = other.iter().map(key).collect();
        set.iter()
            .filter(move |element| !others.contains(&key(element)))
    }

    /// Returns whether an element of the code describes one of the state, both in normal form.
    fn is_same(&self, own: &Value, element: &Value) -> bool {
        self.attribute.is_satisfied(own, element)
    }

    /// Removes the sources of some elements from one block, and adds those of others.
    fn rewrite_sources(
        &self,
        at: usize,
        gone: &[&Value],
        added: &[Value],
    ) -> Result<Vec<Edit>, Refusal> {
        let block = &self.values[at];
        let mut edits = Vec::new();
        for (part, _) in self.parts.iter().filter(|(_, part)| is_list(part)) {
            let of = |element: &Value| element.get(part).as_list().unwrap_or_default().to_vec();
            let own = of(block);
            let lost: Vec<_> = gone.iter().flat_map(|element| of(element)).collect();
            let kept = own.iter().filter(|item| !lost.contains(item)).cloned();
            let new: Vec<_> = kept.chain(added.iter().flat_map(of)).collect();
            if new != own {
                let path = format!("{}[{at}].{part}", self.name);
                match self.behind_items(&path, &own, &new) {
                    Some(more) => edits.extend(more),
                    None => edits.extend(self.write(&path, &Value::List(new))?),
                }
            }
        }
        let has_self = |element: &Value| element.get(SELF).as_bool() == Some(true);
        let is_lost = gone.iter().any(|element| has_self(element));
        let wants_self = (has_self(block) && !is_lost) || added.iter().any(has_self);
        if wants_self != has_self(block) {
            edits.extend(self.write(&format!("{}[{at}].{SELF}", self.name), &wants_self.into())?);
        }
        Ok(edits)
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
                (Shape::Plain(_), ..) => {
                    let items = old.as_list().zip(new.as_list());
                    match items.and_then(|(old, new)| self.behind_items(&path, old, new)) {
                        Some(more) => edits.extend(more),
                        None => edits.extend(self.write(&path, new)?),
                    }
                }
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
        let element = self.normal(element);
        let is_same = |candidate| self.is_same(&element, &self.normal(candidate));
        set.iter().any(is_same)
    }

    pub(super) fn is_hollow(&self, value: &Value) -> bool {
        value.is_empty() || *value == Value::Bool(false)
    }
}

/// Returns a value as text, by which equal ones are found.
pub(super) fn text_of(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn is_list(part: &Attribute) -> bool {
    matches!(part.shape, Shape::Plain(Type::List(_) | Type::Set(_)))
}
