//! The small language of the rules: questions about attributes, as they are and as they were.

use super::earlier::Earlier;
use super::ports::{self, Network};
use crate::model::{AccountId, Attributes, Value};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A question about one item: a resource, or a part of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// Each of them holds.
    All {
        /// Which.
        all: Vec<Condition>,
    },
    /// At least one of them holds.
    Any {
        /// Which.
        any: Vec<Condition>,
    },
    /// It does not hold.
    Not {
        /// What.
        not: Box<Condition>,
    },
    /// The firewall rule lets TCP through to one of these ports, by range or protocol.
    Reaches {
        /// The ports.
        reaches: Vec<i64>,
    },
    /// The firewall rule lets every port through, or does not.
    ReachesAll {
        /// Which of the two.
        reaches_all: bool,
    },
    /// One of the values at a path answers a question.
    At(At),
}

/// A question about the values at a path.
#[derive(Debug, Clone, Deserialize)]
pub struct At {
    /// Such as `metadata_options[0].http_tokens`, or `root_block_device[*].encrypted`.
    at: String,
    /// The question.
    #[serde(flatten)]
    test: Test,
}

/// What is asked of a value. `true` asks whether it is so, `false` whether it is not.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Test {
    /// It is this.
    Is(Scalar),
    /// It is set, and to something else.
    OtherThan(Scalar),
    /// It is set at all.
    Set(bool),
    /// It, or one item of it, is one of these.
    Has(Vec<Scalar>),
    /// It, or one item of it, begins with this.
    Begins(String),
    /// It, or one item of it, ends with this.
    Ends(String),
    /// It, or one item of it, is a pattern with `*` and `?` that matches one of these.
    Matches(Vec<String>),
    /// It is one of these networks, however written.
    Network(Vec<String>),
    /// It is less.
    Below(i64),
    /// It differs from what it was.
    Changed(bool),
    /// It is more than it was.
    Raised(bool),
    /// It is less than it was.
    Lowered(bool),
    /// No item had it before.
    New(bool),
    /// It is another account than the resource's own.
    Foreign(bool),
    /// It is a network that contains one that was there before.
    Wider(bool),
    /// An item that was the same in all else had more of it.
    Fewer(bool),
}

/// A plain value of a rule file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A text; case does not matter.
    Text(String),
}

impl Scalar {
    fn equals(&self, value: &Value) -> bool {
        match self {
            Self::Bool(wanted) => value.as_bool() == Some(*wanted),
            Self::Number(wanted) => value.as_i64() == Some(*wanted),
            Self::Text(wanted) => value
                .as_str()
                .is_some_and(|text| text.eq_ignore_ascii_case(wanted)),
        }
    }
}

/// What a condition is asked of.
pub struct Scene<'a> {
    /// The item as it is.
    pub item: &'a Attributes,
    /// All such items as they were.
    pub before: &'a Earlier<'a>,
    /// The resource's own account, where it is known.
    pub account: Option<&'a AccountId>,
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, scene: &Scene) -> bool {
        match self {
            Self::All { all } => all.iter().all(|part| part.holds(scene)),
            Self::Any { any } => any.iter().any(|part| part.holds(scene)),
            Self::Not { not } => !not.holds(scene),
            Self::Reaches { reaches } => {
                reaches.iter().any(|port| ports::reaches(scene.item, *port))
            }
            Self::ReachesAll { reaches_all } => ports::reaches_all(scene.item) == *reaches_all,
            Self::At(question) => question.holds(scene),
        }
    }

    /// The attributes that it asks about.
    pub fn roots(&self) -> BTreeSet<&str> {
        match self {
            Self::All { all: parts } | Self::Any { any: parts } => {
                parts.iter().flat_map(Self::roots).collect()
            }
            Self::Not { not } => not.roots(),
            Self::Reaches { .. } | Self::ReachesAll { .. } => BTreeSet::new(),
            Self::At(question) => BTreeSet::from([super::rule::root(&question.at)]),
        }
    }
}

impl At {
    fn holds(&self, scene: &Scene) -> bool {
        let values = values_at(scene.item, &self.at);
        let any = |test: &dyn Fn(&Value) -> bool| values.iter().any(|value| test(value));
        match &self.test {
            Test::Is(wanted) => any(&|value| wanted.equals(value)),
            Test::OtherThan(wanted) => any(&|value| told(value) && !wanted.equals(value)),
            Test::Set(wanted) => any(&|value| !value.is_empty()) == *wanted,
            Test::Has(wanted) => {
                any(&|value| each(value).any(|one| wanted.iter().any(|w| w.equals(one))))
            }
            Test::Begins(start) => any(&|value| texts(value).any(|text| text.starts_with(start))),
            Test::Ends(end) => any(&|value| texts(value).any(|text| text.ends_with(end))),
            Test::Matches(wanted) => {
                any(&|value| texts(value).any(|text| wanted.iter().any(|w| matches(text, w))))
            }
            Test::Network(wanted) => {
                any(&|value| texts(value).any(|text| is_network(text, wanted)))
            }
            Test::Below(limit) => {
                any(&|value| value.as_i64().is_some_and(|number| number < *limit))
            }
            Test::Changed(wanted) => (scene.before.at(&self.at).all != values) == *wanted,
            Test::Raised(wanted) => self.moved(scene, |was, is| is > was) == *wanted,
            Test::Lowered(wanted) => self.moved(scene, |was, is| is < was) == *wanted,
            Test::New(wanted) => {
                let was = scene.before.at(&self.at);
                any(&|value| !was.each.contains(value)) == *wanted
            }
            Test::Foreign(wanted) => any(&|value| is_foreign(value, scene.account)) == *wanted,
            Test::Wider(wanted) => any(&|value| self.widens(scene, value)) == *wanted,
            Test::Fewer(wanted) => self.loosened(scene) == *wanted,
        }
    }

    fn moved(&self, scene: &Scene, way: fn(i64, i64) -> bool) -> bool {
        let number = |values: Vec<&Value>| values.first().and_then(|value| value.as_i64());
        let was = number(scene.before.at(&self.at).all.clone());
        was.zip(number(values_at(scene.item, &self.at)))
            .is_some_and(|(was, is)| way(was, is))
    }

    fn widens(&self, scene: &Scene, value: &Value) -> bool {
        let network = value.as_str().and_then(Network::parse);
        network.is_some_and(|network| scene.before.at(&self.at).has_part_of(&network))
    }

    fn loosened(&self, scene: &Scene) -> bool {
        let is = scene.item.get(&self.at).unwrap_or(&Value::Null);
        let had_more = |item: &Attributes| {
            let was = item.get(&self.at);
            was.is_some_and(|was| !covers_value(was, is))
        };
        scene.before.any_alike(scene.item, had_more)
    }
}

/// An item but for what narrows it down.
pub fn without_conditions(item: &Attributes) -> Attributes {
    let mut item = item.clone();
    item.retain(|name, _| name != "conditions" && name != "guards");
    item
}

/// Whether a value is told at all.
fn told(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Unknown | Value::Secret(_))
}

/// A list's items; anything else is its own only item.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::List(items) => items.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    each(value).filter_map(Value::as_str)
}

fn is_network(text: &str, wanted: &[String]) -> bool {
    let found = Network::parse(text);
    found.is_some()
        && wanted
            .iter()
            .any(|network| Network::parse(network) == found)
}

fn is_foreign(value: &Value, own: Option<&AccountId>) -> bool {
    let named = value.as_str().and_then(AccountId::new);
    named.is_some_and(|account| own != Some(&account))
}

/// Whether a pattern with `*` and `?` matches a text, in time linear in both for one `*`, and never worse than their product.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Whether an item as it was leaves nothing new in another: each attribute is the same, a wider pattern or network,
/// or a list of conditions of which the other has more.
pub fn covers(was: &Attributes, is: &Attributes) -> bool {
    let covered = |name| {
        let [was, is] = [was, is].map(|item| item.get(name).unwrap_or(&Value::Null));
        covers_value(was, is)
    };
    was.keys().chain(is.keys()).all(covered)
}

fn covers_value(was: &Value, is: &Value) -> bool {
    match (was, is) {
        (Value::List(was), Value::List(is)) => {
            let is: BTreeSet<&Value> = is.iter().collect();
            was.iter().all(|item| is.contains(item))
        }
        (Value::String(was), Value::String(is)) => {
            let networks = Network::parse(was).zip(Network::parse(is));
            networks.map_or_else(|| matches(was, is), |(was, is)| was.contains(&is))
        }
        _ => was == is,
    }
}

/// The values at a path; `[*]` stands for every item of a list.
pub fn values_at<'a>(attributes: &'a Attributes, path: &str) -> Vec<&'a Value> {
    let mut steps = path.split('.');
    let (name, index) = step(steps.next().unwrap_or_default());
    let first = attributes.get(name).unwrap_or(&Value::Null);
    let mut values = items(first, index);
    for (name, index) in steps.map(step) {
        values = values
            .into_iter()
            .flat_map(|value| items(value.get(name), index))
            .collect();
    }
    values
}

/// One step of a path: a name, and what stands in brackets after it.
fn step(text: &str) -> (&str, Option<&str>) {
    let (name, rest) = text.split_once('[').unwrap_or((text, ""));
    (name, rest.strip_suffix(']'))
}

fn items<'a>(value: &'a Value, index: Option<&str>) -> Vec<&'a Value> {
    let list = || value.as_list().unwrap_or_default();
    match index {
        None => vec![value],
        Some("*") => list().iter().collect(),
        Some(index) => index
            .parse()
            .ok()
            .and_then(|index: usize| list().get(index))
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_in_a_policy() {
        for (pattern, text) in [
            ("*", ""),
            ("iam:*", "iam:passrole"),
            ("iam:Pass?ole", "iam:PassRole"),
            ("a*b*c", "aXbXbXc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("iam:*", "s3:get"), ("a", "ab"), ("?", ""), ("a*b", "abc")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_path_leads_into_blocks() {
        let disk = |size: i64| Value::map([("size", size.into())]);
        let attributes = Attributes::from([("disks".to_owned(), vec![disk(8), disk(20)].into())]);
        assert_eq!(values_at(&attributes, "disks[1].size"), [&Value::from(20)]);
        assert_eq!(values_at(&attributes, "disks[*].size").len(), 2);
        assert_eq!(values_at(&attributes, "disks[7].size").len(), 0);
        assert_eq!(values_at(&attributes, "other"), [&Value::Null]);
    }
}
