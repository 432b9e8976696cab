//! Converts a `statement` block to a policy's statement.

use super::json::Json;
use super::set_order;
use crate::model::Value;
use std::collections::BTreeMap;

/// The version whose texts have no variables.
const OLDER: &str = "2008-10-17";
/// The names of a statement's lists in HCL and in JSON.
pub(in crate::code) const LISTS: &[(&str, &str)] = &[
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
];
/// The lists whose texts may hold variables.
const WITH_VARIABLES: &[&str] = &["Resource", "NotResource"];

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its name; empty where it has none.
    pub sid: String,
    /// `Allow` or `Deny`; empty where it says neither.
    pub effect: String,
    /// The rest, in the provider's order.
    pub parts: Vec<(&'static str, Json)>,
}

/// The principals of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principals {
    /// `AWS`, `Service` and the like.
    pub kind: String,
    /// Who they are.
    pub identifiers: Identifiers,
}

/// A text, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identifiers {
    Single(String),
    Several(Vec<String>),
}

/// The values of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub test: String,
    pub variable: String,
    pub values: Vec<String>,
}

impl Statement {
    /// Converts a block; `None` where the provider does not take it.
    pub(super) fn of_block(block: &Value, version: &str) -> Option<Self> {
        let effect = block.get("effect").as_str().unwrap_or("Allow");
        let sid = block.get("sid").as_str().unwrap_or_default();
        let is_named = sid.chars().all(|letter| letter.is_ascii_alphanumeric());
        if !["Allow", "Deny"].contains(&effect) || !is_named {
            return None;
        }
        let mut parts = Vec::new();
        for (name, written) in LISTS {
            if block.get(name).is_empty() {
                continue;
            }
            let mut texts = set(block.get(name))?;
            if WITH_VARIABLES.contains(written) {
                texts = with_variables(texts, version)?;
            }
            let json = match <[String; 1]>::try_from(texts) {
                Ok([only]) => Json::Text(only),
                Err(texts) => Json::texts(texts),
            };
            parts.push((*written, json));
        }
        for (name, written) in [
            ("principals", "Principal"),
            ("not_principals", "NotPrincipal"),
        ] {
            let blocks = block.get(name);
            if !blocks.is_empty() {
                let principals = principals(blocks.as_list()?, version)?;
                parts.push((written, principals_json(principals)));
            }
        }
        let blocks = block.get("condition");
        if !blocks.is_empty() {
            let conditions = conditions(blocks.as_list()?, version)?;
            parts.push(("Condition", conditions_json(conditions)));
        }
        Some(Self {
            sid: sid.to_owned(),
            effect: effect.to_owned(),
            parts,
        })
    }

    /// Returns the statement as JSON.
    pub(super) fn json(&self) -> Json {
        let text = |text: &str| Json::Text(text.to_owned());
        let mut entries = Vec::new();
        for (name, value) in [("Sid", &self.sid), ("Effect", &self.effect)] {
            if !value.is_empty() {
                entries.push((name, text(value)));
            }
        }
        entries.extend(self.parts.iter().cloned());
        Json::object(entries)
    }
}

/// Returns a value as the provider reads it where it expects a string.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_list()?.iter().map(text).collect()
}

/// Returns the elements of a set of strings, as the provider writes them: the last first.
fn set(value: &Value) -> Option<Vec<String>> {
    let mut texts = texts(value)?;
    sort(&mut texts);
    texts.dedup();
    Some(texts)
}

fn sort(texts: &mut [String]) {
    texts.sort_by(|left, right| right.cmp(left));
}

/// Converts IAM policy variables, which code writes as `&{aws:username}`.
fn with_variables(texts: Vec<String>, version: &str) -> Option<Vec<String>> {
    let has_variable = |text: &String| text.contains("&{");
    if version == OLDER && texts.iter().any(has_variable) {
        return None;
    }
    let texts = texts.into_iter();
    Some(texts.map(|text| text.replace("&{", "${")).collect())
}

fn principals(blocks: &[Value], version: &str) -> Option<Vec<Principals>> {
    let blocks = set_order::sorted(blocks, &["identifiers"]).into_iter();
    let convert = |block: &Value| {
        let identifiers = with_variables(set(block.get("identifiers"))?, version)?;
        Some(Principals {
            kind: text(block.get("type"))?,
            identifiers: match <[String; 1]>::try_from(identifiers) {
                Ok([only]) => Identifiers::Single(only),
                Err(identifiers) => Identifiers::Several(identifiers),
            },
        })
    };
    blocks.map(convert).collect()
}

/// Returns principals as JSON: those of one kind are joined, and everybody is `*`.
pub(super) fn principals_json(principals: Vec<Principals>) -> Json {
    let is_all = |identifiers: &Identifiers| match identifiers {
        Identifiers::Single(text) => text == "*",
        Identifiers::Several(texts) => texts.as_slice() == ["*"],
    };
    if let [only] = principals.as_slice()
        && only.kind == "*"
        && is_all(&only.identifiers)
    {
        return Json::Text("*".to_owned());
    }
    let mut kinds: BTreeMap<String, Identifiers> = BTreeMap::new();
    for Principals { kind, identifiers } in principals {
        let joined = match (kinds.remove(&kind), identifiers) {
            (None, Identifiers::Single(text)) => Identifiers::Single(text),
            (known, more) => {
                // What is joined already keeps its order.
                let mut all = match known {
                    Some(Identifiers::Single(text)) => vec![text],
                    Some(Identifiers::Several(texts)) => texts,
                    None => Vec::new(),
                };
                all.extend(more.texts());
                Identifiers::Several(all)
            }
        };
        kinds.insert(kind, joined);
    }
    Json::object(kinds.into_iter().map(|(kind, identifiers)| {
        let json = match identifiers {
            Identifiers::Single(text) => Json::Text(text),
            Identifiers::Several(texts) => Json::texts(texts),
        };
        (kind, json)
    }))
}

impl Identifiers {
    fn texts(self) -> Vec<String> {
        match self {
            Self::Single(text) => vec![text],
            Self::Several(mut texts) => {
                sort(&mut texts);
                texts
            }
        }
    }
}

fn conditions(blocks: &[Value], version: &str) -> Option<Vec<Condition>> {
    let blocks = set_order::sorted(blocks, &[]).into_iter();
    let convert = |block: &Value| {
        Some(Condition {
            test: text(block.get("test"))?,
            variable: text(block.get("variable"))?,
            values: with_variables(texts(block.get("values"))?, version)?,
        })
    };
    blocks.map(convert).collect()
}

/// Returns conditions as JSON: the values of one test and variable are joined, a single one is a text.
pub(super) fn conditions_json(conditions: Vec<Condition>) -> Json {
    let mut tests: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for condition in conditions {
        let variables = tests.entry(condition.test).or_default();
        let values = variables.entry(condition.variable).or_default();
        values.extend(condition.values);
    }
    Json::object(tests.into_iter().map(|(test, variables)| {
        let variables = variables.into_iter().map(|(variable, values)| {
            let json = match <[String; 1]>::try_from(values) {
                Ok([only]) => Json::Text(only),
                Err(values) => Json::texts(values),
            };
            (variable, json)
        });
        (test, Json::object(variables))
    }))
}
