//! Merges values of configurations, and compares two evaluations of one.

use crate::code::typed::Typed;
use crate::code::types::Type;
use std::collections::BTreeMap;

/// Returns what two evaluations have in common: unknown wherever they differ.
pub(super) fn common(left: Typed, right: &Typed) -> Typed {
    match (left, right) {
        (Typed::Tuple(left), Typed::Tuple(right)) if left.len() == right.len() => {
            Typed::Tuple(common_items(left, right))
        }
        (Typed::List(of, left), Typed::List(_, right)) if left.len() == right.len() => {
            Typed::List(of, common_items(left, right))
        }
        (Typed::Object(left), Typed::Object(right)) if left.keys().eq(right.keys()) => {
            Typed::Object(common_entries(left, right))
        }
        (Typed::Map(of, left), Typed::Map(_, right)) if left.keys().eq(right.keys()) => {
            Typed::Map(of, common_entries(left, right))
        }
        (left, right) if left == *right => left,
        _ => Typed::UNKNOWN,
    }
}

fn common_items(left: Vec<Typed>, right: &[Typed]) -> Vec<Typed> {
    let pairs = left.into_iter().zip(right);
    pairs.map(|(left, right)| common(left, right)).collect()
}

fn common_entries(
    left: BTreeMap<String, Typed>,
    right: &BTreeMap<String, Typed>,
) -> BTreeMap<String, Typed> {
    let pairs = left.into_iter().zip(right.values());
    pairs
        .map(|((key, left), right)| (key, common(left, right)))
        .collect()
}

/// Merges the inputs of a configuration into those of one that it includes: its own take precedence.
pub(super) fn shallow(above: Typed, own: Typed) -> Typed {
    match (above, own) {
        (above, Typed::Null(_)) => above,
        (Typed::Null(_), own) => own,
        (
            Typed::Object(mut above) | Typed::Map(_, mut above),
            Typed::Object(own) | Typed::Map(_, own),
        ) => {
            above.extend(own);
            Typed::Object(above)
        }
        _ => Typed::UNKNOWN,
    }
}

/// Merges the inputs of a configuration into those of one that it includes: maps entry by entry, and lists by
/// appending.
pub(super) fn deep(above: Typed, own: Typed) -> Typed {
    match (above, own) {
        (above, Typed::Null(_)) => above,
        (Typed::Null(_), own) => own,
        (
            Typed::Object(mut above) | Typed::Map(_, mut above),
            Typed::Object(own) | Typed::Map(_, own),
        ) => {
            for (key, value) in own {
                let merged = match above.remove(&key) {
                    Some(_) if value.is_null() => Typed::UNKNOWN,
                    Some(above) => deep(above, value),
                    None => value,
                };
                above.insert(key, merged);
            }
            Typed::Object(above)
        }
        (
            Typed::Tuple(mut above) | Typed::List(_, mut above) | Typed::Set(_, mut above),
            Typed::Tuple(own) | Typed::List(_, own) | Typed::Set(_, own),
        ) => {
            above.extend(own);
            Typed::Tuple(above)
        }
        (above, own) if above != own && is_empty(&own) => Typed::Unknown(Type::Any),
        // Whether it is a map or a list to be merged is not known.
        (above, own) if above.is_unknown() || own.is_unknown() => match own {
            Typed::String(_) | Typed::Number(_) | Typed::Bool(_) => own,
            _ => Typed::Unknown(Type::Any),
        },
        (_, own) => own,
    }
}

/// Returns whether a value is empty, so that Terragrunt may ignore it in a merge.
fn is_empty(value: &Typed) -> bool {
    match value {
        Typed::Bool(flag) => !flag,
        Typed::String(text) => text.is_empty(),
        Typed::Number(number) => number.to_string() == "0",
        Typed::Null(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Typed {
        Typed::Tuple(texts.iter().map(|text| Typed::text(*text)).collect())
    }

    #[test]
    fn what_differs_between_two_machines_is_unknown_and_no_more() {
        let at = |path: &str| {
            Typed::object([
                ("name", Typed::text("a")),
                ("folder", Typed::text(path)),
                ("both", texts(&["a", path])),
            ])
        };
        let known = Typed::object([
            ("name", Typed::text("a")),
            ("folder", Typed::UNKNOWN),
            ("both", Typed::Tuple(vec![Typed::text("a"), Typed::UNKNOWN])),
        ]);
        assert_eq!(common(at("/a"), &at("/b")), known);
        assert_eq!(common(texts(&["a"]), &texts(&["a", "b"])), Typed::UNKNOWN);
    }

    #[test]
    fn maps_are_merged_as_the_strategy_says() {
        let above = || {
            Typed::object([
                (
                    "tags",
                    Typed::object([("a", Typed::text("1")), ("b", Typed::text("2"))]),
                ),
                ("zones", texts(&["x"])),
                ("size", Typed::text("small")),
            ])
        };
        let own = || {
            Typed::object([
                ("tags", Typed::object([("b", Typed::text("3"))])),
                ("zones", texts(&["y"])),
            ])
        };
        let merged = |tags, zones| {
            Typed::object([
                ("tags", tags),
                ("zones", zones),
                ("size", Typed::text("small")),
            ])
        };
        assert_eq!(
            shallow(above(), own()),
            merged(Typed::object([("b", Typed::text("3"))]), texts(&["y"]))
        );
        let tags = Typed::object([("a", Typed::text("1")), ("b", Typed::text("3"))]);
        assert_eq!(deep(above(), own()), merged(tags, texts(&["x", "y"])));
        assert_eq!(shallow(Typed::UNKNOWN, own()), Typed::UNKNOWN);
        assert_eq!(deep(above(), Typed::NULL), above());
    }
}
