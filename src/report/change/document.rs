//! Compares JSON documents: a policy by its statements, any other document by its paths.

use super::{Line, Member, Parts};
use crate::model::{STATEMENT_ELEMENTS, Value, masked};
use crate::report::words::{cut_value, printable};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// The longest document that is compared, in bytes; AWS accepts no longer policy.
const MAX_BYTES: usize = 256 * 1024;

/// How many differing parts of a document are shown one by one.
const MAX_PARTS: usize = 60;

/// How many statements on each side are compared with each other.
const MAX_STATEMENTS: usize = 100;

/// Returns what differs between two documents; `None` where one is not a JSON object or list, or where nothing differs.
pub(super) fn parts(before: &Value, after: &Value) -> Option<Parts> {
    let (before, after) = (parsed(before)?, parsed(after)?);
    let (noun, members) = match (statements(&before), statements(&after)) {
        (Some(left), Some(right)) if left.len().max(right.len()) <= MAX_STATEMENTS => {
            let mut members = around(&before, &after);
            members.extend(compared(&left, &right));
            ("statement", members)
        }
        _ => ("value", paths(&before, &after)),
    };
    (!members.is_empty() && members.len() <= MAX_PARTS).then_some(Parts::Members { noun, members })
}

/// Parses a document. What looks like a credential is masked first: some are recognized only by their context.
fn parsed(value: &Value) -> Option<Json> {
    let Value::String(text) = value else {
        return None;
    };
    if text.len() > MAX_BYTES || !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(&masked(text)).ok()
}

/// Returns the statements of a policy; `None` for another document.
fn statements(document: &Json) -> Option<Vec<&Map<String, Json>>> {
    let statements = match document.get("Statement")? {
        Json::Array(items) => items.iter().collect(),
        single => vec![single],
    };
    statements.into_iter().map(Json::as_object).collect()
}

/// Returns what differs outside the statements: the version and the id of the policy.
fn around(before: &Json, after: &Json) -> Vec<Member> {
    let without = |document: &Json| {
        let mut document = document.clone();
        if let Some(fields) = document.as_object_mut() {
            fields.remove("Statement");
        }
        document
    };
    paths(&without(before), &without(after))
}

/// Returns the statements that differ. Statements of the same name, else the most similar ones, count as one changed
/// statement.
fn compared(before: &[&Map<String, Json>], after: &[&Map<String, Json>]) -> Vec<Member> {
    let mut left: Vec<_> = after
        .iter()
        .map(|statement| Some(Statement::of(statement)))
        .collect();
    let mut rest = Vec::new();
    for statement in before.iter().map(|statement| Statement::of(statement)) {
        match left
            .iter_mut()
            .find(|other| other.as_ref() == Some(&statement))
        {
            Some(other) => *other = None,
            None => rest.push(statement),
        }
    }
    let mut members = Vec::new();
    for statement in rest {
        let candidates = left.iter_mut().filter_map(|place| {
            let alike = place.as_ref()?.likeness(&statement)?;
            Some((alike, place))
        });
        let best = candidates.max_by_key(|(alike, _)| *alike);
        members.push(match best.and_then(|(_, place)| place.take()) {
            Some(other) => statement.changed(&other),
            None => Member::Removed(statement.text()),
        });
    }
    let added = left.into_iter().flatten();
    members.extend(added.map(|statement| Member::Added(statement.text())));
    members
}

/// A statement of a policy: each of its fields as a set of values.
#[derive(Debug, PartialEq, Eq)]
struct Statement {
    sid: String,
    fields: Vec<(&'static str, BTreeSet<String>)>,
}

impl Statement {
    fn of(statement: &Map<String, Json>) -> Self {
        let field = |name: &'static str| {
            let mut values = BTreeSet::new();
            if let Some(value) = statement.get(name) {
                flat("", value, &mut values);
            }
            (name, values)
        };
        let fields = STATEMENT_ELEMENTS.into_iter();
        let fields = fields.filter(|name| *name != "Sid");
        Self {
            sid: statement
                .get("Sid")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned(),
            fields: fields.map(field).collect(),
        }
    }

    /// Returns how much two statements have in common, a name most of all; `None` where they are different statements.
    fn likeness(&self, other: &Self) -> Option<usize> {
        let same_name = !self.sid.is_empty() && self.sid == other.sid;
        let same =
            |((_, field), (_, other_field)): &(&(_, BTreeSet<String>), &(_, BTreeSet<String>))| {
                !field.is_empty() && field == other_field
            };
        let common = self.fields.iter().zip(&other.fields).filter(same).count();
        // The effect alone makes no two statements one.
        (same_name || common >= 2).then_some(
            common
                + if same_name {
                    STATEMENT_ELEMENTS.len()
                } else {
                    0
                },
        )
    }

    /// Formats the statement: `Allow s3:GetObject on * to AWS arn:...`.
    fn text(&self) -> String {
        let mut text = self.name();
        for (name, values) in &self.fields {
            let values: Vec<_> = values.iter().map(|value| cut_value(value)).collect();
            if values.is_empty() {
                continue;
            }
            let before = match *name {
                "Effect" => "",
                "Principal" => " to ",
                "NotPrincipal" => " to all but ",
                "Action" => " do ",
                "NotAction" => " do all but ",
                "Resource" => " on ",
                "NotResource" => " on all but ",
                _ => " if ",
            };
            text.push_str(before);
            text.push_str(&values.join(", "));
        }
        text
    }

    fn name(&self) -> String {
        match self.sid.as_str() {
            "" => String::new(),
            sid => format!("{}: ", printable(sid)),
        }
    }

    /// Returns what changed in the statement.
    fn changed(&self, other: &Self) -> Member {
        let mut lines = Vec::new();
        let all = self.fields.iter().zip(&other.fields);
        for ((name, before), (_, after)) in all {
            let line = |value: &String| format!("{name}: {}", cut_value(value));
            lines.extend(
                before
                    .difference(after)
                    .map(|value| Line::Removed(line(value))),
            );
            lines.extend(
                after
                    .difference(before)
                    .map(|value| Line::Added(line(value))),
            );
        }
        if self.sid != other.sid {
            let sid = |sid: &str| format!("Sid: {}", printable(sid));
            lines.push(Line::Removed(sid(&self.sid)));
            lines.push(Line::Added(sid(&other.sid)));
        }
        let same = |name: &str| {
            let field = self.fields.iter().zip(&other.fields);
            let mut field = field.filter(|((left, ..), _)| *left == name);
            field.find_map(|(left, right)| {
                (left.1 == right.1).then(|| left.1.iter().cloned().collect::<Vec<_>>())
            })
        };
        let known = ["Effect", "Action", "Resource"]
            .into_iter()
            .filter_map(same);
        let known: Vec<_> = known.flatten().map(|value| cut_value(&value)).collect();
        let name = match self.sid.as_str() {
            "" => format!("statement {}", known.join(" "))
                .trim_end()
                .to_owned(),
            sid => format!("statement {}", printable(sid)),
        };
        Member::Changed { name, lines }
    }
}

/// Returns the values below a field, each with its keys: `AWS arn:...`, `StringEquals aws:SourceVpc vpc-1`.
fn flat(before: &str, value: &Json, into: &mut BTreeSet<String>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| flat(before, item, into)),
        Json::Object(fields) => {
            for (key, value) in fields {
                flat(&format!("{before}{key} "), value, into);
            }
        }
        value => {
            into.insert(format!("{before}{}", scalar(value)));
        }
    }
}

/// Returns the paths whose values differ.
fn paths(before: &Json, after: &Json) -> Vec<Member> {
    let mut members = Vec::new();
    walk("", (Some(before), Some(after)), &mut members);
    members
}

fn walk(path: &str, sides: (Option<&Json>, Option<&Json>), members: &mut Vec<Member>) {
    let (before, after) = sides;
    if before == after || members.len() > MAX_PARTS {
        return;
    }
    match sides {
        (Some(Json::Object(left)), Some(Json::Object(right))) => {
            let keys: BTreeSet<_> = left.keys().chain(right.keys()).collect();
            for key in keys {
                let path = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                walk(&path, (left.get(key), right.get(key)), members);
            }
        }
        (Some(Json::Array(left)), Some(Json::Array(right))) => {
            for at in 0..left.len().max(right.len()) {
                walk(
                    &format!("{path}[{at}]"),
                    (left.get(at), right.get(at)),
                    members,
                );
            }
        }
        (before, after) => {
            let text =
                |value: &Json| format!("{} = {}", printable(path), cut_value(&written(value)));
            members.extend(before.map(|value| Member::Removed(text(value))));
            members.extend(after.map(|value| Member::Added(text(value))));
        }
    }
}

/// Formats a scalar without quotes.
fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn written(value: &Json) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(before: &Json, after: &Json) -> (&'static str, Vec<Member>) {
        let text = |document: &Json| Value::text(document.to_string());
        match parts(&text(before), &text(after)) {
            Some(Parts::Members { noun, members }) => (noun, members),
            other => panic!("{other:?}"),
        }
    }

    fn statement(sid: &str, action: &Json) -> Json {
        json!({"Sid": sid, "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
               "Action": action, "Resource": "*"})
    }

    #[test]
    fn a_statement_shows_the_action_that_was_added_to_it() {
        let before = json!({"Version": "2012-10-17", "Statement": statement("Read", &json!("s3:GetObject"))});
        let after = json!({"Version": "2012-10-17",
                           "Statement": [statement("Read", &json!(["s3:GetObject", "s3:PutObject"]))]});
        assert_eq!(
            members(&before, &after),
            (
                "statement",
                vec![Member::Changed {
                    name: "statement Read".to_owned(),
                    lines: vec![Line::Added("Action: s3:PutObject".to_owned())],
                }]
            )
        );
    }

    #[test]
    fn a_statement_that_was_added_is_one_line() {
        let only = statement("", &json!("s3:GetObject"));
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
                          "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}});
        let before = json!({"Statement": [only]});
        let after = json!({"Statement": [open, only]});
        assert_eq!(
            members(&before, &after).1,
            [Member::Added(
                "Allow to * do s3:* on arn:aws:s3:::b/* if StringEquals aws:SourceVpc vpc-1"
                    .to_owned()
            )]
        );
    }

    #[test]
    fn a_principal_and_a_condition_that_changed_show_both_sides() {
        let with = |principal: &str, vpc: &str| {
            json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "s3:*",
                   "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": vpc}}}]})
        };
        let (_, members) = members(&with("arn:aws:iam::1:root", "vpc-1"), &with("*", "vpc-2"));
        assert_eq!(
            members,
            [Member::Changed {
                name: "statement Allow s3:* *".to_owned(),
                lines: vec![
                    Line::Removed("Principal: AWS arn:aws:iam::1:root".to_owned()),
                    Line::Added("Principal: AWS *".to_owned()),
                    Line::Removed("Condition: StringEquals aws:SourceVpc vpc-1".to_owned()),
                    Line::Added("Condition: StringEquals aws:SourceVpc vpc-2".to_owned()),
                ],
            }]
        );
    }

    #[test]
    fn any_other_document_shows_the_paths_that_differ() {
        let before = json!([{"name": "web", "image": "a:1", "cpu": 10}]);
        let after = json!([{"name": "web", "image": "a:2", "cpu": 10}]);
        assert_eq!(
            members(&before, &after),
            (
                "value",
                vec![
                    Member::Removed(r#"[0].image = "a:1""#.to_owned()),
                    Member::Added(r#"[0].image = "a:2""#.to_owned()),
                ]
            )
        );
    }

    #[test]
    fn what_is_no_document_on_both_sides_is_compared_as_a_whole() {
        for (before, after) in [("{}", "x"), ("{", "{"), ("plain", "text"), ("{}", "{}")] {
            assert_eq!(parts(&Value::text(before), &Value::text(after)), None);
        }
    }
}
