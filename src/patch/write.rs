//! Writes a value into a slot: replaces, adds or removes it in the existing form.

use super::data_file::is_data;
use super::defaults;
use super::hcl_writer;
use super::list::not_rewritten;
use super::literal::render;
use super::location::{File, Owner, block_at, last_attribute, page, whole};
use super::map::{Literal, take_out_entry};
use super::path::{self, Step};
use super::refusal::Refusal;
use super::target::{Slot, Target};
use super::{Stack, heredoc, joined_lists, local_values};
use crate::code::parse;
use crate::model::{Definition, Edit, Location, Parts, SEALED, Site, Source, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

/// An entry of a map: its key, and its value.
pub(super) type Entry = (String, Value);

impl Target<'_> {
    /// Returns the edits that write a value into a slot; null removes the existing one.
    ///
    /// # Errors
    /// Why the value cannot be written.
    pub(super) fn write(
        &self,
        slot: &Slot,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        if value.has_secret() || self.path.contains(SEALED) {
            return Err(Refusal::Secret(path::of_secret(self.path, value)));
        }
        slot.check(self.resource, stack)?;
        if let Some(location) = slot.location() {
            defaults::check(&location.source, stack)?;
            if is_data(&location.source.file) {
                return match (slot, self.entry(value)) {
                    (Slot::Value(_), _) => self.write_data(location, value, stack),
                    (Slot::Entry(_), Some(entry)) if !value.is_null() => {
                        self.add_data(location, &[entry], stack)
                    }
                    _ => Err(self.in_data(location)),
                };
            }
        }
        let last = self.steps.last();
        match (slot, last) {
            (Slot::Value(location), _) => self.write_value(location, value, stack),
            (Slot::Reference(location), _) if value.is_null() => {
                self.take_out(&location.source, stack)
            }
            (Slot::Reference(location), _) => self.refer(&location.source, value, stack),
            (_, _) if value.is_null() => Err(self.not_written()),
            (Slot::Block, _) if !self.is_entry() => self.add_to_block(value, stack),
            (_, Some(Step::Key(entry))) => {
                self.add_entries(slot, &[(entry.clone(), value.clone())], stack)
            }
            _ => Err(self.not_written()),
        }
    }

    /// Returns whether the resource's block is written in JSON.
    fn is_in_json(&self) -> bool {
        self.resource.file.ends_with(".json")
    }

    /// Returns whether the target is an entry of a map.
    pub(super) fn is_entry(&self) -> bool {
        matches!(self.steps.as_slice(), [Step::Key(_)])
    }

    /// Returns the key of the target with a value; `None` where it is no entry of a map.
    pub(super) fn entry(&self, value: &Value) -> Option<Entry> {
        match self.steps.as_slice() {
            [Step::Key(key)] => Some((key.clone(), value.clone())),
            _ => None,
        }
    }

    /// Returns the edits that add entries to the map at a slot.
    ///
    /// # Errors
    /// Why the entries cannot be added.
    pub(super) fn add_entries(
        &self,
        slot: &Slot,
        entries: &[Entry],
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        if entries
            .iter()
            .any(|(key, value)| value.has_secret() || key.starts_with(SEALED))
        {
            return Err(Refusal::Secret(self.path.to_owned()));
        }
        slot.check(self.resource, stack)?;
        let map = || Value::map(entries.iter().cloned());
        let Some(location) = slot.location() else {
            if self.is_in_json() {
                return self.add_json(&map(), stack);
            }
            let file = File::open(stack.tree, &self.resource.file)?;
            let block = self.resource_block(&file)?;
            return self.put_attribute(&file, block, (self.name, &map()), stack);
        };
        defaults::check(&location.source, stack)?;
        if is_data(&location.source.file) {
            return self.add_data_entries(location, entries, stack);
        }
        match &location.site {
            Site::LeftOutArgument(argument) => {
                let mut all = argument.default.clone();
                let set = |all: &mut Value, (key, value): &Entry| {
                    let steps = argument.steps.iter().chain([key]).cloned().map(Step::Key);
                    path::set(all, &steps.collect::<Vec<_>>(), value)
                };
                if !entries.iter().all(|entry| set(&mut all, entry)) {
                    return Err(self.no_literal());
                }
                let all = argument.optional.trimmed(&all);
                self.add_argument((&location.source, &argument.name), &all, stack)
            }
            Site::LeftOutEntry(keys) => {
                let entry = path::nested(keys, map()).ok_or_else(|| self.no_literal())?;
                self.put_entries(&location.source, &[entry], stack)
            }
            _ => self.put_entries(&location.source, entries, stack),
        }
    }

    fn resource_block<'f>(&self, file: &'f File<'_>) -> Result<&'f Block, Refusal> {
        file.resource(self.address).ok_or_else(|| Refusal::NoBlock {
            address: Box::new(self.address.clone()),
            place: self.resource.place(),
        })
    }

    fn not_written(&self) -> Refusal {
        Refusal::NotWritten {
            path: self.path.to_owned(),
            place: self.resource.place(),
        }
    }

    fn no_literal(&self) -> Refusal {
        Refusal::NoLiteral(self.path.to_owned())
    }

    fn write_value(
        &self,
        location: &Location,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        match &location.site {
            Site::LeftOutArgument(_) | Site::LeftOutEntry(_) if value.is_null() => {
                Err(self.not_written())
            }
            Site::LeftOutArgument(argument) => {
                let steps: Vec<_> = argument.steps.iter().cloned().map(Step::Key).collect();
                let mut all = argument.default.clone();
                if !path::set(&mut all, &steps, value) {
                    return Err(self.no_literal());
                }
                let all = argument.optional.trimmed(&all);
                self.add_argument((&location.source, &argument.name), &all, stack)
            }
            Site::LeftOutEntry(keys) => {
                let entry = path::nested(keys, value.clone()).ok_or_else(|| self.no_literal())?;
                self.put_entries(&location.source, &[entry], stack)
            }
            _ if self.block(stack).is_some() => Err(Refusal::Block {
                path: self.path.to_owned(),
                place: self.resource.place(),
            }),
            Site::Local if value.is_null() && self.is_entry() => {
                Err(local_values::refusal(&location.source, stack))
            }
            // Without the local value the reference to it would lead nowhere.
            _ if value.is_null() && location.site != Site::Local => {
                self.take_out(&location.source, stack)
            }
            _ => self.replace(&location.source, value, stack),
        }
    }

    /// Adds an argument to the call at a place, or to the inputs of a Terragrunt unit.
    pub(super) fn add_argument(
        &self,
        (call, name): (&Source, &str),
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let file = File::open(stack.tree, &call.file)?;
        match file.block_around(call.span) {
            Some(block) => self.put_attribute(&file, block, (name, value), stack),
            None => self.put_entries(call, &[(name.to_owned(), value.clone())], stack),
        }
    }

    /// Adds the attribute to the resource's block, or to the nested block that it belongs to.
    fn add_to_block(&self, value: &Value, stack: &Stack<'_>) -> Result<Vec<Edit>, Refusal> {
        if self.is_in_json() && self.steps.is_empty() {
            return self.add_json(value, stack);
        }
        let file = File::open(stack.tree, &self.resource.file)?;
        let block = self.resource_block(&file)?;
        let left_out = || Refusal::LeftOutBlock {
            name: self.name.to_owned(),
            place: self.resource.place(),
        };
        if self.block(stack).is_some() {
            return Err(left_out());
        }
        if self.is_inner_block(stack) {
            return Err(Refusal::Block {
                path: self.path.to_owned(),
                place: self.resource.place(),
            });
        }
        let inner = block_at(block, self.name, &self.steps).ok_or_else(left_out)?;
        let name = match self.steps.last() {
            Some(Step::Key(part)) => part,
            _ => self.name,
        };
        self.put_attribute(&file, inner, (name, value), stack)
    }

    /// Inserts `name = value` behind the last attribute of a block.
    fn put_attribute(
        &self,
        file: &File<'_>,
        block: &Block,
        (name, value): (&str, &Value),
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let page = file.page;
        let span = block.span().unwrap_or_default();
        let one_line = || Refusal::OneLine(page.place(span.start));
        let written = |indent: &str| self.written(file, block, (name, value), (indent, stack));
        if let Some(given) = block.body.get_attribute(name) {
            let place = given.value.span().unwrap_or_default();
            if !matches!(given.value, Expression::Null(_)) {
                let (path, place) = (name.to_owned(), page.place(place.start));
                return Err(Refusal::NotPlain { path, place });
            }
            // Null says what leaving it out says.
            let text = written(page.indent_of(place.start))?;
            return Ok(vec![page.edit(place, text)]);
        }
        if let Some(last) = last_attribute(block) {
            let at = last.end.saturating_sub(1);
            if page.line_of(at).end > span.end {
                return Err(one_line());
            }
            let indent = page.indent_of(last.start);
            return Ok(vec![page.put_after(at, indent, name, &written(indent)?)]);
        }
        let indent = format!("{}  ", page.indent_of(span.start));
        let text = page.text.get(span.clone()).unwrap_or_default();
        let opens = span.start + text.find('{').ok_or_else(one_line)?;
        if page.text[opens..span.end].contains('\n') {
            return Ok(vec![page.put_after(
                opens,
                &indent,
                name,
                &written(&indent)?,
            )]);
        }
        if !block.body.is_empty() {
            return Err(one_line());
        }
        let end = page.line_end();
        let line = format!("{{{end}{indent}{name} = {}{end}", written(&indent)?);
        let closing = format!("{line}{}}}", page.indent_of(span.start));
        Ok(vec![page.edit(opens..span.end, closing)])
    }

    /// Returns the text of an argument's value in a block.
    fn written(
        &self,
        file: &File<'_>,
        block: &Block,
        (name, value): (&str, &Value),
        (indent, stack): (&str, &Stack<'_>),
    ) -> Result<String, Refusal> {
        let span = block.span().unwrap_or_default();
        let place = self.place(file, (span.start, span.end));
        let reference = place.and_then(|place| match block.ident.as_str() {
            "module" => place.written(name, value, stack),
            _ => self.referring(&place, value, stack),
        });
        let literal = || hcl_writer::value(value, indent, file.page.line_end());
        reference.or_else(literal).ok_or_else(|| self.no_literal())
    }

    /// Adds entries behind the last one of the literal map at a place.
    pub(super) fn put_entries(
        &self,
        map: &Source,
        entries: &[Entry],
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        if map.file.ends_with(".json") {
            return self.put_entries_json(map, entries, stack);
        }
        let file = File::open(stack.tree, &map.file)?;
        let literal = Literal::open(file.page, map.span).ok_or_else(|| Refusal::NoMap {
            name: self.name.to_owned(),
            place: map.place(),
        })?;
        let has_key = |key: &str| literal.keys.iter().any(|own| own == key);
        self.is_free((&has_key, literal.has_computed_keys), entries, map)?;
        literal.add(entries).ok_or_else(|| self.no_literal())
    }

    /// Replaces a value.
    fn replace(
        &self,
        source: &Source,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let own = self.definition().filter(|own| own.source == *source);
        let parts = own.map_or(&Parts::Whole, |own: &Definition| &own.parts);
        let (page, file) = match parts {
            _ if parts.are_in_file() => (page(stack.tree, &source.file)?, None),
            Parts::Joined if source.file.ends_with(".json") => return Err(self.no_literal()),
            _ if source.file.ends_with(".json") => {
                return self.replace_json(source, value, stack);
            }
            _ => {
                let file = File::open(stack.tree, &source.file)?;
                (file.page, Some(file))
            }
        };
        let stale = || Refusal::Stale(source.place());
        let old = page.text.get(source.span.0..source.span.1);
        let old = old.ok_or_else(stale)?;
        let refers = matches!(
            parse::expression(old),
            Ok(Expression::Traversal(_) | Expression::Null(_))
        );
        let place = || self.place(file.as_ref()?, source.span);
        let referring = |value: &Value| self.referring(&place()?, value, stack);
        let item = |list: &str, value: &Value| {
            let alike = self.reference_like(list, value, stack);
            alike.or_else(|| place()?.reference(value.as_str()?, stack))
        };
        let text = match (value, parts) {
            (Value::String(policy), Parts::Policy(code)) => {
                return self.rewrite_policy((page, source), code, policy, stack);
            }
            (Value::String(_), Parts::Json(code)) => {
                return self.rewrite_json((page, file.as_ref(), source), (code, value), stack);
            }
            (_, Parts::Policy(_) | Parts::Json(_)) => None,
            (Value::String(text), _) if old.starts_with("<<") => {
                let edit = heredoc::rewrite(page, source.span, text);
                return edit
                    .ok_or_else(|| Refusal::Heredoc(source.place()))
                    .map(|edit| vec![edit]);
            }
            (value, _) if refers => referring(value).or_else(|| {
                hcl_writer::value(value, page.indent_of(source.span.0), page.line_end())
            }),
            (Value::Map(_), _) => return self.rewrite_map(file.as_ref(), source, value),
            (Value::List(items), _) => joined_lists::rewrite((old, own), items, &item),
            (_, Parts::Joined) => None,
            (value, _) => referring(value).or_else(|| render(value, old)),
        };
        let text = text.ok_or_else(|| not_rewritten(self.path, source, old))?;
        Ok(vec![page.edit(source.span.0..source.span.1, text)])
    }

    /// Removes the attribute, the argument or the entry whose value is at a place.
    fn take_out(&self, source: &Source, stack: &Stack<'_>) -> Result<Vec<Edit>, Refusal> {
        if source.file.ends_with(".json") {
            return self.take_out_json(source, stack);
        }
        let file = File::open(stack.tree, &source.file)?;
        let shares = || Refusal::SharesLine {
            path: self.path.to_owned(),
            place: source.place(),
        };
        let edit = match file.owner(source.span) {
            Some(Owner::Attribute(attribute)) => whole(attribute)
                .filter(|_| attribute.key.as_str() != "default")
                .and_then(|whole| file.page.take_out(whole)),
            Some(Owner::Entry(object, at)) => take_out_entry(file.page, object, at),
            _ => None,
        };
        Ok(vec![edit.ok_or_else(shares)?])
    }
}
