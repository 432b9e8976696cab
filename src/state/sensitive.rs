//! What a state itself marks as sensitive, by path.

use crate::model::{Attributes, Redactor, Schema, Value};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// One step of a path, as a state writes it.
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
    /// A form that no Terraform writes so far: the value above it is sealed whole.
    Other(IgnoredAny),
}

impl Default for StepValue {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

/// A resource's own tags, and those with the provider's default ones.
const TAGS: &str = "tags";
const ALL_TAGS: &str = "tags_all";

/// Replaces what stands at a path; where the path leads nowhere, what it leads through.
pub(super) fn seal(
    attributes: &mut Attributes,
    path: &[Step],
    schema: Option<&Schema>,
    redactor: &Redactor,
) {
    let seal = |value: &mut Value| *value = redactor.fingerprint(value);
    if let Some((first, rest)) = path.split_first()
        && matches!(&first.value, StepValue::Name(name) if name == TAGS)
    {
        // What a tag says stands among all tags as well, where nothing marks it.
        for name in [TAGS, ALL_TAGS] {
            match (attributes.get_mut(name), rest) {
                (Some(Value::Map(tags)), []) => tags.values_mut().for_each(seal),
                (Some(Value::Map(tags)), [key, ..]) => {
                    let StepValue::Index { value } = &key.value else {
                        tags.values_mut().for_each(seal);
                        continue;
                    };
                    if let Some(tag) = value.as_str().and_then(|key| tags.get_mut(key)) {
                        seal(tag);
                    }
                }
                _ => {}
            }
        }
        return;
    }
    match path.split_first() {
        Some((
            Step {
                value: StepValue::Name(name),
            },
            rest,
        )) => {
            let Some(value) = attributes.get_mut(name) else {
                return;
            };
            // The equal forms of a whole attribute are its type's to know.
            if let (true, Some(schema)) = (rest.is_empty(), schema) {
                *value = (schema.extra.form)(name, std::mem::take(value));
            }
            deepest(value, rest, seal);
        }
        // A path that cannot be read may mean anything.
        _ => attributes.values_mut().for_each(seal),
    }
}

/// Applies `seal` to the value at a path, or to the last one that the path still finds.
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
                Attributes::from([(TAGS.to_owned(), tags()), (ALL_TAGS.to_owned(), tags())]);
            let path: Vec<Step> = serde_json::from_str(path).unwrap();
            seal(&mut all, &path, None, &redactor);
            assert_eq!(all[TAGS], all[ALL_TAGS]);
            all[TAGS].clone()
        };
        let one = sealed(
            r#"[{"type": "get_attr", "value": "tags"}, {"type": "index", "value": {"value": "Oncall", "type": "string"}}]"#,
        );
        assert_eq!(one.get("Oncall"), &redactor.fingerprint(&"+1 555".into()));
        assert_eq!(one.get("Name"), &"web".into());
        let all = sealed(r#"[{"type": "get_attr", "value": "tags"}]"#);
        assert_eq!(all.get("Name"), &redactor.fingerprint(&"web".into()));
    }
}
