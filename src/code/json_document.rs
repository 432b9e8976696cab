//! Finds the values of JSON in code that is no policy: a dashboard, a state machine, a pattern of events.

use super::expression::certain_key;
use super::functions::file::policy_text;
use super::handed_on::is_call;
use super::parse;
use super::policy::{TEXT, behind, heredoc_text, moved};
use super::policy_file::whole;
use super::scope::Scope;
use super::trace::source;
use crate::model::{Definition, JsonCode, JsonPart, Part, PolicyForm, Source};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey, ObjectValue};
use std::collections::BTreeSet;

/// Finds the values of JSON in an expression, and the text's location: an object or a list in `jsonencode`, JSON in a
/// heredoc or in a file. Returns `None` for any other expression. References may lead `left` links further.
pub(super) fn of_expression<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
) -> Option<(Source, JsonCode)> {
    let (form, root) = match expression {
        Expression::FuncCall(call) if is_call(call, "jsonencode") => {
            let arguments: Vec<_> = call.args.iter().collect();
            let [only] = arguments.as_slice() else {
                return None;
            };
            let reader = Reader {
                scope,
                offset: 0,
                behind: &|part| behind(scope, part, left),
            };
            (PolicyForm::Object, reader.root(only)?)
        }
        Expression::FuncCall(call) => return of_file(scope, call),
        Expression::HeredocTemplate(heredoc) => {
            let (start, text) = heredoc_text(scope, heredoc)?;
            (PolicyForm::Json, of_text(scope, text, start)?)
        }
        _ => return None,
    };
    Some((source(scope, expression), JsonCode { form, root }))
}

/// Finds the values of JSON in the file that a call reads.
fn of_file(scope: &Scope<'_>, call: &FuncCall) -> Option<(Source, JsonCode)> {
    let arguments: Vec<_> = call.args.iter().collect();
    let (path, names) = match arguments.as_slice() {
        [path] if is_call(call, "file") => (path, None),
        [path, names] if is_call(call, "templatefile") => (path, Some(*names)),
        _ => return None,
    };
    policy_text(scope, path, names, |inner, path, text| {
        let form = match names {
            Some(_) => PolicyForm::Template,
            // What begins a template in code is plain text in the file.
            None if text.contains("${") || text.contains("%{") => return None,
            None => PolicyForm::File,
        };
        let start = text.len() - text.trim_start().len();
        let root = of_text(inner, text.trim(), start)?;
        Some((whole(path, text), JsonCode { form, root }))
    })
}

/// Finds the values in a text of JSON. The text is parsed as HCL, whose objects and lists are written alike, so that
/// interpolations in its strings are read as templates.
fn of_text(scope: &Scope<'_>, text: &str, offset: usize) -> Option<JsonPart> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    scope.budget().work(text.len() / TEXT).ok()?;
    let parsed = parse::expression(text).ok()?;
    let reader = Reader {
        scope,
        offset,
        behind: &|_| None,
    };
    reader.root(&parsed)
}

/// Reads the parts of an expression whose spans start at `offset`.
struct Reader<'s, 'a, 'o> {
    scope: &'s Scope<'a>,
    offset: usize,
    /// Finds the literal that a part refers to.
    behind: &'s dyn Fn(&'o Expression) -> Option<Box<Definition>>,
}

impl<'o> Reader<'_, '_, 'o> {
    /// Reads an object or a list.
    fn root(&self, expression: &'o Expression) -> Option<JsonPart> {
        let found = self.part(expression)?;
        (!matches!(found, JsonPart::Value(_))).then_some(found)
    }

    /// Returns `None` where a key is computed, or there twice: only one of its values counts.
    fn part(&self, expression: &'o Expression) -> Option<JsonPart> {
        self.scope.budget().work(1).ok()?;
        let span = moved(expression.span()?, self.offset);
        match expression {
            Expression::Object(object) => {
                let entry = |(key, value): (&'o ObjectKey, &'o ObjectValue)| {
                    Some((certain_key(self.scope, key)?, self.part(value.expr())?))
                };
                let entries: Vec<_> = object.iter().map(entry).collect::<Option<_>>()?;
                let keys: BTreeSet<_> = entries.iter().map(|(key, _)| key).collect();
                let is_unique = keys.len() == entries.len();
                is_unique.then(|| JsonPart::Object(self.scope.file.span(span), entries))
            }
            Expression::Array(items) => {
                let items = items.iter().map(|item| self.part(item));
                let items = items.collect::<Option<_>>()?;
                Some(JsonPart::List(self.scope.file.span(span), items))
            }
            other => Some(JsonPart::Value(Part {
                value: self.scope.plain(other),
                span: self.scope.file.span(span),
                behind: (self.behind)(other),
            })),
        }
    }
}
