//! GitHub's published description of its API: every request is held to it.

use crate::npm;
use driftguard::standin::github::Validator;
use http::Method;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// The package that GitHub's description comes in.
const PACKAGE: &str = "@octokit/openapi@23.0.2";

/// Refuses what the description refuses. None where npm does not give it.
pub fn validator() -> Option<Validator> {
    static DESCRIPTION: LazyLock<Option<Arc<Description>>> =
        LazyLock::new(|| Description::read().map(Arc::new));
    let description = DESCRIPTION.clone()?;
    Some(Arc::new(
        move |method: &Method, path: &str, query: &str, body: &[u8]| {
            description.check(method, path, query, body)
        },
    ))
}

struct Description {
    whole: Value,
    /// Compiled schemas of bodies, by operation.
    bodies: Mutex<HashMap<String, Arc<jsonschema::Validator>>>,
}

impl Description {
    fn read() -> Option<Self> {
        let file = npm::package(PACKAGE)?.join("generated/api.github.com.json");
        let text = std::fs::read(file).unwrap();
        Some(Self {
            whole: serde_json::from_slice(&text).unwrap(),
            bodies: Mutex::default(),
        })
    }

    fn check(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> Result<(), String> {
        let (template, operations) = self.find(path).ok_or("there is no such path")?;
        let method = method.as_str().to_lowercase();
        let operation = &operations[&method];
        if operation.is_null() {
            return Err(format!("{template} does not take {method}"));
        }
        self.check_query(operations, operation, query)?;
        let wanted = self.resolve(&operation["requestBody"]);
        if body.is_empty() {
            return match wanted["required"].as_bool() {
                Some(true) => Err("the body is missing".to_owned()),
                _ => Ok(()),
            };
        }
        let schema = &wanted["content"]["application/json"]["schema"];
        if schema.is_null() {
            return Err(format!("{method} {template} takes no body"));
        }
        let said: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let compiled = self.body(&format!("{method} {template}"), schema);
        let wrong: Vec<_> = compiled
            .iter_errors(&said)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        }
    }

    fn check_query(
        &self,
        operations: &Value,
        operation: &Value,
        query: &str,
    ) -> Result<(), String> {
        let lists = [&operations["parameters"], &operation["parameters"]];
        let all = lists
            .into_iter()
            .flat_map(|list| list.as_array().into_iter().flatten());
        let known: Vec<_> = all
            .map(|one| self.resolve(one))
            .filter(|one| one["in"] == "query")
            .collect();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let found = known.iter().find(|one| one["name"] == *name);
            let found = found.ok_or_else(|| format!("there is no parameter `{name}`"))?;
            let schema = &found["schema"];
            if schema["type"] == "integer" && value.parse::<i64>().is_err() {
                return Err(format!("`{name}` is no number"));
            }
            let choices = schema["enum"].as_array();
            if choices.is_some_and(|choices| !choices.iter().any(|choice| *choice == *value)) {
                return Err(format!("`{name}` cannot be `{value}`"));
            }
        }
        Ok(())
    }

    /// The path of the description that a path is; the exact one first.
    fn find(&self, path: &str) -> Option<(&str, &Value)> {
        let paths = self.whole["paths"].as_object()?;
        let fits = |template: &str, swallow: bool| {
            let (wanted, given): (Vec<_>, Vec<_>) =
                (template.split('/').collect(), path.split('/').collect());
            let open = |step: &str| step.starts_with('{');
            let same = |(wanted, given): (&&str, &&str)| {
                open(wanted) && !given.is_empty() || wanted == given
            };
            let longer = swallow
                && given.len() >= wanted.len()
                && wanted.last().is_some_and(|last| open(last));
            (wanted.len() == given.len() || longer) && wanted.iter().zip(&given).all(same)
        };
        let literal = |template: &&String| template.matches('{').count();
        let exact = paths
            .keys()
            .filter(|template| fits(template, false))
            .min_by_key(literal);
        let swallows = |template: &&String| {
            ["{ref}", "{path}", "{branch}"]
                .iter()
                .any(|end| template.ends_with(end))
        };
        let found = exact.or_else(|| {
            paths
                .keys()
                .filter(swallows)
                .find(|template| fits(template, true))
        })?;
        Some((found, &paths[found]))
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix('#'))
        {
            Some(pointer) => self.whole.pointer(pointer).unwrap_or(value),
            None => value,
        }
    }

    fn body(&self, operation: &str, schema: &Value) -> Arc<jsonschema::Validator> {
        let mut bodies = self.bodies.lock().unwrap();
        let compile = || Arc::new(jsonschema::validator_for(&self.plain(schema, true)).unwrap());
        bodies
            .entry(operation.to_owned())
            .or_insert_with(compile)
            .clone()
    }

    /// A schema as JSON Schema has it: references put in, `nullable` said otherwise, unknown keys at the top refused.
    fn plain(&self, schema: &Value, top: bool) -> Value {
        match self.resolve(schema) {
            Value::Object(parts) => {
                let mut plain: Map<String, Value> = parts
                    .iter()
                    .map(|(key, part)| (key.clone(), self.plain(part, false)))
                    .collect();
                if plain.remove("nullable") == Some(Value::Bool(true)) {
                    let own = Value::Object(plain);
                    return serde_json::json!({"anyOf": [{"type": "null"}, own]});
                }
                for unknown in ["example", "examples", "x-github", "deprecated"] {
                    if plain
                        .get(unknown)
                        .is_none_or(|part| part.get("type").is_none())
                    {
                        plain.remove(unknown);
                    }
                }
                let open = plain.contains_key("additionalProperties")
                    || ["oneOf", "anyOf", "allOf"]
                        .iter()
                        .any(|key| plain.contains_key(*key));
                if top && plain.contains_key("properties") && !open {
                    plain.insert("additionalProperties".to_owned(), false.into());
                }
                Value::Object(plain)
            }
            Value::Array(items) => items.iter().map(|item| self.plain(item, false)).collect(),
            other => other.clone(),
        }
    }
}
