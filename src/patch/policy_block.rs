//! Writes statements as blocks of `data.aws_iam_policy_document`.

use super::literal::{quote, render};
use super::policy::{Rewrite, variables};
use crate::model::{Edit, PolicyForm, StatementCode, Value, ValueMap, sort_policy};
use std::collections::BTreeMap;

impl Rewrite<'_> {
    /// Rewrites the lists in the blocks of a statement, each where it stands: those of its principals or conditions.
    /// `None` where blocks come or go, or where it is not certain which block makes a list.
    pub(super) fn in_blocks(
        &self,
        (name, statement): (&str, &StatementCode),
        (own, live): (Option<&Value>, &Value),
    ) -> Option<Vec<Edit>> {
        let (own, live) = (lists(name, own?)?, lists(name, live)?);
        if self.code.form != PolicyForm::Document || !own.keys().eq(live.keys()) {
            return None;
        }
        let mut edits = Vec::new();
        for (key, value) in live {
            let before = own.get(&key)?;
            let is_same =
                before.len() == value.len() && value.iter().all(|item| before.contains(item));
            if is_same {
                continue;
            }
            let part = statement.parts.get(&key)?;
            if part.value.as_list()?.len() != before.len() {
                return None;
            }
            edits.push(self.rewrite(name, part, &Value::List(value))?);
        }
        (!edits.is_empty()).then_some(edits)
    }

    /// Returns whether a statement of a document leaves its effect to the default, which AWS's has.
    pub(super) fn leaves_out_effect(&self, number: usize, live: &ValueMap) -> bool {
        let has_effect = self.code.statements[number].parts.contains_key("Effect");
        let effect = live.get("Effect").and_then(Value::as_str);
        self.code.form == PolicyForm::Document && !has_effect && effect == Some("Allow")
    }

    /// Writes the body of a `statement` block.
    pub(super) fn block(&self, entries: &ValueMap, indent: &str) -> Option<String> {
        let end = self.page.line_end();
        let list = |name: &str, value: &Value| match variables(name, value) {
            list @ Value::List(_) => render(&list, ""),
            single => render(&Value::List(vec![single]), ""),
        };
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
                "Principal" | "NotPrincipal" => {
                    let block = if name == "Principal" {
                        "principals"
                    } else {
                        "not_principals"
                    };
                    let kinds = match value {
                        Value::Map(kinds) => kinds.clone(),
                        everybody => ValueMap::from([("*".to_owned(), everybody.clone())]),
                    };
                    for (kind, identifiers) in kinds {
                        let body = [
                            ("type", quote(&kind)),
                            ("identifiers", list(name, &identifiers)?),
                        ];
                        blocks.push((block, body.to_vec()));
                    }
                }
                "Condition" => {
                    for (test, keys) in value.as_map()? {
                        for (variable, values) in keys.as_map()? {
                            let body = [
                                ("test", quote(test)),
                                ("variable", quote(variable)),
                                ("values", list(name, values)?),
                            ];
                            blocks.push(("condition", body.to_vec()));
                        }
                    }
                }
                _ => return None,
            }
        }
        let inner = format!("{indent}  ");
        let mut text = aligned(&pairs, &inner, end);
        for (name, body) in blocks {
            let lines = aligned(&body, &format!("{inner}  "), end);
            text += &format!("{end}{end}{inner}{name} {{{end}{lines}{end}{inner}}}");
        }
        Some(text)
    }
}

/// Returns the lists of principals or conditions, by the names of their parts.
fn lists(name: &str, value: &Value) -> Option<BTreeMap<String, Vec<Value>>> {
    let list = |value: &Value| match value {
        Value::List(items) => items.clone(),
        single => vec![single.clone()],
    };
    let mut lists = BTreeMap::new();
    match (name, value) {
        ("Condition", tests) => {
            for (test, variables) in tests.as_map()? {
                for (variable, values) in variables.as_map()? {
                    lists.insert(format!("{name}.{test}.{variable}"), list(values));
                }
            }
        }
        ("Principal" | "NotPrincipal", Value::Map(kinds)) => {
            let kinds = kinds.iter();
            lists.extend(kinds.map(|(kind, values)| (format!("{name}.{kind}"), list(values))));
        }
        _ => return None,
    }
    Some(lists)
}

/// Writes lines of `key = value`, with aligned `=`.
fn aligned(pairs: &[(&str, String)], indent: &str, end: &str) -> String {
    let widest = pairs.iter().map(|(name, _)| name.len()).max();
    let widest = widest.unwrap_or_default();
    let line = |(name, text): &(&str, String)| format!("{indent}{name:widest$} = {text}");
    pairs.iter().map(line).collect::<Vec<_>>().join(end)
}
