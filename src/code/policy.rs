//! Finds the statements of IAM policies in code.

use super::definition::definition_within;
use super::element;
use super::expression::{certain_key, is_key};
use super::file::File;
use super::handed_on::{is_call, is_literal};
use super::parse;
use super::policy_document::{LISTS, statement};
use super::policy_file;
use super::resource::body;
use super::scope::Scope;
use super::trace::{MAX_CHAIN, source};
use crate::model::{
    Definition, Part, Parts, PolicyCode, PolicyForm, Site, Source, StatementCode, Value,
};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::template::HeredocTemplate;
use std::collections::BTreeMap;
use std::ops::Range;

/// The bytes of a heredoc that count as one step of work.
pub(super) const TEXT: usize = 16;

/// The blocks of a statement with a list: what it is in JSON, the arguments that name the list, and the list itself.
const BLOCKS: &[(&str, &str, &[&str], &str)] = &[
    ("principals", "Principal", &["type"], "identifiers"),
    ("not_principals", "NotPrincipal", &["type"], "identifiers"),
    ("condition", "Condition", &["test", "variable"], "values"),
];

/// Finds the statements of a policy in an expression, and the policy's location: an object in `jsonencode`, JSON in a
/// heredoc or in a file. Returns `None` where the expression is no policy.
pub(super) fn of_expression<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Option<(Source, PolicyCode)> {
    if let Expression::FuncCall(call) = expression
        && let Some(found) = policy_file::of_call(scope, call)
    {
        return Some(found);
    }
    let code = in_place(scope, expression, left)?;
    Some((source(scope, expression), code))
}

/// Finds the statements of a policy that is written in the expression itself.
fn in_place<'a>(scope: &Scope<'a>, expression: &'a Expression, left: usize) -> Option<PolicyCode> {
    match expression {
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => {
            let arguments: Vec<_> = call.args.iter().collect();
            let [Expression::Object(object)] = arguments.as_slice() else {
                return None;
            };
            let statements = of_object(scope, object, 0, &|part| behind_part(scope, part, left))?;
            Some(PolicyCode {
                form: PolicyForm::Object,
                statements,
            })
        }
        Expression::HeredocTemplate(heredoc) => {
            let (start, text) = heredoc_text(scope, heredoc)?;
            scope.budget().work(text.len() / TEXT).ok()?;
            // JSON is an object of HCL, and what is interpolated in its texts are templates of HCL.
            let parsed = parse::expression(text).ok()?;
            let Expression::Object(object) = &parsed else {
                return None;
            };
            let statements = of_object(scope, object, start, &|_| None)?;
            Some(PolicyCode {
                form: PolicyForm::Json,
                statements,
            })
        }
        _ => None,
    }
}

/// Returns the text of a heredoc without the blanks around it, and its first byte.
pub(super) fn heredoc_text<'s>(
    scope: &Scope<'s>,
    heredoc: &HeredocTemplate,
) -> Option<(usize, &'s str)> {
    let span = heredoc.span()?;
    let text = scope.file.text.get(span.clone())?;
    let (start, end) = (text.find('\n')? + 1, text.trim_end().rfind('\n')? + 1);
    let text = text.get(start..end)?.trim_end();
    let indent = text.len() - text.trim_start().len();
    Some((span.start + start + indent, text.trim_start()))
}

/// Returns the literal that a part refers to, which an edit changes in place of the part. References may lead `left` links
/// further.
pub(super) fn behind<'a>(
    scope: &Scope<'a>,
    part: &'a Expression,
    left: usize,
) -> Option<Box<Definition>> {
    if !matches!(part, Expression::Traversal(_)) {
        return None;
    }
    let found = definition_within(scope, part, left);
    let is_editable = !matches!(found.site, Site::Refused(_) | Site::Local | Site::Output);
    is_editable.then(|| Box::new(found))
}

/// Returns the literal that a part of a statement refers to; of a `concat` the list behind its only argument that refers
/// to one.
fn behind_part<'a>(
    scope: &Scope<'a>,
    part: &'a Expression,
    left: usize,
) -> Option<Box<Definition>> {
    let Expression::FuncCall(call) = part else {
        return behind(scope, part, left);
    };
    let arguments = call.args.iter().filter(|_| is_call(call, "concat"));
    let found = arguments.filter_map(|argument| behind(scope, argument, left));
    let mut lists = found
        .filter(|found| matches!(found.parts, Parts::Items(_)) || found.site == Site::FileValue);
    let only = lists.next()?;
    lists.next().is_none().then_some(only)
}

/// Returns the literal in the element of a collection that an item of a list refers to, as in `[ingress.value.cidr]`.
pub(super) fn behind_element<'a>(
    scope: &Scope<'a>,
    item: &'a Expression,
) -> Option<Box<Definition>> {
    let root = item.as_traversal()?.expr.as_variable()?;
    scope.element(root.as_str())?;
    behind(scope, item, MAX_CHAIN)
}

/// Finds the statements of a policy object whose spans start at `offset`.
pub(super) fn of_object<'o>(
    scope: &Scope<'_>,
    object: &'o Object,
    offset: usize,
    behind: &dyn Fn(&'o Expression) -> Option<Box<Definition>>,
) -> Option<Vec<StatementCode>> {
    let mut entries = object.iter();
    let (_, statements) = entries.find(|(key, _)| is_key(scope, key, "Statement"))?;
    let statements = match statements.expr() {
        Expression::Array(items) => items.iter().collect(),
        single @ Expression::Object(_) => vec![single],
        _ => return None,
    };
    let statement_code = |expression: &'o Expression| {
        let Expression::Object(parts) = expression else {
            return None;
        };
        let part = |expression: &'o Expression| {
            Some(Part {
                value: scope.plain(expression),
                span: scope.file.span(moved(expression.span()?, offset)),
                behind: behind(expression),
            })
        };
        let parts = parts
            .iter()
            .map(|(key, value)| Some((certain_key(scope, key)?, part(value.expr())?)));
        Some(StatementCode {
            whole: part(expression)?,
            parts: parts.collect::<Option<_>>()?,
        })
    };
    statements.into_iter().map(statement_code).collect()
}

pub(super) fn moved(span: Range<usize>, offset: usize) -> Range<usize> {
    span.start + offset..span.end + offset
}

/// Finds the statements of an `aws_iam_policy_document`. Returns `None` where what `dynamic` blocks make is not certain.
pub(super) fn of_document<'a>(
    scope: &Scope<'a>,
    block: &'a Block,
    left: usize,
) -> Option<PolicyCode> {
    let mut statements = Vec::new();
    for inner in block.body.blocks() {
        let label = inner.labels.first().map(|label| label.as_str());
        if inner.has_ident("statement") {
            statements.push(of_statement(scope, (inner, &inner.body), left)?);
        } else if inner.has_ident("dynamic") && label == Some("statement") {
            let (scopes, content) = element::of_block(scope, inner)?;
            for scope in &scopes {
                statements.push(of_statement(scope, (inner, content), left)?);
            }
        } else if inner.has_ident("dynamic") {
            return None;
        }
    }
    Some(PolicyCode {
        form: PolicyForm::Document,
        statements,
    })
}

/// Finds the parts of a statement, which this block makes.
fn of_statement<'a>(
    scope: &Scope<'a>,
    (block, inner): (&'a Block, &'a Body),
    left: usize,
) -> Option<StatementCode> {
    let mut parts = BTreeMap::new();
    let named = LISTS.iter().chain(&[("sid", "Sid"), ("effect", "Effect")]);
    for (name, written) in named {
        if let Some(part) = argument(scope, block, (inner.get_attribute(name), left)) {
            parts.insert((*written).to_owned(), part);
        }
    }
    parts.extend(nested_lists(scope, (block, inner), left));
    let statement_body = body(scope, inner);
    let value = match statement_body.has_unknown() {
        true => Value::Unknown,
        false => statement(&statement_body)?,
    };
    Some(StatementCode {
        whole: Part {
            value,
            span: scope.file.span(block.span()?),
            behind: None,
        },
        parts,
    })
}

/// Returns an argument within a statement, which this block makes; `None` where an edit would change other statements.
fn argument<'a>(
    scope: &Scope<'a>,
    block: &Block,
    (attribute, left): (Option<&'a Attribute>, usize),
) -> Option<Part> {
    let value = &attribute?.value;
    let part = Part {
        value: scope.plain(value),
        span: scope.file.span(value.span()?),
        behind: match block.has_ident("dynamic") {
            true => behind(scope, value, left),
            false => behind_part(scope, value, left),
        },
    };
    let is_own = !block.has_ident("dynamic") || is_literal(value);
    (is_own || part.behind.is_some()).then_some(part)
}

/// Returns the lists in the blocks of a statement: principals as `Principal.KIND`, conditions as
/// `Condition.TEST.VARIABLE`. Those that several blocks make are left out.
fn nested_lists<'a>(
    scope: &Scope<'a>,
    (block, inner): (&Block, &'a Body),
    left: usize,
) -> BTreeMap<String, Part> {
    let mut lists: BTreeMap<String, Option<Part>> = BTreeMap::new();
    for (ident, written, names, list) in BLOCKS {
        for own in inner.get_blocks(ident) {
            let mut key = (*written).to_owned();
            for name in *names {
                let value = own.body.get_attribute(name);
                let value = value.map(|attribute| scope.plain(&attribute.value));
                let text = value.as_ref().and_then(Value::as_str).unwrap_or_default();
                key.push('.');
                key.push_str(text);
            }
            let part = argument(scope, block, (own.body.get_attribute(list), left));
            let known = lists.entry(key);
            known.and_modify(|part| *part = None).or_insert(part);
        }
    }
    let lists = lists.into_iter();
    lists.filter_map(|(key, part)| Some((key, part?))).collect()
}

/// Returns the `aws_iam_policy_document` of this name in a module, and its file.
pub(super) fn document<'a>(scope: &Scope<'a>, name: &str) -> Option<(&'a File, &'a Block)> {
    let data = &scope.instance.folder.data;
    data.get(&(super::policy_document::TYPE, name)).copied()
}
