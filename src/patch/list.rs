//! Edits the items of a literal list: those that stay keep their text and their order.

use super::comments::{behind_comments, has_comment};
use super::layout::SourceFile;
use super::literal::render;
use super::refusal::Refusal;
use crate::code::parse;
use crate::model::{Part, Source, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Array, Expression};
use std::ops::Range;

/// Rewrites a list to have these items, and changes nothing else: an item that goes takes its line or its separator
/// along, a new one takes the place of one that goes, or the next behind the last where that is their order. `None` where
/// comments or unknown items are in the way. `known` holds the values of its current items; `reference` writes a reference
/// to a value that is no literal.
pub(super) fn rewrite_list(
    old: &str,
    items_to_write: &[Value],
    known: Option<&[Part]>,
    reference: &dyn Fn(&Value) -> Option<String>,
) -> Option<String> {
    let list = List::open(old)?;
    let mut missing: Vec<&Value> = items_to_write.iter().collect();
    let (mut changes, mut kept) = (Vec::new(), Vec::new());
    for (at, item) in list.items.iter().enumerate() {
        let evaluated = || known?.get(at).map(|part| part.value.clone());
        let value = literal(item).or_else(evaluated)?;
        if value.has_unknown() {
            return None;
        }
        let needed = missing.iter().position(|item| **item == value);
        changes.push(match needed {
            Some(at) => {
                kept.push(missing.remove(at));
                Change::Keep
            }
            None => Change::Remove,
        });
    }
    let are_last = !kept.is_empty() && kept.iter().chain(&missing).copied().eq(items_to_write);
    let pattern = list.spans.first().map_or("\"", |span| &old[span.clone()]);
    let written = missing
        .into_iter()
        .map(|value| reference(value).or_else(|| render(value, pattern)));
    let mut written = written.collect::<Option<Vec<_>>>()?.into_iter();
    for (at, change) in changes.iter_mut().enumerate() {
        // A comment speaks of its own item, and leaves with it.
        if matches!(change, Change::Remove) && !are_last && !list.has_own_comment(at) {
            *change = written.next().map_or(Change::Remove, Change::Replace);
        }
    }
    let text = list.changed(&changes)?;
    let added: Vec<_> = written.collect();
    match added.is_empty() {
        true => Some(text),
        false => List::open(&text)?.with(&added),
    }
}

/// Returns the items of a list, whose bytes do not matter.
pub(super) fn items_of(list: &Value) -> Option<Vec<Part>> {
    let item = |value: &Value| Part {
        value: value.clone(),
        span: (0, 0),
        behind: None,
    };
    Some(list.as_list()?.iter().map(item).collect())
}

/// A literal list, as it is written.
pub(super) struct List<'a> {
    /// Its text.
    pub text: &'a str,
    page: SourceFile<'a>,
    pub items: Array,
    /// The bytes of each item.
    spans: Vec<Range<usize>>,
}

/// What becomes of an item.
pub(super) enum Change {
    Keep,
    Replace(String),
    Remove,
}

impl<'a> List<'a> {
    /// Opens a list; `None` where the text is none, or where a heredoc is in it beside a comment.
    pub(super) fn open(text: &'a str) -> Option<Self> {
        let Ok(Expression::Array(items)) = parse::expression(text) else {
            return None;
        };
        if text.contains("<<") && has_comment(text) {
            return None;
        }
        let bytes = |item: &Expression| {
            let span = item.span()?;
            let own = text.get(span.clone())?;
            let start = span.start + own.len() - own.trim_start().len();
            Some(start..start + own.trim().len())
        };
        let spans = items.iter().map(bytes).collect::<Option<_>>()?;
        let page = SourceFile { file: "", text };
        Some(Self {
            text,
            page,
            items,
            spans,
        })
    }

    /// Returns the bytes of an item.
    pub(super) fn span(&self, at: usize) -> Option<Range<usize>> {
        self.spans.get(at).cloned()
    }

    /// Returns the indentation of an item that begins a line.
    pub(super) fn indent_of(&self, at: usize) -> Option<&'a str> {
        let begins_line = self.text.contains('\n') && self.starts_line(at);
        begins_line.then(|| self.page.indent_of(self.spans[at].start))
    }

    /// Returns the rest of the line behind an item.
    fn rest_of_line(&self, at: usize) -> &'a str {
        let end = self.spans[at].end;
        &self.page.text[end..self.page.line_of(end.saturating_sub(1)).end]
    }

    /// Returns where the comma behind an item is, with comments before it or not; `None` where there is none.
    fn comma_behind(&self, at: usize) -> Option<usize> {
        let rest = behind_comments(&self.text[self.spans[at].end..]);
        rest.starts_with(',').then(|| self.text.len() - rest.len())
    }

    /// Returns whether a comment speaks of an item: at the end of its line, or right above it.
    fn has_own_comment(&self, at: usize) -> bool {
        let lines = self.lines(at, at);
        let lines = lines.and_then(|lines| self.text.get(lines));
        has_comment(self.rest_of_line(at)) || lines.is_some_and(has_comment)
    }

    /// Returns the lines of the items from one to another, with their comments; `None` where anything else shares them.
    fn lines(&self, first: usize, last: usize) -> Option<Range<usize>> {
        let own = |at: usize| self.page.lines_of(self.spans[at].clone());
        let are_alone = (first..=last).all(|at| self.starts_line(at) && own(at).is_some());
        let whole = self.spans[first].start..self.spans[last].end;
        self.page.lines_of(whole).filter(|_| are_alone)
    }

    fn starts_line(&self, at: usize) -> bool {
        let start = self.spans[at].start;
        let line = self.page.line_of(start);
        self.page.text[line.start..start].trim().is_empty()
    }

    /// Returns the text after these changes, one for each item.
    pub(super) fn changed(&self, changes: &[Change]) -> Option<String> {
        let is_gone = |at: &usize| matches!(changes.get(*at), Some(Change::Remove));
        if !changes.is_empty() && (0..changes.len()).all(|at| is_gone(&at)) {
            let lines = self.lines(0, changes.len() - 1);
            let mut rest = self.text.to_owned();
            rest.replace_range(lines.unwrap_or_default(), "");
            return (!has_comment(&rest)).then(|| "[]".to_owned());
        }
        let mut edits = Vec::new();
        let mut at = 0;
        while let Some(change) = changes.get(at) {
            match change {
                Change::Keep => {}
                Change::Replace(text) => edits.push((self.spans[at].clone(), text.as_str())),
                Change::Remove => {
                    let gone = (at..).take_while(is_gone).count();
                    edits.push((self.removal(at, at + gone - 1)?, ""));
                    at += gone - 1;
                }
            }
            at += 1;
        }
        let mut text = self.page.text.to_owned();
        for (range, new) in edits.into_iter().rev() {
            text.replace_range(range, new);
        }
        Some(text)
    }

    /// Returns the bytes to remove with the items from one to another, beside which others stay; `None` where a comment
    /// would go that does not speak of them.
    fn removal(&self, first: usize, last: usize) -> Option<Range<usize>> {
        let (start, end) = (self.spans[first].start, self.spans[last].end);
        let comma = self.comma_behind(last);
        // A comma at the start of the next line separates the item as well.
        let goes_along = |lines: &Range<usize>| comma.is_none_or(|comma| lines.contains(&comma));
        let lines = || self.lines(first, last).filter(goes_along);
        let free =
            |range: Range<usize>| (!has_comment(&self.page.text[range.clone()])).then_some(range);
        if let Some(next) = self.spans.get(last + 1) {
            return lines().or_else(|| free(start..next.start));
        }
        let before = self.spans[first.checked_sub(1)?].end;
        match comma {
            Some(comma) => lines().or_else(|| free(before..comma)),
            // Its comment leaves with it.
            None if has_comment(self.rest_of_line(last)) => lines(),
            // The separator before it has nothing to separate any more.
            None => free(before..end).or_else(lines),
        }
    }

    /// Returns the text with further items behind the last one, each on a line of its own where that one is.
    pub(super) fn with(&self, added: &[String]) -> Option<String> {
        let text = self.page.text;
        let Some(last) = self.spans.len().checked_sub(1) else {
            return (!has_comment(text)).then(|| format!("[{}]", added.join(", ")));
        };
        let end = self.spans[last].end;
        let rest = self.rest_of_line(last);
        let mut text = text.to_owned();
        if !self.starts_line(last) || !rest.ends_with('\n') {
            let end = self.comma_behind(last).unwrap_or(end);
            text.insert_str(end, &format!(", {}", added.join(", ")));
            return Some(text);
        }
        let (indent, stop) = (
            self.page.indent_of(self.spans[last].start),
            self.page.line_end(),
        );
        let line_end = end + rest.len();
        match self.comma_behind(last) {
            Some(comma) if comma < line_end => {
                let lines = added.iter().map(|item| format!("{indent}{item},{stop}"));
                text.insert_str(line_end, &lines.collect::<String>());
            }
            Some(_) => return None,
            None => {
                let lines = added.join(&format!(",{stop}{indent}"));
                text.insert_str(line_end, &format!("{indent}{lines}{stop}"));
                text.insert(end, ',');
            }
        }
        Some(text)
    }
}

/// Returns why the text of a value is not edited: a comment in a list, or an expression that is no literal.
pub(super) fn not_rewritten(path: &str, source: &Source, text: &str) -> Refusal {
    let is_list = matches!(parse::expression(text), Ok(Expression::Array(_)));
    let (path, place) = (path.to_owned(), source.place());
    match is_list && has_comment(text) {
        true => Refusal::Commented { path, place },
        false => Refusal::NotPlain { path, place },
    }
}

/// Returns the value of a literal text, number or boolean.
pub(super) fn literal(expression: &Expression) -> Option<Value> {
    match expression {
        Expression::String(text) => Some(Value::text(text.value().as_str())),
        Expression::Bool(flag) => Some((*flag.value()).into()),
        Expression::Number(number) => {
            crate::model::Number::parse(&number.value().to_string()).map(Value::Number)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relisted(old: &str, items: &[Value]) -> Option<String> {
        rewrite_list(old, items, None, &|_| None)
    }

    #[test]
    fn only_the_items_that_differ_change() {
        let list = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Value::text(*text))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            relisted(r#"["b", "a"]"#, &list(&["a", "b", "c"])).as_deref(),
            Some(r#"["b", "a", "c"]"#)
        );
        assert_eq!(
            relisted("[\n    \"b\",\n    \"a\",\n  ]", &list(&["a"])).as_deref(),
            Some("[\n    \"a\",\n  ]")
        );
        assert_eq!(
            relisted("[\n  \"b\", # why\n]", &list(&["a"])).as_deref(),
            Some("[\"a\"]"),
            "the comment speaks of what is gone"
        );
        assert_eq!(
            relisted(
                "[\n  \"a\", \"b\",\n  \"c\", \"d\",\n]",
                &list(&["a", "b", "d", "e"])
            )
            .as_deref(),
            Some("[\n  \"a\", \"b\",\n  \"d\",\n  \"e\",\n]")
        );
        assert_eq!(
            relisted(r#"["a", "b", "c"]"#, &list(&["a", "d", "c"])).as_deref(),
            Some(r#"["a", "d", "c"]"#)
        );
        assert_eq!(
            relisted("[\n  \"a\",\n  \"b\",\n  \"c\"\n]", &list(&["a"])).as_deref(),
            Some("[\n  \"a\"\n]")
        );
        assert_eq!(
            relisted("[\"a\",\n  \"b\"]", &list(&["a", "b", "c"])).as_deref(),
            Some("[\"a\",\n  \"b\", \"c\"]")
        );
        assert_eq!(relisted("[var.x]", &list(&["a"])), None);
    }

    #[test]
    fn comments_stay_with_the_items_that_stay() {
        let list = |texts: &[&str]| {
            let texts = texts.iter().map(|text| Value::text(*text));
            texts.collect::<Vec<_>>()
        };
        let old =
            "[\n  # inside\n  \"a\", # head office\n  \"b\", # the branch\n  \"c\"  # last\n]";
        assert_eq!(
            relisted(old, &list(&["a", "c"])).as_deref(),
            Some("[\n  # inside\n  \"a\", # head office\n  \"c\"  # last\n]")
        );
        assert_eq!(
            relisted(old, &list(&["a", "b", "c", "d"])).as_deref(),
            Some(
                "[\n  # inside\n  \"a\", # head office\n  \"b\", # the branch\n  \"c\",  # last\n  \"d\"\n]"
            )
        );
        assert_eq!(
            relisted(old, &list(&["a", "b"])).as_deref(),
            Some("[\n  # inside\n  \"a\", # head office\n  \"b\", # the branch\n]")
        );
        assert_eq!(
            relisted(old, &list(&["a", "d", "c"])).as_deref(),
            Some("[\n  # inside\n  \"a\", # head office\n  \"c\",  # last\n  \"d\"\n]")
        );
        // A comment that speaks of several, or of none of them.
        assert_eq!(relisted("[\"a\", /* both */ \"b\"]", &list(&["b"])), None);
    }

    #[test]
    fn a_comma_is_found_behind_a_comment_and_at_the_start_of_a_line() {
        let list = |texts: &[&str]| {
            let texts = texts.iter().map(|text| Value::text(*text));
            texts.collect::<Vec<_>>()
        };
        let old = "[\n  \"a\", # office\n  \"b\" /* vpn */ , // yes\n]";
        assert_eq!(
            relisted(old, &list(&["b", "c"])).as_deref(),
            Some("[\n  \"b\" /* vpn */ , // yes\n  \"c\",\n]")
        );
        assert_eq!(
            relisted(old, &list(&["a"])).as_deref(),
            Some("[\n  \"a\", # office\n]")
        );
        let old = "[\n  \"a\"\n  , \"b\"\n  , \"c\"\n]";
        for (items, new) in [
            (["b", "c", "d"], "[\n  \"b\"\n  , \"c\", \"d\"\n]"),
            (["a", "c", "d"], "[\n  \"a\"\n  , \"c\", \"d\"\n]"),
            (["a", "b", "d"], "[\n  \"a\"\n  , \"b\", \"d\"\n]"),
        ] {
            assert_eq!(relisted(old, &list(&items)).as_deref(), Some(new));
        }
        assert_eq!(
            relisted(old, &list(&["a", "b"])).as_deref(),
            Some("[\n  \"a\"\n  , \"b\"\n]")
        );
    }

    #[test]
    fn an_address_is_no_comment() {
        let items = [Value::text("https://a.example/x#y"), Value::text("/*")];
        let old = r#"["https://a.example/x#y"]"#;
        assert_eq!(
            relisted(old, &items).as_deref(),
            Some(r#"["https://a.example/x#y", "/*"]"#)
        );
        for comment in ["# why", "// why", "/* why */"] {
            let old = format!("[\n  \"https://a.example/\\\"\", {comment}\n]");
            let leaves = !comment.starts_with("/*");
            let empty = leaves.then_some("[]");
            assert_eq!(relisted(&old, &items[..0]).as_deref(), empty, "{old}");
            let old = format!("[\n  \"https://a.example/\\\"\"\n\n  {comment}\n]");
            assert_eq!(relisted(&old, &items[..0]), None, "{old}");
        }
    }
}
