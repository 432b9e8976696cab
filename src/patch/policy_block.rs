//! Writes statements as blocks of `data.aws_iam_policy_document`.

use super::literal::{quote, render};
use super::location::File;
use super::policy::{Rewrite, variables};
use crate::model::{Edit, Part, PolicyForm, StatementCode, Value, ValueMap, sort_policy};
use hcl_edit::Span;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;

impl Rewrite<'_> {
    /// Rewrites the lists in the blocks of a statement, each where it stands, and adds or removes whole blocks: those of its
    /// principals or conditions. `None` where it is not certain which block makes a list.
    pub(super) fn in_blocks(
        &self,
        (name, statement): (&str, &StatementCode),
        (own, live): (Option<&Value>, Option<&Value>),
    ) -> Option<Vec<Edit>> {
        let of = |value: Option<&Value>| match value {
            Some(value) => inner_blocks(name, value),
            None => Some(BTreeMap::new()),
        };
        let (own, live) = (of(own)?, of(live)?);
        if self.code.form != PolicyForm::Document {
            return None;
        }
        let mut edits = Vec::new();
        for (key, before) in &own {
            let before = &before.items;
            let after = live.get(key).map(|block| &block.items);
            let is_same = |after: &Vec<Value>| {
                before.len() == after.len() && after.iter().all(|item| before.contains(item))
            };
            if after.is_some_and(is_same) {
                continue;
            }
            let part = statement.parts.get(key)?;
            if part.value.as_list()?.len() != before.len() {
                return None;
            }
            match after {
                Some(items) => {
                    edits.extend(self.rewrite(name, part, &Value::List(items.clone()))?)
                }
                None => edits.push(self.without_block(part)?),
            }
        }
        for (_, block) in live.iter().filter(|(key, _)| !own.contains_key(*key)) {
            edits.push(self.with_block(statement, (name, block))?);
        }
        (!edits.is_empty()).then_some(edits)
    }

    /// Adds a block behind the others of a statement.
    fn with_block(
        &self,
        statement: &StatementCode,
        (name, block): (&str, &InnerBlock),
    ) -> Option<Edit> {
        let (start, end) = statement.whole.span;
        let closing = self.page.line_of(end.checked_sub(1)?);
        let indent = self.page.text.get(closing.start..end)?.strip_suffix('}')?;
        let is_static = self.page.text.get(start..end)?.starts_with("statement");
        if !is_static || closing.start <= start || !indent.trim().is_empty() {
            return None;
        }
        let (inner, line) = (format!("{indent}  "), self.page.line_end());
        let text = block.written(name, &inner, line)?;
        let text = format!("{line}{inner}{text}{line}");
        Some(self.page.edit(closing.start..closing.start, text))
    }

    /// Removes the block that holds a list.
    fn without_block(&self, part: &Part) -> Option<Edit> {
        let file = File::open(self.stack.tree, self.page.file).ok()?;
        let holds = |block: &&Block| {
            let span = block.span().unwrap_or_default();
            span.start <= part.span.0 && part.span.1 <= span.end
        };
        let document = file.block_around(part.span)?;
        let statement = document.body.blocks().find(holds)?;
        let inner = statement.body.blocks().find(holds)?;
        let is_static = statement.has_ident("statement") && !inner.has_ident("dynamic");
        let edit = self.page.take_out_block(inner.span()?);
        is_static.then_some(edit)
    }

    /// Returns whether a statement of a document leaves its effect to the default, which AWS's has.
    pub(super) fn leaves_out_effect(&self, number: usize, live: &ValueMap) -> bool {
        let has_effect = self.code.statements[number].parts.contains_key("Effect");
        let effect = live.get("Effect").and_then(Value::as_str);
        self.code.form == PolicyForm::Document && !has_effect && effect == Some("Allow")
    }

    /// Writes the body of a `statement` block.
    pub(super) fn block(&self, entries: &ValueMap, indent: &str) -> Option<String> {
        let (inner, end) = (format!("{indent}  "), self.page.line_end());
        let mut pairs = Vec::new();
        let mut blocks = Vec::new();
        let mut entries: Vec<_> = entries.iter().collect();
        sort_policy(&mut entries, |(name, _)| name);
        for (name, value) in entries {
            match name.as_str() {
                "Sid" => pairs.push(("sid", quote(value.as_str()?))),
                "Effect" => pairs.push(("effect", quote(value.as_str()?))),
                "Action" => pairs.push(("actions", list(name, value)?)),
                "NotAction" => pairs.push(("not_actions", list(name, value)?)),
                "Resource" => pairs.push(("resources", list(name, value)?)),
                "NotResource" => pairs.push(("not_resources", list(name, value)?)),
                "Principal" | "NotPrincipal" | "Condition" => {
                    for block in inner_blocks(name, value)?.values() {
                        blocks.push(block.written(name, &inner, end)?);
                    }
                }
                _ => return None,
            }
        }
        let mut text = aligned(&pairs, &inner, end);
        for block in blocks {
            text += &format!("{end}{end}{inner}{block}");
        }
        Some(text)
    }
}

/// A block of principals or of a condition.
struct InnerBlock {
    ident: &'static str,
    /// The arguments that name the list.
    labels: Vec<(&'static str, String)>,
    /// The argument of the list.
    list: &'static str,
    items: Vec<Value>,
}

impl InnerBlock {
    /// Writes the block in a part of this name, with the lines after the first indented by `indent`.
    fn written(&self, name: &str, indent: &str, end: &str) -> Option<String> {
        let labels = self.labels.iter();
        let mut body: Vec<_> = labels.map(|(name, label)| (*name, quote(label))).collect();
        body.push((self.list, list(name, &Value::List(self.items.clone()))?));
        let lines = aligned(&body, &format!("{indent}  "), end);
        Some(format!("{} {{{end}{lines}{end}{indent}}}", self.ident))
    }
}

/// Returns the blocks of principals or conditions, by the names of their parts.
fn inner_blocks(name: &str, value: &Value) -> Option<BTreeMap<String, InnerBlock>> {
    let items = |value: &Value| match value {
        Value::List(items) => items.clone(),
        single => vec![single.clone()],
    };
    let principals = |ident, kind: &str, value: &Value| {
        let block = InnerBlock {
            ident,
            labels: vec![("type", kind.to_owned())],
            list: "identifiers",
            items: items(value),
        };
        (format!("{name}.{kind}"), block)
    };
    let ident = match name {
        "Principal" => "principals",
        "NotPrincipal" => "not_principals",
        "Condition" => "condition",
        _ => return None,
    };
    let mut blocks = BTreeMap::new();
    match (name, value) {
        ("Condition", tests) => {
            for (test, variables) in tests.as_map()? {
                for (variable, values) in variables.as_map()? {
                    let block = InnerBlock {
                        ident,
                        labels: vec![("test", test.clone()), ("variable", variable.clone())],
                        list: "values",
                        items: items(values),
                    };
                    blocks.insert(format!("{name}.{test}.{variable}"), block);
                }
            }
        }
        (_, Value::Map(kinds)) => {
            let kinds = kinds.iter();
            blocks.extend(kinds.map(|(kind, values)| principals(ident, kind, values)));
        }
        (_, everybody) => blocks.extend([principals(ident, "*", everybody)]),
    }
    Some(blocks)
}

/// Writes a part of this name as a list.
fn list(name: &str, value: &Value) -> Option<String> {
    match variables(name, value) {
        list @ Value::List(_) => render(&list, ""),
        single => render(&Value::List(vec![single]), ""),
    }
}

/// Writes lines of `key = value`, with aligned `=`.
fn aligned(pairs: &[(&str, String)], indent: &str, end: &str) -> String {
    let widest = pairs.iter().map(|(name, _)| name.len()).max();
    let widest = widest.unwrap_or_default();
    let line = |(name, text): &(&str, String)| format!("{indent}{name:widest$} = {text}");
    pairs.iter().map(line).collect::<Vec<_>>().join(end)
}
