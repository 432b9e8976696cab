//! Adds parts to a statement of a policy and removes them: the other parts keep their text.

use super::list::has_comment;
use super::literal::{key, quote, render};
use super::location::{File, Owner, whole};
use super::policy::{Rewrite, json, variables};
use crate::model::{Edit, Part, PolicyForm, StatementCode, Value};

/// The arguments of a `statement` block, by the names of their parts.
const ARGUMENTS: &[(&str, &str)] = &[
    ("Sid", "sid"),
    ("Effect", "effect"),
    ("Action", "actions"),
    ("NotAction", "not_actions"),
    ("Resource", "resources"),
    ("NotResource", "not_resources"),
];

impl Rewrite<'_> {
    /// Adds a part behind the last one of a statement; `None` where that one does not end its line, or shares it with
    /// a comment.
    pub(super) fn with(
        &self,
        statement: &StatementCode,
        (name, value): (&str, &Value),
    ) -> Option<Edit> {
        let last = self.last_part(statement)?;
        let text = match self.code.form {
            PolicyForm::Json => format!("{}: {}", json(&name.into()), json(value)),
            PolicyForm::Object => format!("{} = {}", key(name), render(value, "")?),
            PolicyForm::Document if self.is_block(statement) => {
                return self.with_argument(last, (name, value));
            }
            PolicyForm::Document | PolicyForm::File | PolicyForm::Template => return None,
        };
        let end = last.span.1;
        let start = self.page.line_of(last.span.0).start;
        let begins_line = start > statement.whole.span.0
            && !statement
                .parts
                .values()
                .any(|part| (start..end).contains(&part.span.1));
        let rest = self.page.text.get(end..statement.whole.span.1)?;
        if !begins_line {
            let is_free = !has_comment(rest);
            return is_free.then(|| self.page.edit(end..end, format!(", {text}")));
        }
        let rest = rest.lines().next().unwrap_or_default();
        let comma = match (self.code.form, rest.trim_start().starts_with(',')) {
            (PolicyForm::Object, false) => "",
            _ => ",",
        };
        let (line, indent) = (self.page.line_end(), self.page.indent_of(last.span.0));
        let is_last = rest.trim_matches([' ', '\t', ',']).is_empty();
        is_last.then(|| {
            self.page
                .edit(end..end, format!("{comma}{line}{indent}{text}"))
        })
    }

    /// Adds an argument behind the last one of a `statement` block.
    fn with_argument(&self, last: &Part, (name, value): (&str, &Value)) -> Option<Edit> {
        let (_, argument) = ARGUMENTS.iter().find(|(part, _)| *part == name)?;
        let text = match (name, variables(name, value)) {
            ("Sid" | "Effect", text) => quote(text.as_str()?),
            (_, list @ Value::List(_)) => render(&list, "")?,
            (_, single) => render(&Value::List(vec![single]), "")?,
        };
        let (start, end) = last.span;
        let line_end = self.page.line_of(end.checked_sub(1)?).end;
        let rest = self.page.text.get(end..line_end)?;
        let indent = self.page.indent_of(start);
        rest.trim()
            .is_empty()
            .then(|| self.page.put_after(end - 1, indent, argument, &text))
    }

    /// Returns whether a statement leaves its effect to the default of a policy document.
    pub(super) fn leaves_out(&self, statement: &StatementCode, name: &str) -> bool {
        name == "Effect" && !statement.parts.contains_key(name) && self.is_block(statement)
    }

    /// Returns whether a statement is one `statement` block, which nothing repeats.
    fn is_block(&self, statement: &StatementCode) -> bool {
        let (start, end) = statement.whole.span;
        let text = self.page.text.get(start..end).unwrap_or_default();
        self.code.form == PolicyForm::Document && text.starts_with("statement")
    }

    /// Removes a part; `None` where it is the first one, or where a comment stands before it.
    pub(super) fn without(&self, statement: &StatementCode, part: &Part) -> Option<Edit> {
        if self.code.form == PolicyForm::Document {
            let file = File::open(self.stack.tree, self.page.file).ok()?;
            return match file.owner(part.span)? {
                Owner::Attribute(attribute) => self.page.take_out(whole(attribute)?),
                Owner::Entry(..) => None,
            };
        }
        let others = statement.parts.values();
        let before = others.filter(|other| other.span.1 <= part.span.0);
        let before = before.map(|other| other.span.1).max()?;
        let between = self.page.text.get(before..part.span.0)?;
        let is_free = !has_comment(between);
        is_free.then(|| self.page.edit(before..part.span.1, String::new()))
    }

    /// Returns the last part of a statement; of a `statement` block the last argument.
    fn last_part<'s>(&self, statement: &'s StatementCode) -> Option<&'s Part> {
        let is_argument = |name: &str| ARGUMENTS.iter().any(|(part, _)| *part == name);
        let parts = statement.parts.iter();
        let parts = parts.filter(|(name, part)| {
            let is_own =
                part.span.1 <= statement.whole.span.1 && part.span.0 >= statement.whole.span.0;
            is_own && (self.code.form != PolicyForm::Document || is_argument(name))
        });
        parts.map(|(_, part)| part).max_by_key(|part| part.span.1)
    }
}
