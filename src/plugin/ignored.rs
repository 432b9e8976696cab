//! Applies `lifecycle.ignore_changes` to values, as Terraform does around a plan.

use crate::model::{Value, root_attribute};

/// The word that ignores all attributes.
const ALL: &str = "all";

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// An attribute, or the key of a map.
    Name(String),
    /// The index of a list.
    Index(usize),
}

/// Returns `value` with what was read at each ignored path.
pub fn keep_ignored(value: &Value, prior: &Value, paths: &[String]) -> Value {
    if paths.iter().any(|path| path == ALL) {
        return prior.clone();
    }
    let mut kept = value.clone();
    for path in paths {
        if let Some(steps) = steps(path) {
            keep(&mut kept, prior, &steps);
        }
    }
    kept
}

/// Returns whether `ignore_changes` names a top-level attribute; `all` names every one.
pub fn ignores(paths: &[String], name: &str) -> bool {
    let mut paths = paths.iter();
    paths.any(|path| path == ALL || root_attribute(path) == name)
}

fn keep(value: &mut Value, prior: &Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else {
        *value = prior.clone();
        return;
    };
    match (step, &mut *value) {
        (Step::Name(name), Value::Map(entries)) => match prior.as_map() {
            Some(known) if rest.is_empty() => match known.get(name) {
                Some(prior) => drop(entries.insert(name.clone(), prior.clone())),
                None => drop(entries.remove(name)),
            },
            _ => {
                if let Some(inner) = entries.get_mut(name) {
                    keep(inner, prior.get(name), rest);
                }
            }
        },
        // A map that the configuration leaves out, and of which a key is ignored.
        (Step::Name(name), Value::Null) if rest.is_empty() => {
            if let Some(known) = prior.as_map().and_then(|known| known.get(name)) {
                *value = Value::map([(name.clone(), known.clone())]);
            }
        }
        (Step::Index(at), Value::List(items)) => {
            let known = prior.as_list().and_then(|known| known.get(*at));
            if let Some((inner, known)) = items.get_mut(*at).zip(known) {
                keep(inner, known, rest);
            }
        }
        _ => {}
    }
}

/// Parses a path such as `tags["Role"]` or `root_block_device[0].iops`; `None` where it is none.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, left) = match inner.strip_prefix('"') {
                Some(text) => {
                    let end = text.find("\"]")?;
                    (Step::Name(text[..end].to_owned()), &text[end + 2..])
                }
                None => {
                    let end = inner.find(']')?;
                    (Step::Index(inner[..end].parse().ok()?), &inner[end + 1..])
                }
            };
            steps.push(step);
            rest = left;
            continue;
        }
        let name = rest.strip_prefix('.').unwrap_or(rest);
        let end = name.find(['.', '[']).unwrap_or(name.len());
        if end == 0 {
            return None;
        }
        let step = match name[..end].parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Name(name[..end].to_owned()),
        };
        steps.push(step);
        rest = &name[end..];
    }
    (!steps.is_empty()).then_some(steps)
}
