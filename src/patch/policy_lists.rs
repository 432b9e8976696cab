//! Edits the literals in the parts of a policy that the code computes, and objects of JSON in their own form: no
//! expression is replaced by the value that it has.

use super::joined_lists::{Exchange, edited, literal_lists};
use super::json_file::JsonFile;
use super::policy::{Rewrite, edit_behind};
use super::reasons::PolicyRefusal;
use super::refusal::Refusal;
use crate::code::parse;
use crate::model::{Edit, Part, PolicyForm, StatementCode, Value};
use hcl_edit::expr::{Expression, ObjectKey};

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

    /// Returns the edits of the literal lists in a `concat` or `distinct`, and of the one that it refers to, after which it has another
    /// value; `None` where what goes, or the place of what is new, is not in them.
    pub(super) fn concatenated(&self, part: &Part, value: &Value) -> Option<Vec<Edit>> {
        let old = self.page.text.get(part.span.0..part.span.1)?;
        let Expression::FuncCall(call) = parse::expression(old).ok()? else {
            return None;
        };
        let known = part.value.as_list()?;
        let new = value.as_list().unwrap_or(std::slice::from_ref(value));
        let mut exchange = Exchange::between(known, new);
        let mut lists = literal_lists(&call, known)?;
        if self.is_shared {
            lists.clear();
        }
        let own = edited(old, &lists, &mut exchange, &|_, _| None)?;
        let start = part.span.0;
        let mut edits: Vec<_> = own
            .into_iter()
            .map(|(list, text)| self.page.edit(start + list.start..start + list.end, text))
            .collect();
        if let Some(behind) = part.behind.as_deref()
            && let Some(items) = exchange.applied(behind.value.as_list()?, true)
        {
            edits.push(edit_behind(self.stack, behind, &Value::List(items))?);
        }
        exchange.is_done().then_some(edits)
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
