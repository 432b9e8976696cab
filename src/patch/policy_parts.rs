//! Removes statements of a policy, and adds and removes their parts: the other parts keep their text.

use super::comments::{has_comment, is_comment};
use super::layout::SourceFile;
use super::literal::{key, quote, render};
use super::location::{File, Owner, entry_span, whole};
use super::map::take_out_parts;
use super::policy::{Rewrite, json, variables};
use super::reasons::PolicyRefusal;
use super::refusal::Refusal;
use crate::code::parse;
use crate::model::{Edit, Part, PolicyForm, StatementCode, Value};
use hcl_edit::expr::Expression;
use std::ops::Range;

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
    /// Puts another statement in the place of one that is gone, whose comment right above leaves with it.
    pub(super) fn exchange(&self, number: usize, live: &Value) -> Result<Edit, Refusal> {
        let mut edit = self.replace(number, live)?;
        let start = edit.range.start;
        let line = self.page.line_of(start).start;
        let indent = self.page.indent_of(start);
        if self.page.text.get(line..start) == Some(indent) {
            let end = self.page.line_of(edit.range.end.saturating_sub(1)).end;
            let above = self.page.own_start(line, end);
            let range = above + self.page.indent_of(above).len()..edit.range.end;
            edit = self.page.edit(range, edit.text);
        }
        Ok(edit)
    }

    /// Indents the closing brace of the last statement as `terraform fmt` does where `{` follows in the same line.
    pub(super) fn deeper_end(&self) -> Option<Edit> {
        let (start, end) = self.code.statements.last()?.whole.span;
        let closing = self.page.line_of(end.checked_sub(1)?).start;
        let is_blank = |range: Range<usize>| {
            let text = self.page.text.get(range);
            text.is_some_and(|text| text.trim().is_empty())
        };
        let is_chained = !is_blank(self.page.line_of(start).start..start);
        let begins_line = closing > start && is_blank(closing..end - 1);
        let is_object = self.code.form == PolicyForm::Object;
        (is_object && is_chained && begins_line)
            .then(|| self.page.edit(closing..closing, "  ".to_owned()))
    }

    /// Gives the closing brace of a statement the place of that of the last one, which is gone.
    pub(super) fn moved_end(&self, gone: &[usize]) -> Option<Edit> {
        let all = &self.code.statements;
        let last = all.len().checked_sub(1)?;
        let is_object = self.code.form == PolicyForm::Object;
        let kept = (0..last).rev().find(|number| !gone.contains(number))?;
        let spans = [kept, last].map(|number| all[number].whole.span);
        let [blanks, closing] = spans.map(|(start, end)| {
            let line = self.page.line_of(end.saturating_sub(1)).start;
            let blanks = self.page.text.get(line..end.saturating_sub(1))?;
            (line > start && blanks.trim().is_empty()).then_some((line, blanks))
        });
        let ((line, blanks), (_, closing)) = (blanks?, closing?);
        let begins = self.page.line_of(spans[1].0).start;
        let is_chained = !self.page.text.get(begins..spans[1].0)?.trim().is_empty();
        (is_object && gone.contains(&last) && is_chained && blanks != closing).then(|| {
            self.page
                .edit(line..line + blanks.len(), closing.to_owned())
        })
    }

    /// Removes statements, with their separators and their own comments.
    pub(super) fn remove(&self, gone: &[usize]) -> Result<Vec<Edit>, Refusal> {
        let all = self.code.statements.iter();
        let spans: Vec<_> = all
            .map(|code| code.whole.span.0..code.whole.span.1)
            .collect();
        if gone.len() == spans.len() {
            return Err(PolicyRefusal::Empty(self.at.clone()).into());
        }
        if self.code.form == PolicyForm::Document {
            for number in gone {
                self.keeps_template(&self.code.statements[*number])?;
            }
            let follows = |left: &usize, right: &usize| {
                let between = self.page.text.get(spans[*left].end..spans[*right].start);
                let is_code = |line: &str| !line.is_empty() && !is_comment(line);
                left + 1 == *right
                    && between.is_some_and(|text| !text.lines().map(str::trim).any(is_code))
            };
            let blocks = gone.chunk_by(follows).filter_map(|run| {
                let whole = spans[*run.first()?].start..spans[*run.last()?].end;
                Some(self.page.take_out_block(whole))
            });
            return Ok(blocks.collect());
        }
        let edits = match self.code.form {
            PolicyForm::Object => take_out_parts(self.page, &spans, gone),
            _ => take_out_json(self.page, &spans, gone),
        };
        edits.ok_or_else(|| PolicyRefusal::Comment(self.at.clone()).into())
    }

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
        if !is_last && self.code.form == PolicyForm::Object && has_comment(rest) {
            // The comment stays with the part that it speaks of.
            let at = self.page.line_of(end).end;
            let text = format!("{indent}{text}{comma}{line}");
            return Some(self.page.edit(at..at, text));
        }
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
        let ends_line = rest.trim().is_empty() || is_comment(rest.trim());
        ends_line.then(|| self.page.put_after(end - 1, indent, argument, &text))
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

    /// Removes a part, with its own comments; `None` where it shares them with other parts.
    pub(super) fn without(&self, statement: &StatementCode, part: &Part) -> Option<Edit> {
        if self.code.form == PolicyForm::Document {
            let file = File::open(self.stack.tree, self.page.file).ok()?;
            return match file.owner(part.span)? {
                Owner::Attribute(attribute) => self.page.take_out(whole(attribute)?),
                Owner::Entry(..) => None,
            };
        }
        let (start, end) = statement.whole.span;
        // JSON is an object of HCL.
        let Expression::Object(object) = parse::expression(self.page.text.get(start..end)?).ok()?
        else {
            return None;
        };
        let span = |at| entry_span(&object, at).map(|own| start + own.start..start + own.end);
        let spans = (0..object.len()).map(span).collect::<Option<Vec<_>>>()?;
        let at = spans.iter().position(|own| own.contains(&part.span.0))?;
        let edits = match self.code.form {
            PolicyForm::Object => take_out_parts(self.page, &spans, &[at]),
            _ => take_out_json(self.page, &spans, &[at]),
        };
        edits?.pop()
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

/// Removes parts of a list or object of JSON, which keeps others, in order of their positions; `None` where a comment
/// stands between them.
pub(super) fn take_out_json(
    page: SourceFile<'_>,
    all: &[Range<usize>],
    gone: &[usize],
) -> Option<Vec<Edit>> {
    let runs = gone.chunk_by(|left, right| left + 1 == *right);
    let removal = |run: &[usize]| {
        let (first, last) = (*run.first()?, *run.last()?);
        let range = match first.checked_sub(1) {
            Some(before) => all.get(before)?.end..all.get(last)?.end,
            None => all.first()?.start..all.get(last + 1)?.start,
        };
        let own = all.get(first..=last)?;
        let starts = std::iter::once(range.start).chain(own.iter().map(|part| part.end));
        let ends = own.iter().map(|part| part.start).chain([range.end]);
        let mut between = starts
            .zip(ends)
            .filter_map(|(start, end)| page.text.get(start..end));
        let is_free = !between.any(has_comment);
        is_free.then(|| page.edit(range, String::new()))
    };
    runs.map(removal).collect()
}
