//! Two JSON documents, compared: a policy by its statements, any other document by its paths.

use super::{Line, Member, Parts};
use crate::model::{Value, masked};
use crate::report::words::{cut_value, printable};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// The longest document that is compared, in bytes; AWS takes no longer policy.
const LONGEST: usize = 256 * 1024;

/// How many parts of a document are shown one by one.
const MOST_PARTS: usize = 60;

/// How many statements on each side are compared with each other.
const MOST_STATEMENTS: usize = 100;

/// What differs between two documents; none where one is not a JSON object or list, or where nothing differs.
pub(super) fn parts(before: &Value, after: &Value) -> Option<Parts> {
    let (before, after) = (parsed(before)?, parsed(after)?);
    let (noun, members) = match (statements(&before), statements(&after)) {
        (Some(one), Some(other)) if one.len().max(other.len()) <= MOST_STATEMENTS => {
            let mut members = around(&before, &after);
            members.extend(compared(&one, &other));
            ("statement", members)
        }
        _ => ("value", paths(&before, &after)),
    };
    (!members.is_empty() && members.len() <= MOST_PARTS).then_some(Parts::Members { noun, members })
}

/// The document of a text. What looks like a credential is masked before it is taken apart: some are known only by what
/// stands around them.
fn parsed(value: &Value) -> Option<Json> {
    let Value::String(text) = value else {
        return None;
    };
    if text.len() > LONGEST || !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(&masked(text)).ok()
}

/// The statements of a policy; none where the document is something else.
fn statements(document: &Json) -> Option<Vec<&Map<String, Json>>> {
    let statements = match document.get("Statement")? {
        Json::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    statements.into_iter().map(Json::as_object).collect()
}

/// What differs beside the statements: the version and the id of the policy.
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

/// The statements that differ: those of one name, else those that are most alike, are one statement, changed.
fn compared(before: &[&Map<String, Json>], after: &[&Map<String, Json>]) -> Vec<Member> {
    let mut left: Vec<_> = after
        .iter()
        .map(|statement| Some(Statement::of(statement)))
        .collect();
    let mut rest = Vec::new();
    for one in before.iter().map(|statement| Statement::of(statement)) {
        match left.iter_mut().find(|other| other.as_ref() == Some(&one)) {
            Some(other) => *other = None,
            None => rest.push(one),
        }
    }
    let mut members = Vec::new();
    for one in rest {
        let candidates = left.iter_mut().filter_map(|place| {
            let alike = place.as_ref()?.likeness(&one)?;
            Some((alike, place))
        });
        let best = candidates.max_by_key(|(alike, _)| *alike);
        members.push(match best.and_then(|(_, place)| place.take()) {
            Some(other) => one.changed(&other),
            None => Member::Removed(one.text()),
        });
    }
    let added = left.into_iter().flatten();
    members.extend(added.map(|statement| Member::Added(statement.text())));
    members
}

/// A statement of a policy: each of its fields as the set of its values.
#[derive(Debug, PartialEq, Eq)]
struct Statement {
    sid: String,
    fields: Vec<(&'static str, BTreeSet<String>)>,
}

/// The fields of a statement in the order in which they are read.
const FIELDS: [&str; 8] = [
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Statement {
    fn of(statement: &Map<String, Json>) -> Self {
        let field = |name: &'static str| {
            let mut values = BTreeSet::new();
            if let Some(value) = statement.get(name) {
                flat("", value, &mut values);
            }
            (name, values)
        };
        Self {
            sid: statement
                .get("Sid")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned(),
            fields: FIELDS.map(field).to_vec(),
        }
    }

    /// How much two statements have in common: a name counts more than all else. None where they are two.
    fn likeness(&self, other: &Self) -> Option<usize> {
        let same_name = !self.sid.is_empty() && self.sid == other.sid;
        let same = |((_, one), (_, two)): &(&(_, BTreeSet<String>), &(_, BTreeSet<String>))| {
            !one.is_empty() && one == two
        };
        let common = self.fields.iter().zip(&other.fields).filter(same).count();
        // The effect alone makes no two statements one.
        (same_name || common >= 2).then_some(common + if same_name { FIELDS.len() } else { 0 })
    }

    /// `Allow s3:GetObject on * to AWS arn:...`.
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

    /// What changed in it.
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
            let mut field = field.filter(|((one, ..), _)| *one == name);
            field.find_map(|(one, two)| {
                (one.1 == two.1).then(|| one.1.iter().cloned().collect::<Vec<_>>())
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

/// The values below a field, each with the keys that lead to it: `AWS arn:...`, `StringEquals aws:SourceVpc vpc-1`.
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

/// The paths whose values differ.
fn paths(before: &Json, after: &Json) -> Vec<Member> {
    let mut members = Vec::new();
    walk("", (Some(before), Some(after)), &mut members);
    members
}

fn walk(path: &str, sides: (Option<&Json>, Option<&Json>), members: &mut Vec<Member>) {
    let (before, after) = sides;
    if before == after || members.len() > MOST_PARTS {
        return;
    }
    match sides {
        (Some(Json::Object(one)), Some(Json::Object(two))) => {
            let keys: BTreeSet<_> = one.keys().chain(two.keys()).collect();
            for key in keys {
                let path = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                walk(&path, (one.get(key), two.get(key)), members);
            }
        }
        (Some(Json::Array(one)), Some(Json::Array(two))) => {
            for at in 0..one.len().max(two.len()) {
                walk(
                    &format!("{path}[{at}]"),
                    (one.get(at), two.get(at)),
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

/// A scalar without quotes.
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
        let one = statement("", &json!("s3:GetObject"));
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
                          "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}});
        let before = json!({"Statement": [one]});
        let after = json!({"Statement": [open, one]});
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
