//! Edits the values in texts of JSON that code writes: only what changed in AWS, each where it stands.

use super::json_changes::{Carried, Change, ChangeKind};
use super::layout::SourceFile;
use super::list::rewrite_list;
use super::literal::{escape_templates, render};
use super::location::{File, Owner};
use super::map::{Literal, take_out_entry};
use super::policy::edit_behind;
use super::reasons::JsonRefusal;
use super::refusal::Refusal;
use super::target::{Slot, Target};
use super::{Stack, heredoc};
use crate::code::parse;
use crate::model::{Edit, JsonCode, Part, Parts, PolicyForm, Source, Value, escape_json};
use hcl_edit::expr::Expression;

impl Target<'_> {
    /// Returns the text of JSON that the code makes once it follows AWS, whatever AWS adds to it and however it is spelled;
    /// `None` where a slot holds no such text, or AWS's changes have no place in it.
    pub(super) fn json_after(&self, slot: &Slot, value: &Value) -> Option<Value> {
        let (Slot::Value(location), Value::String(_)) = (slot, value) else {
            return None;
        };
        let own = self.definition()?;
        let Parts::Json(code) = &own.parts else {
            return None;
        };
        let changes = Carried::of(code, (self.recorded, value), "");
        let (after, _) = changes.ok().filter(|_| own.source == location.source)?;
        serde_json::to_string(&after).ok().map(Value::from)
    }

    /// Carries AWS's changes over to a text of JSON.
    ///
    /// # Errors
    /// Why it must be edited by hand.
    pub(super) fn rewrite_json(
        &self,
        (page, file, source): (SourceFile<'_>, Option<&File<'_>>, &Source),
        (code, value): (&JsonCode, &Value),
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let at = source.place();
        let carried = Carried::of(code, (self.recorded, value), &at);
        let changes = match carried {
            Ok((_, changes)) => changes,
            Err(why) => {
                let old = page.text.get(source.span.0..source.span.1);
                let is_literal = old.is_some_and(|old| {
                    old.starts_with("<<") && !old.contains("${") && !old.contains("%{")
                });
                let text = value.as_str().filter(|_| is_literal);
                let whole = text.and_then(|text| heredoc::rewrite(page, source.span, text));
                return whole.map(|edit| vec![edit]).ok_or(why);
            }
        };
        let rewrite = JsonRewrite {
            page,
            file,
            stack,
            form: code.form,
            at: &at,
        };
        let mut edits = Vec::new();
        for change in &changes {
            let mut more = rewrite.edits(change)?;
            more.retain(|edit| !edits.contains(edit));
            edits.extend(more);
        }
        Ok(edits)
    }
}

/// A text of JSON in code that is edited.
struct JsonRewrite<'a> {
    /// The file that holds the text.
    page: SourceFile<'a>,
    /// The parsed file, where it is code.
    file: Option<&'a File<'a>>,
    stack: &'a Stack<'a>,
    form: PolicyForm,
    /// The place of the text, for messages.
    at: &'a str,
}

impl JsonRewrite<'_> {
    /// Returns the edits that make one change.
    fn edits(&self, change: &Change<'_>) -> Result<Vec<Edit>, Refusal> {
        let (path, at) = (|| change.path.clone(), || self.at.to_owned());
        let is_object = self.form == PolicyForm::Object;
        let edit = match &change.kind {
            ChangeKind::Value(part, value) => {
                let computed = || JsonRefusal::Computed(path(), self.page.place(part.span.0));
                self.value(part, value).ok_or_else(computed)?
            }
            ChangeKind::Items(span, items) => {
                let old = self.page.text.get(span.0..span.1).unwrap_or_default();
                let written = |value: &Value| self.written(value);
                let text = match is_object || self.form == PolicyForm::Json {
                    true => rewrite_list(old, items, None, &written),
                    false => None,
                };
                let text = text.ok_or_else(|| JsonRefusal::Items(path(), at()))?;
                self.page.edit(span.0..span.1, text)
            }
            ChangeKind::Added(span, entry) => {
                let map = Literal::open(self.page, *span).filter(|_| is_object);
                let edits = map.and_then(|map| map.add(std::slice::from_ref(entry)));
                return edits.ok_or_else(|| JsonRefusal::Added(path(), at()).into());
            }
            ChangeKind::Removed(part) => {
                let file = self.file.filter(|_| is_object);
                let owner = file.and_then(|file| Some((file, file.owner(part.span())?)));
                let edit = match owner {
                    Some((file, Owner::Entry(object, at))) => take_out_entry(file.page, object, at),
                    _ => None,
                };
                edit.ok_or_else(|| JsonRefusal::Removed(path(), at()))?
            }
        };
        Ok(vec![edit])
    }

    /// Replaces a literal, or the literal that an expression refers to; `None` where there is neither.
    fn value(&self, part: &Part, value: &Value) -> Option<Edit> {
        if let Some(behind) = &part.behind {
            return edit_behind(self.stack, behind, value);
        }
        let old = self.page.text.get(part.span.0..part.span.1)?;
        let text = self.written(value).filter(|_| is_literal(old))?;
        Some(self.page.edit(part.span.0..part.span.1, text))
    }

    /// Writes a value in the form of this text. Text keeps its quotes: what replaces it is text.
    fn written(&self, value: &Value) -> Option<String> {
        let json = || Some(escape_json(serde_json::to_string(value).ok()?));
        match self.form {
            PolicyForm::Object | PolicyForm::Document => render(value, ""),
            PolicyForm::File => json(),
            PolicyForm::Json | PolicyForm::Template => Some(escape_templates(&json()?)),
        }
    }
}

/// Returns whether an expression is a literal text, number or flag.
fn is_literal(expression: &str) -> bool {
    match parse::expression(expression) {
        Ok(Expression::StringTemplate(template)) => {
            template.iter().all(|element| element.is_literal())
        }
        Ok(Expression::UnaryOp(operation)) => {
            matches!(operation.expr, Expression::Number(_))
        }
        Ok(found) => matches!(
            found,
            Expression::String(_)
                | Expression::Number(_)
                | Expression::Bool(_)
                | Expression::Null(_)
        ),
        Err(_) => false,
    }
}
