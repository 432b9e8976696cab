//! Evaluates the conditions of rules over attributes before and after a change.

use super::earlier::EarlierItems;
use super::firewall_rule;
use super::network::Network;
use crate::model::{AccountId, Attributes, Value, root_attribute};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A condition on one item: a resource, or a part of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// Every condition holds.
    All {
        /// The conditions.
        all: Vec<Condition>,
    },
    /// At least one condition holds.
    Any {
        /// The conditions.
        any: Vec<Condition>,
    },
    /// The condition does not hold.
    Not {
        /// The condition.
        not: Box<Condition>,
    },
    /// The firewall rule allows TCP to one of these ports, by range or protocol.
    Reaches {
        /// The ports.
        reaches: Vec<i64>,
    },
    /// The firewall rule allows every port, or does not.
    ReachesAll {
        /// Whether it must.
        reaches_all: bool,
    },
    /// A test holds for one of the values at a path.
    At(PathTest),
}

/// A test of the values at a path.
#[derive(Debug, Clone, Deserialize)]
pub struct PathTest {
    /// The path, such as `metadata_options[0].http_tokens`, or `root_block_device[*].encrypted`.
    at: String,
    /// The test.
    #[serde(flatten)]
    test: Test,
}

/// A test of a value. `true` expects it to hold, `false` not to hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Test {
    /// The value equals this.
    Is(Scalar),
    /// The value is set, and not to this.
    OtherThan(Scalar),
    /// The value is set.
    Set(bool),
    /// The value, or one of its items, is one of these.
    Has(Vec<Scalar>),
    /// The value, or one of its items, starts with this.
    Begins(String),
    /// The value, or one of its items, ends with this.
    Ends(String),
    /// The value, or one of its items, is a pattern with `*` and `?` that matches one of these.
    Matches(Vec<String>),
    /// The value is one of these networks, however written.
    Network(Vec<String>),
    /// The value is less than this.
    Below(i64),
    /// The value differs from the earlier one.
    Changed(bool),
    /// The value is greater than the earlier one.
    Raised(bool),
    /// The value is less than the earlier one.
    Lowered(bool),
    /// No earlier item had the value.
    New(bool),
    /// The value is another account than the resource's own.
    Foreign(bool),
    /// The value is a network that contains one of the earlier networks.
    Wider(bool),
    /// An earlier item that is otherwise the same had more entries.
    Fewer(bool),
}

/// A scalar of a rule file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Number(i64),
    /// A text, compared without regard to case.
    Text(String),
}

impl Scalar {
    fn equals(&self, value: &Value) -> bool {
        match self {
            Self::Bool(expected) => value.as_bool() == Some(*expected),
            Self::Number(expected) => value.as_i64() == Some(*expected),
            Self::Text(expected) => value
                .as_str()
                .is_some_and(|text| text.eq_ignore_ascii_case(expected)),
        }
    }
}

/// What a condition is evaluated against.
pub struct RuleContext<'a> {
    /// The item now.
    pub item: &'a Attributes,
    /// The earlier items of the same kind.
    pub before: &'a EarlierItems<'a>,
    /// The resource's own account, if it is known.
    pub account: Option<&'a AccountId>,
}

impl Condition {
    /// Returns whether the condition holds.
    pub fn holds(&self, context: &RuleContext) -> bool {
        match self {
            Self::All { all } => all.iter().all(|part| part.holds(context)),
            Self::Any { any } => any.iter().any(|part| part.holds(context)),
            Self::Not { not } => !not.holds(context),
            Self::Reaches { reaches } => reaches
                .iter()
                .any(|port| firewall_rule::allows_tcp_port(context.item, *port)),
            Self::ReachesAll { reaches_all } => {
                firewall_rule::allows_all_ports(context.item) == *reaches_all
            }
            Self::At(question) => question.holds(context),
        }
    }

    /// Returns the attributes that the condition reads.
    pub fn roots(&self) -> BTreeSet<&str> {
        match self {
            Self::All { all: parts } | Self::Any { any: parts } => {
                parts.iter().flat_map(Self::roots).collect()
            }
            Self::Not { not } => not.roots(),
            Self::Reaches { .. } | Self::ReachesAll { .. } => BTreeSet::new(),
            Self::At(question) => BTreeSet::from([root_attribute(&question.at)]),
        }
    }
}

impl PathTest {
    fn holds(&self, context: &RuleContext) -> bool {
        let values = values_at(context.item, &self.at);
        let any = |test: &dyn Fn(&Value) -> bool| values.iter().any(|value| test(value));
        match &self.test {
            Test::Is(expected) => any(&|value| expected.equals(value)),
            Test::OtherThan(expected) => any(&|value| is_known(value) && !expected.equals(value)),
            Test::Set(expected) => any(&|value| !value.is_empty()) == *expected,
            Test::Has(expected) => any(&|value| {
                each(value).any(|item| {
                    expected
                        .iter()
                        .any(|expected_value| expected_value.equals(item))
                })
            }),
            Test::Begins(start) => any(&|value| texts(value).any(|text| text.starts_with(start))),
            Test::Ends(end) => any(&|value| texts(value).any(|text| text.ends_with(end))),
            Test::Matches(expected) => any(&|value| {
                texts(value).any(|text| {
                    expected
                        .iter()
                        .any(|expected_value| matches(text, expected_value))
                })
            }),
            Test::Network(expected) => {
                any(&|value| texts(value).any(|text| is_network(text, expected)))
            }
            Test::Below(limit) => {
                any(&|value| value.as_i64().is_some_and(|number| number < *limit))
            }
            Test::Changed(expected) => (context.before.at(&self.at).all != values) == *expected,
            Test::Raised(expected) => {
                self.compare_with_earlier(context, |was, is| is > was) == *expected
            }
            Test::Lowered(expected) => {
                self.compare_with_earlier(context, |was, is| is < was) == *expected
            }
            Test::New(expected) => {
                let was = context.before.at(&self.at);
                any(&|value| !was.each.contains(value)) == *expected
            }
            Test::Foreign(expected) => {
                any(&|value| is_foreign(value, context.account)) == *expected
            }
            Test::Wider(expected) => any(&|value| self.widens(context, value)) == *expected,
            Test::Fewer(expected) => self.loosened(context) == *expected,
        }
    }

    fn compare_with_earlier(&self, context: &RuleContext, way: fn(i64, i64) -> bool) -> bool {
        let number = |values: Vec<&Value>| values.first().and_then(|value| value.as_i64());
        let was = number(context.before.at(&self.at).all.clone());
        was.zip(number(values_at(context.item, &self.at)))
            .is_some_and(|(was, is)| way(was, is))
    }

    fn widens(&self, context: &RuleContext, value: &Value) -> bool {
        let network = value.as_str().and_then(Network::parse);
        network.is_some_and(|network| context.before.at(&self.at).has_part_of(&network))
    }

    fn loosened(&self, context: &RuleContext) -> bool {
        let is = context.item.get(&self.at).unwrap_or(&Value::Null);
        let had_more = |item: &Attributes| {
            let was = item.get(&self.at);
            was.is_some_and(|was| !covers_value(was, is))
        };
        context.before.any_alike(context.item, had_more)
    }
}

/// Returns an item without its conditions and guards.
pub fn without_conditions(item: &Attributes) -> Attributes {
    let mut item = item.clone();
    item.retain(|name, _| name != "conditions" && name != "guards");
    item
}

/// Returns whether a value is known and set.
fn is_known(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Unknown | Value::Secret(_))
}

/// Returns a list's items, or any other value itself.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::List(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    each(value).filter_map(Value::as_str)
}

fn is_network(text: &str, expected: &[String]) -> bool {
    let found = Network::parse(text);
    found.is_some()
        && expected
            .iter()
            .any(|network| Network::parse(network) == found)
}

fn is_foreign(value: &Value, own: Option<&AccountId>) -> bool {
    let named = value.as_str().and_then(AccountId::new);
    named.is_some_and(|account| own != Some(&account))
}

/// Returns whether a pattern with `*` and `?` matches a text. Takes linear time for one `*`, and never more than the
/// product of both lengths.
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

/// Returns whether an earlier item grants everything that another grants: each attribute is the same, a wider pattern
/// or network, or a subset of its conditions.
pub fn covers(was: &Attributes, is: &Attributes) -> bool {
    let covered = |name: &String| {
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

/// Returns the values at a path; `[*]` stands for every item of a list.
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

/// Splits a step of a path into its name and the index in brackets.
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
