//! Finds the statements of IAM policies in JSON files that code reads.

use super::functions::file::policy_text;
use super::json_syntax::{Entry, Json, Node, nodes};
use super::parse;
use super::policy::{TEXT, of_object};
use super::scope::Scope;
use crate::model::{Part, PolicyCode, PolicyForm, Source, StatementCode, Value};
use hcl_edit::expr::{Expression, FuncCall};
use std::collections::BTreeMap;

/// Finds the policy in the file that a call reads: `file`, `templatefile`, and both decoded and encoded again. Returns
/// `None` for any other call, or where the file holds no policy.
pub(super) fn of_call(scope: &Scope<'_>, call: &FuncCall) -> Option<(Source, PolicyCode)> {
    let arguments: Vec<_> = call.args.iter().collect();
    match (call.name.name.as_str(), arguments.as_slice()) {
        ("jsonencode", [Expression::FuncCall(decode)])
            if decode.name.name.as_str() == "jsondecode" =>
        {
            match decode.args.iter().next()? {
                Expression::FuncCall(read) => of_call(scope, read),
                _ => None,
            }
        }
        ("file", [path]) => policy_text(scope, path, None, |_, path, text| {
            scope.budget().work(text.len() / TEXT).ok()?;
            let statements = statements(text, &nodes(text)?)?;
            Some((whole(path, text), code(PolicyForm::File, statements)))
        }),
        ("templatefile", [path, names]) => {
            policy_text(scope, path, Some(names), |inner, path, text| {
                scope.budget().work(text.len() / TEXT).ok()?;
                let start = text.len() - text.trim_start().len();
                // JSON is an object of HCL, and what is interpolated in its texts are templates of HCL.
                let parsed = parse::expression(text.trim()).ok()?;
                let Expression::Object(object) = &parsed else {
                    return None;
                };
                let statements = of_object(inner, object, start, &|_| None)?;
                Some((whole(path, text), code(PolicyForm::Template, statements)))
            })
        }
        _ => None,
    }
}

fn code(form: PolicyForm, statements: Vec<StatementCode>) -> PolicyCode {
    PolicyCode { form, statements }
}

/// Returns the location of a file's whole text.
pub(super) fn whole(path: &str, text: &str) -> Source {
    Source {
        file: path.to_owned(),
        line: 1,
        span: (0, text.len()),
    }
}

/// Finds the statements of a policy in JSON. Returns `None` where an object has a key twice, since only one of its
/// values counts.
fn statements(text: &str, root: &Node<'_>) -> Option<Vec<StatementCode>> {
    let entries = of_unique_keys(root)?;
    let list = entries.iter().find(|entry| entry.key == "Statement")?;
    let items = match &list.value.json {
        Json::List(items) => items.iter().collect(),
        _ => vec![&list.value],
    };
    let part = |node: &Node<'_>| {
        let written = text.get(node.at..node.end)?;
        Some(Part {
            value: serde_json::from_str::<Value>(written).ok()?,
            span: (node.at, node.end),
            behind: None,
        })
    };
    let statement = |node: &Node<'_>| {
        let mut parts = BTreeMap::new();
        for entry in of_unique_keys(node)? {
            parts.insert(entry.key.clone(), part(&entry.value)?);
        }
        let whole = part(node)?;
        Some(StatementCode { whole, parts })
    };
    items.into_iter().map(statement).collect()
}

/// Returns the entries of an object without duplicate keys.
fn of_unique_keys<'n, 't>(node: &'n Node<'t>) -> Option<&'n [Entry<'t>]> {
    let Json::Object(entries) = &node.json else {
        return None;
    };
    let mut keys: Vec<_> = entries.iter().map(|entry| &entry.key).collect();
    keys.sort();
    let is_unique = keys.windows(2).all(|pair| pair[0] != pair[1]);
    is_unique.then_some(entries.as_slice())
}
