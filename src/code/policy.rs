//! Policies that code writes down: where each of their statements stands.

use super::expression::{is_key, key_of};
use super::folder::File;
use super::parse;
use super::policy_document::{LISTS, statement};
use super::resource::{body, is_repeated};
use super::scope::Scope;
use crate::model::{Part, PolicyCode, PolicyForm, StatementCode, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::ops::Range;

/// How many bytes of a heredoc are parsed for one step of work.
const TEXT: usize = 16;

/// The statements of an expression that makes a policy: an object in `jsonencode`, or JSON in a heredoc. None where it
/// makes something else.
pub(super) fn of_expression(scope: &Scope<'_>, expression: &Expression) -> Option<PolicyCode> {
    match expression {
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => {
            let arguments: Vec<_> = call.args.iter().collect();
            let [Expression::Object(object)] = arguments.as_slice() else {
                return None;
            };
            let statements = of_object(scope, object, 0)?;
            Some(PolicyCode {
                form: PolicyForm::Object,
                statements,
            })
        }
        Expression::HeredocTemplate(heredoc) => {
            let span = heredoc.span()?;
            let text = scope.file.text.get(span.clone())?;
            let (start, end) = (text.find('\n')? + 1, text.trim_end().rfind('\n')? + 1);
            let text = text.get(start..end)?.trim_end();
            scope.budget().work(text.len() / TEXT).ok()?;
            // JSON is an object of HCL, and what is interpolated in its texts are templates of HCL.
            let parsed = parse::expression(text).ok()?;
            let Expression::Object(object) = &parsed else {
                return None;
            };
            let statements = of_object(scope, object, span.start + start)?;
            Some(PolicyCode {
                form: PolicyForm::Json,
                statements,
            })
        }
        _ => None,
    }
}

/// The statements of a policy object whose spans start at `offset`.
fn of_object(scope: &Scope<'_>, object: &Object, offset: usize) -> Option<Vec<StatementCode>> {
    let mut entries = object.iter();
    let (_, statements) = entries.find(|(key, _)| is_key(scope, key, "Statement"))?;
    let statements = match statements.expr() {
        Expression::Array(items) => items.iter().collect(),
        one @ Expression::Object(_) => vec![one],
        _ => return None,
    };
    let one = |expression: &Expression| {
        let Expression::Object(parts) = expression else {
            return None;
        };
        let part = |expression: &Expression| {
            Some(Part {
                value: scope.value(expression),
                span: moved(expression.span()?, offset),
            })
        };
        let parts = parts
            .iter()
            .map(|(key, value)| Some((key_of(scope, key)?, part(value.expr())?)));
        Some(StatementCode {
            whole: part(expression)?,
            parts: parts.collect::<Option<_>>()?,
        })
    };
    statements.into_iter().map(one).collect()
}

fn moved(span: Range<usize>, offset: usize) -> (usize, usize) {
    (span.start + offset, span.end + offset)
}

/// The statements of a document that stands for one policy. None where it is made for each of something, or by
/// `dynamic` blocks.
pub(super) fn of_document(scope: &Scope<'_>, block: &Block) -> Option<PolicyCode> {
    if is_repeated(&block.body) || block.body.has_blocks("dynamic") {
        return None;
    }
    let one = |inner: &Block| {
        let span = inner.span()?;
        let mut parts = BTreeMap::new();
        let named = LISTS.iter().chain(&[("sid", "Sid"), ("effect", "Effect")]);
        for (name, written) in named {
            if let Some(attribute) = inner.body.get_attribute(name) {
                let span = attribute.value.span()?;
                let part = Part {
                    value: scope.value(&attribute.value),
                    span: (span.start, span.end),
                };
                parts.insert((*written).to_owned(), part);
            }
        }
        let said = body(scope, &inner.body);
        let value = match said.has_unknown() {
            true => Value::Unknown,
            false => statement(&said)?,
        };
        Some(StatementCode {
            whole: Part {
                value,
                span: (span.start, span.end),
            },
            parts,
        })
    };
    let statements: Option<_> = block.body.get_blocks("statement").map(one).collect();
    Some(PolicyCode {
        form: PolicyForm::Document,
        statements: statements?,
    })
}

/// The document of a module with this name, and its file.
pub(super) fn document<'a>(scope: &Scope<'a>, name: &str) -> Option<(&'a File, &'a Block)> {
    let data = &scope.instance.folder.data;
    data.get(&(super::policy_document::TYPE, name)).copied()
}
