//! Writes statements as blocks of `data.aws_iam_policy_document`.

use super::literal::{quote, render};
use super::policy::Rewrite;
use crate::model::{Value, ValueMap, sort_policy};

impl Rewrite<'_> {
    /// Writes the body of a `statement` block.
    pub(super) fn block(&self, entries: &ValueMap, indent: &str) -> Option<String> {
        let end = self.page.line_end();
        let list = |value: &Value| match value {
            Value::List(_) => render(&self.variables(value), ""),
            single => render(&Value::List(vec![self.variables(single)]), ""),
        };
        let mut pairs = Vec::new();
        let mut blocks = Vec::new();
        let mut entries: Vec<_> = entries.iter().collect();
        sort_policy(&mut entries, |(name, _)| name);
        for (name, value) in entries {
            match name.as_str() {
                "Sid" => pairs.push(("sid", quote(value.as_str()?))),
                "Effect" => pairs.push(("effect", quote(value.as_str()?))),
                "Action" => pairs.push(("actions", list(value)?)),
                "NotAction" => pairs.push(("not_actions", list(value)?)),
                "Resource" => pairs.push(("resources", list(value)?)),
                "NotResource" => pairs.push(("not_resources", list(value)?)),
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
                        let body = [("type", quote(&kind)), ("identifiers", list(&identifiers)?)];
                        blocks.push((block, body.to_vec()));
                    }
                }
                "Condition" => {
                    for (test, keys) in value.as_map()? {
                        for (variable, values) in keys.as_map()? {
                            let body = [
                                ("test", quote(test)),
                                ("variable", quote(variable)),
                                ("values", list(values)?),
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

/// Writes lines of `key = value`, with aligned `=`.
fn aligned(pairs: &[(&str, String)], indent: &str, end: &str) -> String {
    let widest = pairs.iter().map(|(name, _)| name.len()).max();
    let widest = widest.unwrap_or_default();
    let line = |(name, text): &(&str, String)| format!("{indent}{name:widest$} = {text}");
    pairs.iter().map(line).collect::<Vec<_>>().join(end)
}
