//! Edits nested blocks that are written as an argument: `ingress = [...]`, `route = []`. Terraform forbids blocks
//! beside it.

use super::blocks::Blocks;
use super::hcl_writer;
use super::list::has_comment;
use super::location::File;
use super::refusal::Refusal;
use crate::code::parse;
use crate::model::{Edit, Shape, Type, Value};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Attribute;

/// Returns the edit after which the list of objects has the value of AWS: objects with an equal meaning keep their
/// text.
///
/// # Errors
/// Why the list must be edited by hand.
pub(super) fn plan(
    blocks: &Blocks<'_>,
    file: &File<'_>,
    argument: &Attribute,
    live: &[Value],
) -> Result<Vec<Edit>, Refusal> {
    let page = file.page;
    let span = argument.value.span().unwrap_or_default();
    let not_plain = || Refusal::NotPlain {
        path: blocks.name.to_owned(),
        place: page.place(span.start),
    };
    let old = page.text.get(span.clone()).ok_or_else(not_plain)?;
    let Ok(Expression::Array(items)) = parse::expression(old) else {
        return Err(not_plain());
    };
    if has_comment(old) {
        return Err(not_plain());
    }
    let values = blocks.values.as_slice();
    if items.len() != values.len() {
        return Err(not_plain());
    }
    let mut texts = Vec::new();
    let mut kept: Vec<Value> = Vec::new();
    for (item, own) in items.iter().zip(&blocks.block_elements) {
        let stays = own.iter().all(|element| blocks.has(live, element));
        if stays {
            let text = item.span().and_then(|span| old.get(span));
            texts.push(text.ok_or_else(not_plain)?.trim().to_owned());
            kept.extend(own.iter().cloned());
        }
    }
    let indent = page.indent_of(span.start);
    let (inner, end) = (format!("{indent}  "), page.line_end());
    let new = live.iter().filter(|element| !blocks.has(&kept, element));
    for group in blocks.merge_by_ports(&new.cloned().collect::<Vec<_>>()) {
        let object = complete(blocks, &group).ok_or_else(not_plain)?;
        texts.push(hcl_writer::value(&object, &inner, end).ok_or_else(not_plain)?);
    }
    let text = match texts.is_empty() {
        true => "[]".to_owned(),
        false => {
            let lines = texts.iter().map(|text| format!("{inner}{text},{end}"));
            format!("[{end}{}{indent}]", lines.collect::<String>())
        }
    };
    Ok(vec![page.edit(span, text)])
}

/// Returns an object with all parts of its type: an argument must name them all.
fn complete(blocks: &Blocks<'_>, group: &Value) -> Option<Value> {
    let given = group.as_map()?;
    let part = |(name, part): (&String, &crate::model::Attribute)| {
        let given = given.get(name).cloned().unwrap_or_default();
        let value = match (&part.shape, given) {
            (Shape::Plain(Type::List(_) | Type::Set(_)), Value::Null) => Value::List(Vec::new()),
            (Shape::Plain(Type::Bool), Value::Null) => Value::Bool(false),
            (_, given) => given,
        };
        (name.clone(), value)
    };
    Some(Value::Map(blocks.parts.iter().map(part).collect()))
}
