//! One attribute of one resource: its place in the code, and the edits that write it.

use super::Stack;
use super::layout::Page;
use super::list::relist;
use super::literal::{key, render};
use super::path::{self, Step};
use super::place::{File, block_at, last_attribute, whole};
use super::policy::Rewrite;
use super::siblings::Siblings;
use super::verify::{CREDENTIAL, Wanted};
use crate::model::{
    Address, Attribute, DeclaredResource, Definition, Difference, Edit, Finding, Nesting, Parts,
    Shape, Site, Type, Value,
};
use hcl_edit::Span;
use std::collections::BTreeMap;

/// What the key of a map starts with that is a secret itself.
const SEALED: &str = "(secret, fingerprint ";

/// One attribute of one resource, and its place in the code.
pub(super) struct Target<'a> {
    address: &'a Address,
    path: &'a str,
    name: &'a str,
    steps: Vec<Step>,
    resource: &'a DeclaredResource,
}

impl<'a> Target<'a> {
    /// # Errors
    /// Why there is no place to write to.
    pub(super) fn find(
        finding: &'a Finding,
        path: &'a str,
        stack: &'a Stack<'_>,
    ) -> Result<Self, String> {
        let address = finding.address.as_ref().ok_or("no state claims it")?;
        let resource = stack.declared.resources.get(address).ok_or_else(|| {
            format!("the code of {address} was not found, or its instances are not certain")
        })?;
        let (name, steps) = path::parse(path)
            .ok_or_else(|| format!("`{path}` is no attribute that can be written"))?;
        if name == "tags_all" {
            return Err(format!("`{path}` is set by the provider's default_tags"));
        }
        Ok(Self {
            address,
            path,
            name,
            steps,
            resource,
        })
    }

    /// Whether everything that the same place feeds wants the same.
    ///
    /// # Errors
    /// Names what does not.
    pub(super) fn agree(
        &self,
        all: &Siblings<'_>,
        same: &dyn Fn(&Difference) -> bool,
        stack: &Stack<'_>,
    ) -> Result<(), String> {
        let wants = |address: &Address| {
            let mut differences = all.differences(address);
            differences.any(|one| one.path == self.path && same(one))
        };
        let others = self.fed(stack);
        let others: Vec<_> = others
            .filter(|address| !wants(address))
            .map(ToString::to_string)
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the value of `{}` feeds {} as well, which did not change alike or goes another way",
            self.path,
            others.join(", ")
        ))
    }

    /// Whether the place feeds this one alone.
    ///
    /// # Errors
    /// Names another.
    pub(super) fn alone(&self, stack: &Stack<'_>) -> Result<(), String> {
        match self.fed(stack).find(|address| *address != self.address) {
            Some(other) => Err(format!(
                "the value of `{}` feeds {other} as well",
                self.path
            )),
            None => Ok(()),
        }
    }

    /// Every instance that the same place feeds, itself included.
    fn fed<'s>(&'s self, stack: &'s Stack<'_>) -> impl Iterator<Item = &'s Address> {
        let own = self.definition().map(|definition| &definition.source);
        let feeds = move |other: &DeclaredResource| match own {
            Some(source) => other.attributes.values().any(|one| one.source == *source),
            None => (&other.file, other.line) == (&self.resource.file, self.resource.line),
        };
        let resources = stack.declared.resources.iter();
        resources
            .filter(move |(_, resource)| feeds(resource))
            .map(|(address, _)| address)
    }

    /// What the code says once the edits are made.
    pub(super) fn wanted(&self, value: &Value, stack: &Stack<'_>) -> Vec<Wanted> {
        let of = |address: &Address| Wanted {
            address: address.clone(),
            name: self.name.to_owned(),
            steps: self.steps.clone(),
            value: value.clone(),
        };
        self.fed(stack).map(of).collect()
    }

    /// What the code says there, if anything.
    pub(super) fn definition(&self) -> Option<&'a Definition> {
        self.resource.attributes.get(self.path)
    }

    /// The edits that write a value here; null takes out what is there.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn write(&self, value: &Value, stack: &'a Stack<'_>) -> Result<Vec<Edit>, String> {
        let place = || format!("{}:{}", self.resource.file, self.resource.line);
        if value.has_secret() || self.path.contains(SEALED) {
            return Err(format!(
                "`{}` is a secret, which code must not hold: {CREDENTIAL}",
                self.path
            ));
        }
        if let Some(definition) = self.definition() {
            if let Site::Refused(why) = &definition.site {
                return Err(why.clone());
            }
            if matches!(definition.site, Site::Local) {
                let source = &definition.source;
                return Err(format!(
                    "the value is a local at {}:{}, which others may use",
                    source.file, source.line
                ));
            }
            if self.block(stack).is_some() {
                return Err(format!("`{}` is a block at {}", self.path, place()));
            }
            return self.replace(definition, value, stack);
        }
        let file = File::open(stack.tree, &self.resource.file)?;
        let block = file
            .resource(self.address)
            .ok_or_else(|| format!("the block of {} was not found at {}", self.address, place()))?;
        if value.is_null() {
            return Err(format!(
                "`{}` is not written in the code at {}",
                self.path,
                place()
            ));
        }
        if let ([Step::Key(entry)], Some(map)) = (
            self.steps.as_slice(),
            self.resource.attributes.get(self.name),
        ) {
            return self.put_entry(&file, map, entry, value);
        }
        let (inner, text) = match self.steps.as_slice() {
            // The map itself is not there yet.
            [Step::Key(entry)] => (Some(block), map_of(&file.page, block, entry, value)),
            steps => (block_at(block, self.name, steps), render(value, "")),
        };
        let inner = inner.ok_or_else(|| {
            format!(
                "the block `{}` is not written in the code at {}",
                self.name,
                place()
            )
        })?;
        let text =
            text.ok_or_else(|| format!("`{}` has no value that can be written", self.path))?;
        if self.block(stack).is_some() {
            return Err(format!(
                "`{}` is a block that is not in the code at {}",
                self.path,
                place()
            ));
        }
        let last = last_attribute(inner)
            .ok_or_else(|| format!("the block at {} holds no attribute yet", place()))?;
        let end = inner.span().map_or(0, |span| span.end);
        if file.page.line_of(last.end.saturating_sub(1)).end > end {
            return Err(format!("the block at {} stands on one line", place()));
        }
        let name = match self.steps.last() {
            Some(Step::Key(part)) if self.steps.len() > 1 => part,
            _ => self.name,
        };
        let indent = file.page.indent_of(last.start);
        Ok(file
            .page
            .put_after(last.end.saturating_sub(1), indent, name, &text))
    }

    fn replace(
        &self,
        definition: &Definition,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, String> {
        let source = &definition.source;
        let file = File::open(stack.tree, &source.file)?;
        let at = format!("{}:{}", source.file, source.line);
        let stale = || format!("the code at {at} is not what was evaluated");
        let old = file
            .page
            .text
            .get(source.span.0..source.span.1)
            .ok_or_else(stale)?;
        if value.is_null() {
            return self
                .take_out(&file, definition)
                .ok_or_else(|| format!("`{}` at {at} shares its line", self.path));
        }
        let text = match (value, &definition.parts) {
            (Value::String(policy), Parts::Policy(code)) => {
                let schema = stack.catalog.get(&self.address.tf_type);
                let rewrite = Rewrite {
                    page: file.page,
                    code,
                    schema: schema.ok_or_else(stale)?,
                    name: self.name,
                    at,
                };
                return rewrite.edits(policy);
            }
            (_, Parts::Policy(_)) | (Value::Map(_), _) => None,
            (Value::List(items), Parts::Items(known)) => {
                relist(old, items, Some(known), &|value| {
                    self.reference(old, value, stack)
                })
            }
            (Value::List(items), Parts::Whole) => relist(old, items, None, &|_| None),
            (value, _) => render(value, old),
        };
        let text =
            text.ok_or_else(|| format!("`{}` at {at} is not written as plain values", self.path))?;
        Ok(vec![file.page.edit(source.span.0..source.span.1, text)])
    }

    /// How a list of references would refer to a value: as it does to its first item.
    fn reference(&self, list: &str, value: &Value, stack: &Stack<'_>) -> Option<String> {
        let first = list.trim_start_matches(['[', ' ', '\n', '\r', '\t']);
        let end = first.find([',', ']', '\n'])?;
        let mut parts = first[..end].trim().split('.');
        let (tf_type, attribute) = (parts.next()?, parts.next_back()?);
        let named = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
        (named(tf_type) && named(attribute)).then_some(())?;
        let recorded = &stack.options.recorded;
        recorded.reference(&self.address.modules, (tf_type, attribute), value.as_str()?)
    }

    /// Takes out an attribute, or an entry of a map.
    fn take_out(&self, file: &File<'_>, definition: &Definition) -> Option<Vec<Edit>> {
        if definition.site != Site::Literal || definition.source.file != self.resource.file {
            return None;
        }
        let whole = match self.steps.as_slice() {
            [Step::Key(entry)] => {
                let map = self.resource.attributes.get(self.name)?;
                file.object_entry(map.source.span, entry)?
            }
            steps => {
                let block = block_at(file.resource(self.address)?, self.name, steps)?;
                let name = match steps.last() {
                    Some(Step::Key(part)) => part,
                    _ => self.name,
                };
                whole(block.body.get_attribute(name)?)?
            }
        };
        file.page.take_out(whole)
    }

    fn put_entry(
        &self,
        file: &File<'_>,
        map: &Definition,
        entry: &str,
        value: &Value,
    ) -> Result<Vec<Edit>, String> {
        let at = format!("{}:{}", map.source.file, map.source.line);
        let literal = matches!(map.site, Site::Literal) && map.source.file == self.resource.file;
        let last = literal.then(|| file.last_entry(map.source.span)).flatten();
        let last = last.ok_or_else(|| {
            format!(
                "`{}` at {at} is no map with its entries on lines of their own",
                self.name
            )
        })?;
        let text = render(value, "")
            .ok_or_else(|| format!("`{}` has no value that can be written", self.path))?;
        let page = file.page;
        let line = &page.text[page.line_of(last)];
        let comma = line.trim_end().ends_with(',');
        let text = if comma { format!("{text},") } else { text };
        Ok(page.put_after(last, page.indent_of(last), &key(entry), &text))
    }

    /// The parts of the nested blocks at the path, where a value is asked for: none where there are no blocks.
    pub(super) fn block(&self, stack: &Stack<'_>) -> Option<BTreeMap<String, Attribute>> {
        let schema = stack.catalog.get(&self.address.tf_type)?;
        let shape = &schema.attributes.get(self.name)?.shape;
        let of_type = |(name, of): (&String, &Type)| {
            let part = Attribute {
                shape: Shape::Plain(of.clone()),
                optional: true,
                computed: true,
                sensitive: false,
            };
            (name.clone(), part)
        };
        match shape {
            _ if !self.steps.is_empty() => None,
            Shape::Block(Nesting::Set | Nesting::List, parts) => Some(parts.clone()),
            // Attributes that code writes as blocks.
            Shape::Plain(Type::Set(of)) => match of.as_ref() {
                Type::Object(parts) => Some(parts.iter().map(of_type).collect()),
                _ => None,
            },
            Shape::Block(..) | Shape::Plain(_) => None,
        }
    }
}

/// A map of one entry, on lines of its own.
fn map_of(
    page: &Page<'_>,
    block: &hcl_edit::structure::Block,
    entry: &str,
    value: &Value,
) -> Option<String> {
    let indent = page.indent_of(last_attribute(block)?.start);
    let end = page.line_end();
    Some(format!(
        "{{{end}{indent}  {} = {}{end}{indent}}}",
        key(entry),
        render(value, "")?
    ))
}
