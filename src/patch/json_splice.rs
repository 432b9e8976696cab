//! Edits JSON files in their own style: indentation, order of keys and line ends stay, and only the bytes of differing
//! values change.

use super::json_file::{JsonFile, children, ordered};
use super::literal::render;
use crate::code::{JsonEntry as Entry, JsonNode as Node, JsonValue as Json};
use crate::model::{Edit, Value, ValueMap};
use std::ops::Range;

impl<'a> JsonFile<'a> {
    /// Returns the edits that change a value to another; `None` where a template would lose an interpolation.
    pub(super) fn replace(&self, node: &Node<'a>, new: &Value) -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        self.merge(node, new, &mut edits)?;
        Some(edits)
    }

    /// Returns the edits that add entries to an object; `None` where the value is no object, or has one of them already.
    pub(super) fn add(&self, node: &Node<'a>, entries: &[(String, Value)]) -> Option<Vec<Edit>> {
        let Json::Object(known) = &node.json else {
            return None;
        };
        let has = |key: &str| known.iter().any(|known| known.key == key);
        if entries.iter().any(|(key, _)| has(key)) {
            return None;
        }
        let new: Vec<_> = entries.iter().map(|(key, value)| (key, value)).collect();
        self.append_entries(node, known, &new)
            .map(|edit| vec![edit])
    }

    /// Returns the edit that removes the entry whose value starts at a byte.
    pub(super) fn remove(&self, at: usize) -> Option<Edit> {
        self.remove_all(&[at])?.pop()
    }

    /// Returns where the object starts that holds the entry whose value starts at a byte: at its first entry.
    pub(super) fn object_around(&self, at: usize) -> Option<usize> {
        let (entries, _) = holder(&self.root, at)?;
        Some(entries.first()?.at)
    }

    /// Returns the edits that remove entries of one object, whose values start at these bytes.
    pub(super) fn remove_all(&self, starts: &[usize]) -> Option<Vec<Edit>> {
        let (entries, _) = holder(&self.root, *starts.first()?)?;
        let is_gone = |at: &usize| starts.contains(&entries[*at].value.at);
        let gone: Vec<_> = (0..entries.len()).filter(is_gone).collect();
        let spans: Vec<_> = entries.iter().map(|e| e.at..e.value.end).collect();
        let mut edits = Vec::new();
        if gone.len() < entries.len() {
            self.remove_runs(&spans, &gone, &mut edits)?;
            return Some(edits);
        }
        let (first, last) = (spans.first()?, spans.last()?);
        let start = self.page.text.get(..first.start)?.trim_end().len();
        let rest = self.page.text.get(last.end..)?;
        let range = start..last.end + rest.len() - rest.trim_start().len();
        let is_free = self.is_plain(&range);
        is_free.then(|| vec![self.page.edit(range, String::new())])
    }

    fn merge(&self, node: &Node<'a>, new: &Value, edits: &mut Vec<Edit>) -> Option<()> {
        if same(&self.value(node)?, new) {
            return Some(());
        }
        match (&node.json, new) {
            (Json::Object(entries), Value::Map(new)) if !entries.is_empty() => {
                self.merge_entries(node, entries, new, edits)
            }
            (Json::List(items), Value::List(new)) if !items.is_empty() && !new.is_empty() => {
                self.merge_items(node, items, new, edits)
            }
            (Json::List(items), single @ Value::String(_)) if !items.is_empty() => {
                self.merge_items(node, items, std::slice::from_ref(single), edits)
            }
            _ => {
                let span = node.at..node.end;
                let indent = self.page.indent_of(node.at);
                let text = match (&node.json, new) {
                    // Some write numbers and flags in quotes.
                    (Json::Text(_), Value::Number(_) | Value::Bool(_)) => {
                        format!("\"{}\"", self.write(new, indent))
                    }
                    // AWS's tags are texts, also those that the code has as numbers and flags.
                    (Json::Word(_), Value::String(_)) => {
                        let old = self.page.text.get(span.clone())?;
                        match render(new, old)? {
                            same if same == old => return Some(()),
                            text if text.starts_with('"') => self.write(new, indent),
                            text => text,
                        }
                    }
                    _ => self.write(new, indent),
                };
                self.is_plain(&span)
                    .then(|| edits.push(self.page.edit(span, text)))
            }
        }
    }

    fn merge_entries(
        &self,
        node: &Node<'a>,
        entries: &[Entry<'a>],
        new: &ValueMap,
        edits: &mut Vec<Edit>,
    ) -> Option<()> {
        let mut gone = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            match new.get(&entry.key) {
                Some(value) => self.merge(&entry.value, value, edits)?,
                None => gone.push(at),
            }
        }
        let spans: Vec<_> = entries.iter().map(|e| e.at..e.value.end).collect();
        let missing: Vec<_> = ordered(new)
            .into_iter()
            .filter(|(key, _)| entries.iter().all(|entry| entry.key != **key))
            .collect();
        if gone.len() == entries.len() {
            let span = node.at..node.end;
            let text = self.write(&Value::Map(new.clone()), self.page.indent_of(node.at));
            return self
                .is_plain(&span)
                .then(|| edits.push(self.page.edit(span, text)));
        }
        self.remove_runs(&spans, &gone, edits)?;
        if !missing.is_empty() {
            edits.push(self.append_entries(node, entries, &missing)?);
        }
        Some(())
    }

    /// Keeps the items that stay, in their order, and puts the new ones in the place of those that are gone.
    fn merge_items(
        &self,
        node: &Node<'a>,
        items: &[Node<'a>],
        new: &[Value],
        edits: &mut Vec<Edit>,
    ) -> Option<()> {
        let mut missing: Vec<&Value> = new.iter().collect();
        let mut gone = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let value = self.value(item)?;
            match missing.iter().position(|missing| same(&value, missing)) {
                Some(at) => drop(missing.remove(at)),
                None => gone.push(at),
            }
        }
        let in_place = gone.len().min(missing.len());
        for (at, value) in gone.drain(..in_place).zip(missing.drain(..in_place)) {
            let item = &items[at];
            match (&item.json, value) {
                (Json::Object(_), Value::Map(_)) => self.merge(item, value, edits)?,
                _ => {
                    let span = item.at..item.end;
                    let text = self.write(value, self.page.indent_of(item.at));
                    self.is_plain(&span)
                        .then(|| edits.push(self.page.edit(span, text)))?;
                }
            }
        }
        let spans: Vec<_> = items.iter().map(|item| item.at..item.end).collect();
        self.remove_runs(&spans, &gone, edits)?;
        if !missing.is_empty() {
            let indent = self.page.indent_of(items.last()?.at);
            let texts: Vec<_> = missing.iter().map(|v| self.write(v, indent)).collect();
            edits.push(self.append(node, &spans, &texts)?);
        }
        Some(())
    }

    /// Removes these parts of an object or a list, which keeps at least one other.
    fn remove_runs(
        &self,
        spans: &[Range<usize>],
        gone: &[usize],
        edits: &mut Vec<Edit>,
    ) -> Option<()> {
        let mut rest = gone;
        while let Some(first) = rest.first() {
            let run = rest
                .iter()
                .enumerate()
                .take_while(|(n, at)| **at == first + n);
            let count = run.count();
            let range = removed(spans, *first..first + count)?;
            self.is_plain(&range)
                .then(|| edits.push(self.page.edit(range, String::new())))?;
            rest = &rest[count..];
        }
        Some(())
    }

    fn append_entries(
        &self,
        node: &Node<'a>,
        known: &[Entry<'a>],
        new: &[(&String, &Value)],
    ) -> Option<Edit> {
        let spans: Vec<_> = known.iter().map(|e| e.at..e.value.end).collect();
        let outer = self.page.indent_of(node.at);
        let indent = match (spans.last(), self.unit) {
            (Some(last), _) => self.page.indent_of(last.start).to_owned(),
            (None, unit) => format!("{outer}{}", unit.unwrap_or_default()),
        };
        let entry = |(key, value): &(&String, &Value)| {
            format!(
                "{}{}{}",
                self.text(key),
                self.colon,
                self.write(value, &indent)
            )
        };
        let texts: Vec<_> = new.iter().map(entry).collect();
        match spans.is_empty() {
            true => {
                let text = self.wrapped(("{", "}"), &texts, outer);
                Some(self.page.edit(node.at..node.end, text))
            }
            false => self.append(node, &spans, &texts),
        }
    }

    /// Adds parts behind the last one, separated as the others are.
    fn append(&self, node: &Node<'a>, spans: &[Range<usize>], texts: &[String]) -> Option<Edit> {
        let last = spans.last()?;
        let separator = match spans {
            [.., before, last] => self.page.text.get(before.end..last.start)?.to_owned(),
            _ => match self.page.text.get(node.at + 1..last.start)? {
                blanks if blanks.contains('\n') => format!(",{blanks}"),
                _ => self.comma().to_owned(),
            },
        };
        let text: String = texts
            .iter()
            .map(|text| format!("{separator}{text}"))
            .collect();
        Some(self.page.edit(last.end..last.end, text))
    }
}

/// Returns whether two values mean the same in a policy: one text, or a list of it alone.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(items), single @ Value::String(_))
        | (single @ Value::String(_), Value::List(items)) => {
            matches!(items.as_slice(), [only] if only == single)
        }
        _ => left == right,
    }
}

/// Returns the bytes of a run of parts with its separator; `None` where no part would be left.
fn removed(spans: &[Range<usize>], run: Range<usize>) -> Option<Range<usize>> {
    let last = spans.get(run.end.checked_sub(1)?)?;
    match run.start.checked_sub(1) {
        Some(before) => Some(spans.get(before)?.end..last.end),
        None => Some(spans.get(run.start)?.start..spans.get(run.end)?.start),
    }
}

/// Returns the object whose entry's value starts at a byte, and the position of that entry.
fn holder<'n, 'a>(node: &'n Node<'a>, at: usize) -> Option<(&'n [Entry<'a>], usize)> {
    if let Json::Object(entries) = &node.json
        && let Some(index) = entries.iter().position(|entry| entry.value.at == at)
    {
        return Some((entries, index));
    }
    let around = |child: &&Node<'a>| child.at <= at && at < child.end;
    children(node)
        .into_iter()
        .find(around)
        .and_then(|child| holder(child, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tree;
    use crate::patch::json_file::Texts;
    use crate::patch::layout::SourceFile;
    use crate::patch::splice;

    fn edited(
        text: &str,
        texts: Texts,
        edit: impl Fn(&JsonFile<'_>) -> Option<Vec<Edit>>,
    ) -> Option<String> {
        let page = SourceFile {
            file: "p.json",
            text,
        };
        let edits = edit(&JsonFile::read(page, texts).unwrap())?;
        let tree: Tree = [("p.json", text)].into_iter().collect();
        let mut joined = Vec::new();
        splice::join(&mut joined, &edits).unwrap();
        let after = splice::files(&tree, &joined).remove("p.json");
        Some(after.map_or(text.to_owned(), |bytes| String::from_utf8(bytes).unwrap()))
    }

    fn replaced(text: &str, texts: Texts, new: &str) -> Option<String> {
        let new: Value = serde_json::from_str(new).unwrap();
        edited(text, texts, |file| file.replace(&file.root, &new))
    }

    #[test]
    fn only_what_differs_changes_in_the_files_own_form() {
        let tabs = "{\r\n\t\"b\" : [\r\n\t\t\"x\",\r\n\t\t\"y\"\r\n\t],\r\n\t\"a\" : 1\r\n}\r\n";
        let new = r#"{"a": 2, "b": ["y", "z", "w"], "c": {"d": ["e"]}}"#;
        assert_eq!(
            replaced(tabs, Texts::Plain, new).unwrap(),
            "{\r\n\t\"b\" : [\r\n\t\t\"z\",\r\n\t\t\"y\",\r\n\t\t\"w\"\r\n\t],\r\n\t\"a\" : 2,\r\n\t\"c\" : {\r\n\t\t\"d\" : [\r\n\t\t\t\"e\"\r\n\t\t]\r\n\t}\r\n}\r\n"
        );
        let line = r#"{"a":["x"],"b":{"c":"d","e":1}}"#;
        let new = r#"{"a": ["x", "y"], "b": {"e": 1}, "f": [true]}"#;
        let after = r#"{"a":["x","y"],"b":{"e":1},"f":[true]}"#;
        assert_eq!(replaced(line, Texts::Plain, new).unwrap(), after);
        let same = r#"{"b": {"e": 1, "c": "d"}, "a": "x"}"#;
        assert_eq!(replaced(line, Texts::Plain, same).unwrap(), line);
    }

    #[test]
    fn parts_that_are_gone_take_their_commas_along() {
        let text = "[\n  1,\n  2,\n  3,\n  4\n]\n";
        assert_eq!(
            replaced(text, Texts::Plain, "[3, 4]").unwrap(),
            "[\n  3,\n  4\n]\n"
        );
        assert_eq!(
            replaced(text, Texts::Plain, "[1, 2]").unwrap(),
            "[\n  1,\n  2\n]\n"
        );
        assert_eq!(
            replaced(text, Texts::Plain, "[1, 4]").unwrap(),
            "[\n  1,\n  4\n]\n"
        );
        let taken = edited("{\"a\": 1, \"b\": 2}", Texts::Plain, |file| {
            Some(vec![file.remove(14)?])
        });
        assert_eq!(taken.unwrap(), "{\"a\": 1}");
    }

    #[test]
    fn a_template_keeps_what_it_interpolates_and_gets_no_expressions() {
        let text = r#"{"a": "${x}", "b": "c"}"#;
        let new = r#"{"a": "${x}", "b": "${d}"}"#;
        let after = r#"{"a": "${x}", "b": "$${d}"}"#;
        assert_eq!(replaced(text, Texts::Templates, new).unwrap(), after);
        assert_eq!(
            replaced(text, Texts::Templates, r#"{"a": "e", "b": "c"}"#),
            None
        );
        assert_eq!(replaced(text, Texts::Templates, r#"{"b": "c"}"#), None);
    }
}
