//! Parses attribute paths as Terraform writes them: `tags["Role"]`, `root_block_device[0].volume_size`.

use crate::model::{Value, entry_path};

/// One step below an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// `["Role"]`, `.volume_size`
    Key(String),
    /// `[0]`
    Index(usize),
}

/// Parses a path into an attribute and the steps below it; `None` where the text is no valid path.
pub(super) fn parse(path: &str) -> Option<(&str, Vec<Step>)> {
    let end = path.find(['[', '.']).unwrap_or(path.len());
    let (name, mut rest) = path.split_at(end);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['[', '.']).unwrap_or(after.len());
            steps.push(Step::Key(after[..end].to_owned()));
            rest = &after[end..];
            continue;
        }
        let inner = rest.strip_prefix('[')?;
        if inner.starts_with('"') {
            let mut quoted = serde_json::Deserializer::from_str(inner).into_iter::<String>();
            steps.push(Step::Key(quoted.next()?.ok()?));
            rest = inner.get(quoted.byte_offset()..)?.strip_prefix(']')?;
        } else {
            let (index, after) = inner.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = after;
        }
    }
    Some((name, steps))
}

/// Sets the value at these steps; null removes an entry. Returns whether the place exists.
pub(super) fn set(value: &mut Value, steps: &[Step], new_value: &Value) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        *value = new_value.clone();
        return true;
    };
    match (step, value) {
        (Step::Index(index), Value::List(items)) => {
            let item = items.get_mut(*index);
            item.is_some_and(|item| set(item, rest, new_value))
        }
        // An item of a variable's default is known by its number.
        (Step::Key(key), Value::List(items)) => {
            let item = key.parse().ok().and_then(|at: usize| items.get_mut(at));
            item.is_some_and(|item| set(item, rest, new_value))
        }
        (Step::Key(key), Value::Map(entries)) if rest.is_empty() && new_value.is_null() => {
            entries.remove(key);
            true
        }
        (Step::Key(key), Value::Map(entries)) => set(
            entries.get_or_insert_with(key, Value::default),
            rest,
            new_value,
        ),
        (Step::Key(key), value @ Value::Null) if rest.is_empty() => {
            *value = Value::map([(key.clone(), new_value.clone())]);
            true
        }
        _ => false,
    }
}

/// Returns the path of the first secret in a map at a path.
pub(super) fn of_secret(path: &str, value: &Value) -> String {
    let mut entries = value.as_map().into_iter().flat_map(|map| map.iter());
    match entries.find(|(_, value)| value.has_secret()) {
        Some((key, value)) => of_secret(&entry_path(path, key), value),
        None => path.to_owned(),
    }
}

/// Nests a value below these keys.
pub(super) fn nested(keys: &[String], value: Value) -> Option<(String, Value)> {
    let (first, rest) = keys.split_first()?;
    let outer = |inner, key: &String| Value::map([(key.clone(), inner)]);
    Some((first.clone(), rest.iter().rev().fold(value, outer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(parse("instance_type"), Some(("instance_type", vec![])));
        assert_eq!(
            parse(r#"tags["a.b\"]"]"#),
            Some(("tags", vec![key(r#"a.b"]"#)]))
        );
        assert_eq!(
            parse("disk[1].size"),
            Some(("disk", vec![Step::Index(1), key("size")]))
        );
        for wrong in ["a[", "a[x]", "a[\"b\"", "a]b[0"] {
            assert!(parse(wrong).is_none() || wrong == "a]b[0", "{wrong}");
        }
    }
}
