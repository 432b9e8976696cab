//! Reads the API's own description: which fields a body, a query or an answer has. What is sent is checked against it, so
//! that a caller is told of a mistake in the words of the description, and the page for people is written from it.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

/// How deep schemas refer to each other at most.
const MAX_DEPTH: usize = 8;

/// The description, as JSON.
static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(super::described()).unwrap_or_default());

/// A field of a body, a query or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The name.
    pub name: String,
    /// What its value is.
    pub kind: Kind,
    /// Whether it must be there.
    pub is_required: bool,
    /// Whether it may be null.
    pub is_nullable: bool,
    /// The meaning.
    pub description: String,
    /// A value, as an example.
    pub example: Option<Value>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A time, such as `2026-11-24T16:30:00Z`.
    Time,
    /// A file of a form.
    File,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of these texts.
    OneOf(Vec<String>),
    /// A list of values.
    List(Box<Kind>),
    /// An object of this schema.
    Object(String),
    /// Any JSON.
    Json,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a text"),
            Self::Time => f.write_str("a time"),
            Self::File => f.write_str("a file"),
            Self::Integer => f.write_str("a whole number"),
            Self::Boolean => f.write_str("`true` or `false`"),
            Self::OneOf(values) => write!(f, "one of {}", listed(values)),
            Self::List(kind) => write!(f, "a list, each {kind}"),
            Self::Object(name) => write!(f, "an object `{name}`"),
            Self::Json => f.write_str("an object"),
        }
    }
}

/// Returns the description.
pub(super) fn description() -> &'static Value {
    &DESCRIPTION
}

/// Returns the schema of an object by its name.
pub(super) fn named(name: &str) -> &'static Value {
    &DESCRIPTION["components"]["schemas"][name]
}

/// Returns the fields of an object, those that must be there first.
pub(super) fn fields(schema: &Value) -> Vec<Field> {
    let mut all = Vec::new();
    collect(schema, &mut all, MAX_DEPTH);
    all.sort_by_key(|field| !field.is_required);
    all
}

fn collect(schema: &Value, all: &mut Vec<Field>, depth: usize) {
    let schema = resolved(schema);
    if depth > 0 {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            collect(part, all, depth - 1);
        }
    }
    let required = schema["required"].as_array();
    let required: Vec<_> = required.into_iter().flatten().collect();
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = required.iter().any(|required| *required == name);
        all.push(field(name, part, is_required));
    }
}

/// Describes a field by its schema.
fn field(name: &str, schema: &Value, is_required: bool) -> Field {
    let (schema, is_nullable) = without_null(schema);
    let example = schema["examples"].get(0).or_else(|| schema.get("example"));
    Field {
        name: name.to_owned(),
        kind: kind(schema, MAX_DEPTH),
        is_required,
        is_nullable,
        description: text(&schema["description"]),
        example: example.cloned(),
    }
}

/// Describes a parameter of a query, path or header.
pub(super) fn parameter(parameter: &Value) -> Field {
    let is_required = parameter["required"].as_bool().unwrap_or_default();
    let of_schema = field(&text(&parameter["name"]), &parameter["schema"], is_required);
    Field {
        description: text(&parameter["description"]),
        ..of_schema
    }
}

/// Joins the lines of a text of the description.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('\n', " ")
}

/// Returns what a value is.
pub(super) fn kind(schema: &Value, depth: usize) -> Kind {
    let reference = schema["$ref"].as_str();
    let (schema, _) = without_null(resolved(schema));
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().filter_map(Value::as_str);
        return Kind::OneOf(values.map(str::to_owned).collect());
    }
    let is_object = schema["properties"].is_object() || schema["allOf"].is_array();
    if let Some(name) = reference.filter(|_| is_object) {
        let name = name.rsplit('/').next().unwrap_or_default();
        return Kind::Object(name.to_owned());
    }
    // Of a text that may be null both types are listed.
    let types = &schema["type"];
    let is = |name: &str| {
        let mut listed = types.as_array().into_iter().flatten();
        types == name || listed.any(|listed| listed == name)
    };
    match schema["format"].as_str() {
        Some("date-time") => Kind::Time,
        Some("binary") => Kind::File,
        _ if is("string") => Kind::Text,
        _ if is("integer") => Kind::Integer,
        _ if is("boolean") => Kind::Boolean,
        _ if is("array") && depth > 0 => Kind::List(Box::new(kind(&schema["items"], depth - 1))),
        _ => Kind::Json,
    }
}

/// Follows a reference within the description.
fn resolved(schema: &Value) -> &Value {
    let reference = schema["$ref"].as_str();
    let name = reference.and_then(|path| path.rsplit('/').next());
    match name {
        Some(name) => named(name),
        None => schema,
    }
}

/// Returns what a value is where it is not null, and whether it may be.
fn without_null(schema: &Value) -> (&Value, bool) {
    let is_null = |schema: &Value| schema["type"] == "null";
    let either = schema["oneOf"].as_array();
    if let Some(other) = either.and_then(|all| all.iter().find(|schema| !is_null(schema))) {
        return (other, true);
    }
    let mut types = schema["type"].as_array().into_iter().flatten();
    (schema, types.any(|name| name == "null"))
}

/// Writes names one after the other.
fn listed(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Checks what is sent as an object.
///
/// # Errors
/// It is none, or a field is missing, unknown, or something else than it is described as.
pub(super) fn check_object(fields: &[Field], sent: &Value) -> Result<(), String> {
    let Some(sent) = sent.as_object() else {
        let names: Vec<_> = fields.iter().map(|field| field.name.clone()).collect();
        return Err(format!(
            "the body is an object of JSON, with {}",
            listed(&names)
        ));
    };
    check_fields(fields, sent)
}

/// Checks the fields that are sent.
fn check_fields(fields: &[Field], sent: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in sent {
        let field = known(fields, name)?;
        let is_good = match (&field.kind, value) {
            (_, Value::Null) => field.is_nullable,
            (Kind::Text | Kind::Time, value) => value.is_string(),
            (Kind::OneOf(values), Value::String(value)) => values.contains(value),
            (Kind::Integer, value) => value.is_i64() || value.is_u64(),
            (Kind::Boolean, value) => value.is_boolean(),
            (Kind::OneOf(_), _) => false,
            _ => true,
        };
        if !is_good {
            return Err(format!("`{name}` is {}", field.kind));
        }
    }
    let missing = |field: &&Field| field.is_required && !sent.contains_key(&field.name);
    match fields.iter().find(missing) {
        Some(field) => Err(format!("`{}` is missing: it is {}", field.name, field.kind)),
        None => Ok(()),
    }
}

/// Checks the parameters of a query.
///
/// # Errors
/// A parameter is unknown, given twice, or something else than it is described as.
pub(super) fn check_query(fields: &[Field], query: &str) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let field = known(fields, &name)?;
        let is_good = match &field.kind {
            Kind::OneOf(values) => values.iter().any(|known| *known == value),
            Kind::Integer => value.parse::<u32>().is_ok(),
            _ => true,
        };
        if !is_good {
            return Err(format!("`{name}` is {}", field.kind));
        }
        if !seen.insert(name.clone()) {
            return Err(format!("`{name}` is given twice"));
        }
    }
    Ok(())
}

/// Finds a field by its name.
fn known<'a>(fields: &'a [Field], name: &str) -> Result<&'a Field, String> {
    let found = fields.iter().find(|field| field.name == name);
    found.ok_or_else(|| {
        let names: Vec<_> = fields.iter().map(|field| field.name.clone()).collect();
        format!("there is no `{name}`: there are {}", listed(&names))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decision(sent: &Value) -> Result<(), String> {
        check_object(&fields(named("NewDecision")), sent)
    }

    #[test]
    fn what_is_sent_is_checked_in_the_words_of_the_description() {
        assert_eq!(
            decision(&json!({"choice": "adopt", "reason": null})),
            Ok(())
        );
        for (sent, part) in [
            (json!([]), "an object of JSON, with `choice`, `reason`"),
            (json!({}), "`choice` is missing: it is one of `adopt`, "),
            (json!({"choice": "drop"}), "`choice` is one of `adopt`, "),
            (json!({"choice": 1}), "`choice` is one of `adopt`, "),
            (json!({"choice": null}), "`choice` is one of `adopt`, "),
            (json!({"choice": "adopt", "until": 3}), "`until` is a text"),
            (
                json!({"choice": "adopt", "x": 3}),
                "there is no `x`: there are `choice`, ",
            ),
        ] {
            let detail = decision(&sent).unwrap_err();
            assert!(detail.contains(part), "{sent}: {detail}");
        }
    }

    #[test]
    fn a_query_is_checked_alike() {
        let operation = &description()["paths"]["/api/v1/findings"]["get"];
        let parameters = operation["parameters"].as_array().unwrap();
        let fields: Vec<_> = parameters.iter().map(parameter).collect();
        assert_eq!(check_query(&fields, "severity=high&limit=3"), Ok(()));
        for (query, part) in [
            (
                "severity=dreadful",
                "`severity` is one of `critical`, `high`",
            ),
            ("limit=many", "`limit` is a whole number"),
            ("limit=1&limit=2", "`limit` is given twice"),
            ("page=2", "there is no `page`: there are `workspace`, "),
        ] {
            let detail = check_query(&fields, query).unwrap_err();
            assert!(detail.contains(part), "{query}: {detail}");
        }
    }

    #[test]
    fn an_answer_names_what_it_holds() {
        let fields = fields(named("WorkspacePage"));
        let kinds: Vec<_> = fields.iter().map(|field| field.kind.to_string()).collect();
        assert_eq!(kinds, ["a list, each an object `Workspace`", "a text"]);
        assert!(fields[1].is_nullable && !fields[1].is_required);
    }
}
