//! Edits the literals in the parts of a policy that the code computes, and objects of JSON in their own form: no
//! expression is replaced by the value that it has.

use super::json_file::JsonFile;
use super::list::{items_of, rewrite_list};
use super::policy::{Rewrite, edit_behind};
use super::reasons::PolicyRefusal;
use super::refusal::Refusal;
use crate::code::parse;
use crate::model::{Edit, Part, PolicyForm, StatementCode, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use std::ops::Range;

/// The roots of references whose values others may use.
const SHARED: &[&str] = &["var", "local", "each", "count", "module"];

impl Rewrite<'_> {
    /// Returns whether the code computes a text's value: a literal in its place would be another's copy.
    pub(super) fn is_computed(&self, text: &str) -> bool {
        if self.code.form == PolicyForm::Json && text.starts_with('{') {
            return text.contains("${") || text.contains("%{");
        }
        parse::expression(text).is_ok_and(|found| is_computed(&found))
    }

    /// Returns whether a part of a text's value is one that the code computes, or refers to: written anew as a whole, it
    /// would be lost.
    pub(super) fn holds_computed(&self, text: &str) -> bool {
        parse::expression(text).is_ok_and(|found| holds_computed(&found))
    }

    /// Checks that a statement that is to be written anew has no part that the code computes.
    ///
    /// # Errors
    /// The first part that has.
    pub(super) fn keeps_expressions(&self, statement: &StatementCode) -> Result<(), Refusal> {
        let computed = statement.parts.iter().find(|(_, part)| {
            let text = self.page.text.get(part.span.0..part.span.1);
            text.is_some_and(|text| self.is_computed(text) || self.holds_computed(text))
        });
        computed.map_or(Ok(()), |(name, part)| Err(self.computed(name, part)))
    }

    /// Returns the refusal of a part that the code computes.
    fn computed(&self, name: &str, part: &Part) -> Refusal {
        PolicyRefusal::Computed(name.to_owned(), self.page.place(part.span.0)).into()
    }

    /// Returns whether a part is a call of a function.
    pub(super) fn is_call(&self, part: &Part) -> bool {
        let text = self.page.text.get(part.span.0..part.span.1);
        let parsed = text.and_then(|text| parse::expression(text).ok());
        matches!(parsed, Some(Expression::FuncCall(_)))
    }

    /// Returns the edits of the literal lists in a `concat`, and of the one that it refers to, after which it has another
    /// value; `None` where what goes, or the place of what is new, is not in them.
    pub(super) fn concatenated(&self, part: &Part, value: &Value) -> Option<Vec<Edit>> {
        let old = self.page.text.get(part.span.0..part.span.1)?;
        let Expression::FuncCall(call) = parse::expression(old).ok()? else {
            return None;
        };
        let known = part.value.as_list()?;
        let new = value.as_list().unwrap_or(std::slice::from_ref(value));
        let mut removed: Vec<&Value> = known.iter().filter(|item| !new.contains(item)).collect();
        let mut added: Vec<&Value> = new.iter().filter(|item| !known.contains(item)).collect();
        let mut edits = Vec::new();
        let mut changed = |values: &[Value]| {
            let mut items: Vec<Value> = values.to_vec();
            items.retain(|item| match removed.iter().position(|gone| *gone == item) {
                Some(at) => {
                    removed.remove(at);
                    false
                }
                None => true,
            });
            // What is new stands in the last list.
            items.extend(std::mem::take(&mut added).into_iter().cloned());
            (items != values).then_some(items)
        };
        let lists = literal_lists(&call, known)?;
        let own = lists.into_iter().filter(|_| !self.is_shared);
        for (span, values) in own.rev() {
            let Some(items) = changed(values) else {
                continue;
            };
            let list = old.get(span.clone())?;
            let known = items_of(&Value::List(values.to_vec()))?;
            let text = rewrite_list(list, &items, Some(&known), &|_| None)?;
            let start = part.span.0 + span.start;
            edits.push(self.page.edit(start..start + list.len(), text));
        }
        if let Some(behind) = part.behind.as_deref()
            && let Some(items) = changed(behind.value.as_list()?)
        {
            edits.push(edit_behind(self.stack, behind, &Value::List(items))?);
        }
        (removed.is_empty() && added.is_empty()).then_some(edits)
    }

    /// Returns the edits of an object of JSON in a heredoc that becomes another: what stays keeps its form. `None` where
    /// it is no such object, or an interpolation would be lost.
    pub(super) fn merged(&self, part: &Part, value: &Value) -> Option<Vec<Edit>> {
        if self.code.form != PolicyForm::Json || value.as_map().is_none() {
            return None;
        }
        let file = JsonFile::part(self.page, part.span)?;
        let written = file.value(&file.root)?;
        file.replace(&file.root, &as_written(&written, &part.value, value))
    }
}

/// Returns a new value in which what stays is as the code writes it, with its interpolations.
fn as_written(written: &Value, known: &Value, new: &Value) -> Value {
    match (written, known, new) {
        (written, known, new) if known == new => written.clone(),
        (Value::Map(written), Value::Map(known), Value::Map(new)) => {
            let entry = |(key, new): (&String, &Value)| {
                let both = written.get(key).zip(known.get(key));
                let value = both.map(|(written, known)| as_written(written, known, new));
                (key.clone(), value.unwrap_or_else(|| new.clone()))
            };
            Value::map(new.iter().map(entry))
        }
        _ => new.clone(),
    }
}

fn is_computed(expression: &Expression) -> bool {
    match expression {
        Expression::Parenthesis(inner) => is_computed(inner.inner()),
        Expression::Traversal(traversal) => {
            let root = traversal.expr.as_variable();
            root.is_none_or(|root| SHARED.contains(&root.as_str()))
        }
        Expression::FuncCall(_)
        | Expression::ForExpr(_)
        | Expression::Conditional(_)
        | Expression::BinaryOp(_)
        | Expression::Variable(_) => true,
        // An object is written anew as a whole where its entries cannot be.
        Expression::Object(_) => holds_computed(expression),
        _ => false,
    }
}

fn holds_computed(expression: &Expression) -> bool {
    let is_lost = |item: &Expression| {
        let refers = matches!(
            item,
            Expression::Traversal(_) | Expression::StringTemplate(_)
        );
        refers || is_computed(item) || holds_computed(item)
    };
    match expression {
        Expression::Array(items) => items.iter().any(is_lost),
        Expression::Object(entries) => entries.iter().any(|(key, value)| {
            let is_plain = match key {
                ObjectKey::Ident(_) => true,
                ObjectKey::Expression(key) => matches!(key, Expression::String(_)),
            };
            !is_plain || is_lost(value.expr())
        }),
        _ => false,
    }
}

/// Returns the bytes of the literal lists among the arguments of a `concat`, each with its values; those between two lists
/// of unknown length are left out. `None` for any other call.
fn literal_lists<'v>(
    call: &FuncCall,
    known: &'v [Value],
) -> Option<Vec<(Range<usize>, &'v [Value])>> {
    if call.name.name.as_str() != "concat" || call.name.is_namespaced() {
        return None;
    }
    let arguments: Vec<_> = call.args.iter().collect();
    let mut found = Vec::new();
    let (mut start, mut end) = (0, known.len());
    let mut left = arguments.as_slice();
    while let [Expression::Array(items), rest @ ..] = left {
        let values = known.get(start..start + items.len())?;
        found.push((items.span()?, values));
        (start, left) = (start + items.len(), rest);
    }
    let mut last = Vec::new();
    while let [rest @ .., Expression::Array(items)] = left {
        let from = end.checked_sub(items.len()).filter(|from| *from >= start)?;
        last.push((items.span()?, known.get(from..end)?));
        (end, left) = (from, rest);
    }
    found.extend(last.into_iter().rev());
    Some(found)
}
