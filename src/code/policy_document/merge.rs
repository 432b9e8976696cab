//! Merges policies, as `source_policy_documents` and `override_policy_documents` do.

use super::json::Json;
use super::statement::{
    Condition, Identifiers, Principals, Statement, conditions_json, principals_json,
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The keys of a policy.
const POLICY: &[&str] = &["Version", "Id", "Statement"];
/// The keys of a statement.
const STATEMENT: &[&str] = &[
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Policy {
    /// Its version; empty where it has none.
    pub version: String,
    /// Its id; empty where it has none.
    pub id: String,
    /// Its statements.
    pub statements: Vec<Statement>,
}

impl Policy {
    /// Reads a policy of JSON; `None` where the provider does not take it, or may read it otherwise.
    pub(super) fn read(text: &str) -> Option<Self> {
        let Value::Object(policy) = serde_json::from_str(text).ok()? else {
            return None;
        };
        are_certain(&policy, POLICY)?;
        let statements = match policy.get("Statement") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items.iter().map(statement).collect::<Option<_>>()?,
            Some(_) => return None,
        };
        Some(Self {
            version: text_of(policy.get("Version"))?,
            id: text_of(policy.get("Id"))?,
            statements,
        })
    }

    /// Merges another policy into this one: a statement takes the place of the one with its name.
    pub(super) fn merge(&mut self, other: Self) {
        if !other.id.is_empty() {
            self.id = other.id;
        }
        if other.version > self.version {
            self.version = other.version;
        }
        for statement in other.statements {
            let mut own = self.statements.iter_mut();
            match own.find(|own| !statement.sid.is_empty() && own.sid == statement.sid) {
                Some(own) => *own = statement,
                None => self.statements.push(statement),
            }
        }
    }

    /// Returns whether no two statements have one name.
    pub(super) fn has_distinct_names(&self, known: &mut BTreeSet<String>) -> bool {
        let mut named = self.statements.iter().filter(|own| !own.sid.is_empty());
        named.all(|statement| known.insert(statement.sid.clone()))
    }

    /// Returns the policy as JSON.
    pub(super) fn json(&self) -> Json {
        let mut entries = Vec::new();
        for (name, value) in [("Version", &self.version), ("Id", &self.id)] {
            if !value.is_empty() {
                entries.push((name, Json::Text(value.clone())));
            }
        }
        if !self.statements.is_empty() {
            let statements = self.statements.iter().map(Statement::json);
            entries.push(("Statement", Json::List(statements.collect())));
        }
        Json::object(entries)
    }
}

/// Returns nothing where a key differs from one of these in its letters' case alone: the provider reads it all the same.
fn are_certain(object: &Map<String, Value>, keys: &[&str]) -> Option<()> {
    let differs = |key: &String| {
        let is_like = |known: &&&str| known.eq_ignore_ascii_case(key);
        !keys.contains(&key.as_str()) && keys.iter().any(|known| is_like(&known))
    };
    (!object.keys().any(differs)).then_some(())
}

/// Returns a text; an empty one where there is none.
fn text_of(value: Option<&Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => None,
    }
}

fn statement(value: &Value) -> Option<Statement> {
    let object = value.as_object()?;
    are_certain(object, STATEMENT)?;
    let mut parts = Vec::new();
    for name in &STATEMENT[2..] {
        let Some(value) = object.get(*name) else {
            continue;
        };
        let json = match *name {
            "Principal" | "NotPrincipal" => principals_json(principals(value)?),
            "Condition" => conditions_json(conditions(value)?),
            _ if value.is_null() => continue,
            _ => words(value)?,
        };
        // The provider leaves out what lists nothing.
        if json != Json::Object(Vec::new()) {
            parts.push((*name, json));
        }
    }
    Some(Statement {
        sid: text_of(object.get("Sid"))?,
        effect: text_of(object.get("Effect"))?,
        parts,
    })
}

fn words(value: &Value) -> Option<Json> {
    match value {
        Value::String(text) => Some(Json::Text(text.clone())),
        Value::Array(items) => Some(Json::texts(texts(items)?)),
        _ => None,
    }
}

fn texts(items: &[Value]) -> Option<Vec<String>> {
    let text = |item: &Value| Some(item.as_str()?.to_owned());
    items.iter().map(text).collect()
}

fn principals(value: &Value) -> Option<Vec<Principals>> {
    let kinds = match value {
        // Whatever it says, it is everybody.
        Value::String(_) => {
            return Some(vec![Principals {
                kind: "*".to_owned(),
                identifiers: Identifiers::Several(vec!["*".to_owned()]),
            }]);
        }
        Value::Object(kinds) => kinds,
        _ => return None,
    };
    let principals = |(kind, value): (&String, &Value)| {
        Some(Principals {
            kind: kind.clone(),
            identifiers: match value {
                Value::String(text) => Identifiers::Single(text.clone()),
                Value::Array(items) => Identifiers::Several(texts(items)?),
                _ => return None,
            },
        })
    };
    kinds.iter().map(principals).collect()
}

fn conditions(value: &Value) -> Option<Vec<Condition>> {
    let mut all = Vec::new();
    for (test, variables) in value.as_object()? {
        for (variable, values) in variables.as_object()? {
            all.push(Condition {
                test: test.clone(),
                variable: variable.clone(),
                values: match values {
                    Value::String(text) => vec![text.clone()],
                    Value::Bool(flag) => vec![flag.to_string()],
                    Value::Array(items) => texts(items)?,
                    _ => return None,
                },
            });
        }
    }
    Some(all)
}
