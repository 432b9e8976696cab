//! Compares the elements of sets: an element that mostly stayed the same shows only what changed in it.

use super::{Line, Member, Parts};
use crate::model::{Value, ValueMap};
use crate::report::words::value;
use std::collections::BTreeSet;

/// How many pairs of elements are compared; beyond that each element is shown as a whole.
const MAX_COMPARED: usize = 200;

/// The attributes of an element.
type Element = ValueMap;

/// Returns what differs between two sets, given the elements that are in one only.
pub(super) fn parts(removed: &[Value], added: &[Value]) -> Parts {
    let pairs = pairs(removed, added);
    let is_paired = |at: usize| pairs.iter().any(|pair| pair.added == at);
    let mut members = Vec::new();
    for (at, element) in removed.iter().enumerate() {
        let pair = pairs.iter().find(|pair| pair.removed == at);
        members.push(
            match pair.and_then(|pair| changed(element, added.get(pair.added)?)) {
                Some(member) => member,
                None => Member::Removed(value(element)),
            },
        );
    }
    let alone = added.iter().enumerate().filter(|(at, _)| !is_paired(*at));
    members.extend(alone.map(|(_, element)| Member::Added(value(element))));
    Parts::Members { noun: "", members }
}

/// A removed and an added element that count as one changed element.
struct Pair {
    removed: usize,
    added: usize,
}

/// Pairs each removed element with the added one that has most in common with it.
fn pairs(removed: &[Value], added: &[Value]) -> Vec<Pair> {
    if removed.len().saturating_mul(added.len()) > MAX_COMPARED {
        return Vec::new();
    }
    let mut candidates = Vec::new();
    for (at, left) in removed.iter().enumerate() {
        for (other, right) in added.iter().enumerate() {
            if let (Value::Map(left), Value::Map(right)) = (left, right)
                && let Some(common) = common(left, right)
            {
                candidates.push((std::cmp::Reverse(common), at, other));
            }
        }
    }
    candidates.sort();
    let (mut taken_removed, mut taken_added) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, removed, added) in candidates {
        if !taken_removed.contains(&removed) && !taken_added.contains(&added) {
            taken_removed.insert(removed);
            taken_added.insert(added);
            pairs.push(Pair { removed, added });
        }
    }
    pairs
}

/// Returns how many attributes two elements share; `None` where fewer than half of those that are set are equal.
fn common(left: &Element, right: &Element) -> Option<usize> {
    let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let (mut set, mut common) = (0, 0);
    for name in names {
        let (left, right) = (left.get(name), right.get(name));
        if is_set(left) || is_set(right) {
            set += 1;
            common += usize::from(left == right);
        }
    }
    (common * 2 >= set && common > 0).then_some(common)
}

fn is_set(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !value.is_empty() && *value != Value::Bool(false))
}

/// Returns a changed element, named by the attributes that stayed the same.
fn changed(before: &Value, after: &Value) -> Option<Member> {
    let (Value::Map(before), Value::Map(after)) = (before, after) else {
        return None;
    };
    let same = before
        .iter()
        .filter(|(name, value)| after.get(name) == Some(*value) && is_set(Some(value)));
    let same: Element = same
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let lines = names.into_iter().flat_map(|name| {
        let (left, right) = (before.get(name), after.get(name));
        if left == right {
            Vec::new()
        } else {
            lines(name, left, right)
        }
    });
    Some(Member::Changed {
        name: value(&Value::Map(same)),
        lines: lines.collect(),
    })
}

/// Returns what changed in an attribute of an element; of a list only the items that differ.
fn lines(name: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<Line> {
    if let (Some(Value::List(before)), Some(Value::List(after))) = (before, after) {
        let only = |these: &[Value], those: &[Value]| -> Vec<String> {
            let those: BTreeSet<_> = those.iter().collect();
            let only = these.iter().filter(|item| !those.contains(item));
            only.map(|item| format!("{name}: {}", value(item)))
                .collect()
        };
        let (removed, added) = (only(before, after), only(after, before));
        if !removed.is_empty() || !added.is_empty() {
            let removed = removed.into_iter().map(Line::Removed);
            return removed.chain(added.into_iter().map(Line::Added)).collect();
        }
    }
    let shown = |value_of: Option<&Value>| {
        let value_of = value_of.filter(|value| !value.is_empty());
        value_of.map(|it| format!("{name} = {}", value(it)))
    };
    let removed = shown(before).map(Line::Removed).into_iter();
    removed.chain(shown(after).map(Line::Added)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(port: i64, cidrs: &[&str]) -> Value {
        Value::map([
            ("from_port", port.into()),
            ("to_port", port.into()),
            ("protocol", "tcp".into()),
            ("self", false.into()),
            ("cidr_blocks", Value::from(cidrs.to_vec())),
        ])
    }

    #[test]
    fn a_rule_with_one_more_cidr_shows_that_cidr() {
        let parts = parts(
            &[rule(443, &["10.0.0.0/8"])],
            &[rule(443, &["10.0.0.0/8", "0.0.0.0/0"])],
        );
        assert_eq!(
            parts,
            Parts::Members {
                noun: "",
                members: vec![Member::Changed {
                    name: r#"{ from_port = 443, protocol = "tcp", to_port = 443 }"#.to_owned(),
                    lines: vec![Line::Added(r#"cidr_blocks: "0.0.0.0/0""#.to_owned())],
                }],
            }
        );
    }

    #[test]
    fn an_element_is_paired_with_the_one_that_is_most_like_it() {
        let found = pairs(
            &[rule(443, &["10.0.0.0/8"]), rule(22, &["10.0.0.0/8"])],
            &[rule(22, &["0.0.0.0/0"]), rule(443, &["10.1.0.0/16"])],
        );
        let found: Vec<_> = found
            .iter()
            .map(|pair| (pair.removed, pair.added))
            .collect();
        assert_eq!(found, [(0, 1), (1, 0)]);
    }

    #[test]
    fn elements_with_little_in_common_are_shown_whole() {
        let other = Value::map([("from_port", 22.into()), ("cidr_blocks", "x".into())]);
        let Parts::Members { members, .. } = parts(&[rule(443, &["10.0.0.0/8"])], &[other]) else {
            panic!("a set has members");
        };
        assert!(matches!(
            members.as_slice(),
            [Member::Removed(_), Member::Added(_)]
        ));
    }
}
