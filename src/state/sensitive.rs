//! Replaces the values that a state marks as sensitive.

use crate::model::{Attributes, Redactor, Schema, TAGS, TAGS_ALL, Value};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A step of a path, as a state writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Step {
    #[serde(default)]
    value: StepValue,
}

/// An attribute's name, or an index with its type around it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum StepValue {
    Name(String),
    Index {
        value: Value,
    },
    /// A step that no version of Terraform writes so far: the value above it is replaced as a whole.
    Other(IgnoredAny),
}

impl Default for StepValue {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

/// Replaces the values at these paths, or the last value that a path still finds.
///
/// A state may name as many paths as attributes, so a value that several paths name is replaced once.
pub(super) fn seal(
    attributes: &mut Attributes,
    paths: &[Vec<Step>],
    schema: Option<&Schema>,
    redactor: &Redactor,
) {
    let seal = |value: &mut Value| *value = redactor.fingerprint(value);
    let (mut every_tag, mut every_attribute) = (false, false);
    for path in paths {
        match path.split_first().map(|(first, rest)| (&first.value, rest)) {
            Some((StepValue::Name(name), rest)) if name == TAGS => {
                match rest.first().map(|key| &key.value) {
                    Some(StepValue::Index { value }) => {
                        seal_tag(attributes, value.as_str(), redactor);
                    }
                    _ => every_tag = true,
                }
            }
            Some((StepValue::Name(name), rest)) => {
                let Some(value) = attributes.get_mut(name) else {
                    continue;
                };
                // The equal forms of a whole attribute are its type's to know.
                if let (true, Some(schema)) = (rest.is_empty(), schema) {
                    *value = (schema.rules.normalize)(name, std::mem::take(value));
                }
                deepest(value, rest, seal);
            }
            // A path that cannot be read may mean anything.
            _ => every_attribute = true,
        }
    }
    for name in [TAGS, TAGS_ALL] {
        if let (true, Some(Value::Map(tags))) = (every_tag, attributes.get_mut(name)) {
            tags.values_mut().for_each(seal);
        }
    }
    if every_attribute {
        attributes.values_mut().for_each(seal);
    }
}

/// Replaces a tag, in `tags_all` as well, where no path marks it.
fn seal_tag(attributes: &mut Attributes, key: Option<&str>, redactor: &Redactor) {
    for name in [TAGS, TAGS_ALL] {
        if let (Some(Value::Map(tags)), Some(key)) = (attributes.get_mut(name), key)
            && let Some(tag) = tags.get_mut(key)
        {
            *tag = redactor.fingerprint(tag);
        }
    }
}

/// Applies `seal` to the value at a path, or to the last value that the path still finds.
fn deepest(value: &mut Value, path: &[Step], seal: impl Fn(&mut Value)) {
    if let Some((step, rest)) = path.split_first()
        && let Some(found) = below(value, step)
    {
        return deepest(found, rest, seal);
    }
    seal(value);
}

fn below<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match (value, &step.value) {
        (Value::Map(entries), StepValue::Name(name)) => entries.get_mut(name),
        (Value::Map(entries), StepValue::Index { value }) => entries.get_mut(value.as_str()?),
        (Value::List(items), StepValue::Index { value }) => {
            items.get_mut(usize::try_from(value.as_i64()?).ok()?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_is_a_secret_is_one_among_all_tags_as_well() {
        let tags = || Value::map([("Oncall", Value::from("+1 555")), ("Name", "web".into())]);
        let redactor = Redactor::new(b"key");
        let sealed = |path: &str| {
            let mut all =
                Attributes::from([(TAGS.to_owned(), tags()), (TAGS_ALL.to_owned(), tags())]);
            let path: Vec<Step> = serde_json::from_str(path).unwrap();
            seal(&mut all, &[path], None, &redactor);
            assert_eq!(all[TAGS], all[TAGS_ALL]);
            all[TAGS].clone()
        };
        let sealed_attributes = sealed(
            r#"[{"type": "get_attr", "value": "tags"}, {"type": "index", "value": {"value": "Oncall", "type": "string"}}]"#,
        );
        assert_eq!(
            sealed_attributes.get("Oncall"),
            &redactor.fingerprint(&"+1 555".into())
        );
        assert_eq!(sealed_attributes.get("Name"), &"web".into());
        let all = sealed(r#"[{"type": "get_attr", "value": "tags"}]"#);
        assert_eq!(all.get("Name"), &redactor.fingerprint(&"web".into()));
    }

    /// Were each of these paths followed by itself, this would take longer than anybody waits.
    #[test]
    fn many_paths_to_many_attributes_are_sealed_at_once() {
        const MANY: usize = 100_000;
        let redactor = Redactor::new(b"key");
        let names = || (0..MANY).map(|at| format!("a{at}"));
        for path in [r#"[{"type": "get_attr", "value": "tags"}]"#, "[{}]", "[]"] {
            let mut all: Attributes = names().map(|name| (name, 1.into())).collect();
            let tags = names().map(|name| (name, Value::from("x")));
            all.insert(TAGS.to_owned(), Value::map(tags));
            let path: Vec<Step> = serde_json::from_str(path).unwrap();
            seal(&mut all, &vec![path; MANY], None, &redactor);
            assert!(all[TAGS].has_secret(), "{:?}", all[TAGS].get("a1"));
        }
    }
}
