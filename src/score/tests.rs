//! Tests every rule against its own examples.

use super::rule::{self, Example, Rule, changed_roots};
use super::subject;
use crate::model::{
    AccountId, Attributes, Difference, Finding, Interrupt, Kind, Severity, Value, Verdict,
};

#[test]
fn every_rule_speaks_where_its_examples_say() {
    let mut wrong = Vec::new();
    for rule in rule::load().unwrap() {
        for (number, example) in rule.examples.iter().enumerate() {
            if rule.applies_to_finding(&finding(&rule, example), &Interrupt::default())
                != example.speaks
            {
                wrong.push(format!("{}, example {}", rule.id, number + 1));
            }
        }
        let both = [true, false].map(|speaks| rule.examples.iter().any(|e| e.speaks == speaks));
        assert_eq!(
            both,
            [true, true],
            "{} needs examples of both kinds",
            rule.id
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_well_formed() {
    let subjects = subject::load().unwrap();
    let rules = rule::load().unwrap();
    for rule in &rules {
        let known = |name: &String| subjects.contains_key(name);
        assert!(
            rule.each.as_ref().is_none_or(known),
            "{}: {:?}",
            rule.id,
            rule.each
        );
        for other in &rule.unless {
            assert!(
                rules.iter().any(|rule| rule.id == *other),
                "{}: {other}",
                rule.id
            );
        }
        for version in rule.controls.keys() {
            super::Benchmark::parse(&format!("cis-{version}")).unwrap();
        }
        assert!(rule.why.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn the_defaults_name_every_severity() {
    let defaults: rule::Defaults = toml::from_str(include_str!("defaults.toml")).unwrap();
    assert_eq!(defaults.of(Kind::Modified), Severity::Low);
    assert!(defaults.weight(Severity::Critical) > defaults.weight(Severity::High));
}

/// Builds the finding of an example: each attribute that changed differs.
fn finding(rule: &Rule, example: &Example) -> Finding {
    let attributes = |map: &serde_json::Map<_, _>| -> Attributes {
        let pairs = map.clone().into_iter();
        pairs
            .map(|(name, value): (String, serde_json::Value)| (name, value.into()))
            .collect()
    };
    let (before, after) = (attributes(&example.before), attributes(&example.after));
    let kind = match (before.is_empty(), after.is_empty()) {
        (true, _) => Kind::Unmanaged,
        (_, true) => Kind::Deleted,
        _ => Kind::Modified,
    };
    let names = before.keys().chain(after.keys());
    let differs = |name: &&String| before.get(name) != after.get(name);
    let difference = |name: &String| Difference {
        path: name.clone(),
        verdict: Verdict::Drift,
        declared: None,
        recorded: Value::Null,
        live: Value::Null,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    let attributes = names.filter(differs).map(difference).collect();
    let tf_type = example.tf_type.as_deref().unwrap_or(&rule.types[0]);
    let finding = Finding {
        account: AccountId::new("123456789012"),
        attributes,
        before,
        after,
        ..Finding::new(kind, Verdict::Drift, tf_type)
    };
    assert!(
        kind != Kind::Modified || !changed_roots(&finding).is_empty(),
        "{}",
        rule.id
    );
    finding
}
