//! Writes new blocks behind those of their kind.

use super::blocks::Blocks;
use super::hcl_writer;
use super::literal::render;
use super::location::{File, last_attribute};
use super::referring::Place;
use crate::model::{Edit, Shape, Type, Value};
use hcl_edit::Span;
use hcl_edit::structure::Block;

impl Blocks<'_> {
    /// Adds blocks behind the last of their kind, one for each protocol, ports and description.
    pub(super) fn add<'r>(
        &self,
        file: &File<'_>,
        resource: &'r Block,
        added: &[Value],
    ) -> Option<Edit> {
        let groups = self.merge_by_ports(added);
        let page = file.page;
        let written: Vec<&'r Block> = resource
            .body
            .blocks()
            .filter(|block| self.is_own(block))
            .collect();
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
        let sibling = written
            .iter()
            .copied()
            .map(|block| block.body.get_blocks("content").next().unwrap_or(block))
            .flat_map(|block| block.body.attributes());
        let sibling: Vec<&str> = sibling.map(|attribute| attribute.key.as_str()).collect();
        let texts = groups.iter().map(|group| {
            let lines = self.arguments(group, &sibling, page.file)?;
            Some(hcl_writer::block(self.name, &lines, indent, stop))
        });
        let texts: Option<Vec<_>> = texts.collect();
        let text: String = texts?.iter().map(|text| format!("{stop}{text}")).collect();
        Some(page.edit(line.end..line.end, text))
    }

    /// Returns the arguments of a block, in the order that the blocks beside it have.
    fn arguments(
        &self,
        group: &Value,
        sibling: &[&str],
        file: &str,
    ) -> Option<Vec<(String, String)>> {
        let is_number = |name: &String| {
            let part = self.parts.get(name);
            part.is_some_and(|part| part.shape == Shape::Plain(Type::Number))
        };
        // Zero may be a port, or what the provider makes of a part that no block writes.
        let is_zero = |value: &Value| *value == Value::from(0);
        let arguments = group.as_map()?.iter().filter(|(name, value)| {
            let is_beside = sibling.contains(&name.as_str());
            let is_asked = match is_number(name) {
                true => sibling.is_empty() || !is_zero(value),
                false => !self.is_hollow(value),
            };
            !value.is_null() && (is_beside || is_asked)
        });
        let place = Place::of_resource(self.finding.address.as_ref()?, file);
        let written = |(name, value): (&String, &Value)| {
            let reference = place.written(name, value, self.stack);
            Some((name.clone(), reference.or_else(|| render(value, ""))?))
        };
        let mut arguments: Vec<_> = arguments.map(written).collect::<Option<_>>()?;
        arguments.sort_by_key(|(name, _)| {
            let place = sibling.iter().position(|argument| argument == name);
            place.unwrap_or(sibling.len())
        });
        Some(arguments)
    }

    /// Returns whether a block writes elements of this attribute, by itself or as `dynamic`.
    fn is_own(&self, block: &Block) -> bool {
        let labelled = block
            .labels
            .first()
            .is_some_and(|label| label.as_str() == self.name);
        block.has_ident(self.name) || (block.has_ident("dynamic") && labelled)
    }
}
