//! `aws_security_group_rule`: a rule of a security group without an id of its own in AWS, found by its content.

use super::permissions::{GROUPS, blocks, groups, inlined, protocol, split_by_source};
use super::shape::{attributes, texts};
use super::{ReadRequest, ReadResult, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Claim, Reading, Resource, TypeRules, UnmanagedResource, Value};
use aws_sdk_ec2::types::SecurityGroup;
use futures::FutureExt;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_security_group_rule",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        never_read: &["security_group_rule_id"],
        normalize: |path, value| match (path, &value) {
            ("protocol", Value::String(text)) => protocol(text).into(),
            _ => value,
        },
        // All protocols have all ports, whatever the code says.
        idle: |path, recorded| {
            ["from_port", "to_port"].contains(&path)
                && recorded.text("protocol").map(protocol).as_deref() == Some("-1")
        },
        claims: Some(Claim {
            parent: "security_group_id",
            is: claims,
        }),
        restated: Some(restated),
        ..TypeRules::NONE
    },
    actions: &[GROUPS],
    read: |session, request| read(session, request).boxed(),
};

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() {
        return ReadResult::default();
    }
    let groups = match groups(session).await {
        Ok(groups) => groups,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    // Each group once: a state may hold very many rules of one.
    let mut taken_apart: BTreeMap<(&str, bool), Value> = BTreeMap::new();
    let reading = |resource: &'a Resource| {
        let egress = resource.text("type") == Some("egress");
        let group = resource
            .text("security_group_id")
            .and_then(|id| groups.get_key_value(id));
        let rules = group.map(|(id, group)| {
            let rules = taken_apart.entry((id.as_str(), egress));
            &*rules.or_insert_with(|| rules_of(group, egress))
        });
        let reading = match rules.and_then(|rules| convert(resource, rules)) {
            Some(attributes) => Reading::Found(attributes),
            // The bulk answer was whole, and the group's own permissions are the only place where it could be.
            None => Reading::Absent,
        };
        (resource, reading)
    };
    ReadResult {
        readings: request.tracked.iter().copied().map(reading).collect(),
        ..ReadResult::default()
    }
}

/// Returns the rules of a group in one direction, one per source.
fn rules_of(group: &SecurityGroup, egress: bool) -> Value {
    let permissions = if egress {
        group.ip_permissions_egress()
    } else {
        group.ip_permissions()
    };
    split_by_source(blocks(group, permissions))
}

/// Converts the live rule. Returns `None` unless the group has every source that the state recorded.
fn convert(recorded: &Resource, live: &Value) -> Option<Attributes> {
    let live = live.as_list()?;
    let recorded_sources = sources(recorded);
    let mut description = None;
    for recorded_sources in &recorded_sources {
        let found = live
            .iter()
            .find(|rule| same_traffic(recorded, rule) && holds(rule, recorded_sources))?;
        description.get_or_insert_with(|| found.get("description").clone());
    }
    let of = |list: &str| {
        let sources = recorded_sources
            .iter()
            .filter(|(found, _)| *found == list)
            .map(|(_, source)| source);
        texts(sources)
    };
    (!recorded_sources.is_empty()).then(|| {
        attributes([
            ("cidr_blocks", of("cidr_blocks")),
            ("description", description.unwrap_or_default()),
            ("from_port", recorded.get("from_port").clone()),
            ("ipv6_cidr_blocks", of("ipv6_cidr_blocks")),
            ("prefix_list_ids", of("prefix_list_ids")),
            ("protocol", recorded.get("protocol").clone()),
            (
                "security_group_id",
                recorded.get("security_group_id").clone(),
            ),
            ("self", recorded.get("self").clone()),
            (
                "source_security_group_id",
                recorded.get("source_security_group_id").clone(),
            ),
            ("to_port", recorded.get("to_port").clone()),
            ("type", recorded.get("type").clone()),
        ])
    })
}

/// Returns the sources of a recorded rule, each with the attribute that lists it.
fn sources(rule: &Resource) -> Vec<(&'static str, String)> {
    let mut sources = Vec::new();
    for list in ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"] {
        let items = rule.get(list).as_list().unwrap_or_default();
        let mut known = BTreeSet::new();
        let items = items.iter().filter_map(Value::as_str);
        let once = items.filter(|item| known.insert(*item));
        sources.extend(once.map(|item| (list, item.to_owned())));
    }
    let own = rule.text("security_group_id");
    match rule
        .text("source_security_group_id")
        .filter(|id| !id.is_empty())
    {
        Some(id) if Some(id) == own => sources.push(("self", String::new())),
        Some(id) => sources.push(("security_groups", id.to_owned())),
        None if rule.get("self").as_bool() == Some(true) => sources.push(("self", String::new())),
        None => {}
    }
    sources
}

/// Returns whether a group's rule has the protocol and ports of a recorded one.
fn same_traffic(recorded: &Resource, rule: &Value) -> bool {
    let name = protocol(recorded.text("protocol").unwrap_or_default());
    let port = |name: &str| recorded.get(name).as_i64().unwrap_or_default();
    let live = |name: &str| rule.get(name).as_i64().unwrap_or_default();
    let all = name == "-1";
    rule.get("protocol").as_str() == Some(&name)
        && (all || (port("from_port") == live("from_port") && port("to_port") == live("to_port")))
}

fn holds(rule: &Value, (list, source): &(&str, String)) -> bool {
    match (*list, rule.get(list)) {
        ("self", own) => own.as_bool() == Some(true),
        (_, Value::List(items)) => items.iter().any(|item| item.as_str() == Some(source)),
        _ => false,
    }
}

/// Returns whether a live rule with an id belongs to this recorded rule.
fn claims(rule: &Resource, found: &UnmanagedResource) -> bool {
    let text = |name: &str| found.attributes.get(name).and_then(Value::as_str);
    let kind = match found.tf_type.as_str() {
        "aws_vpc_security_group_ingress_rule" => "ingress",
        "aws_vpc_security_group_egress_rule" => "egress",
        _ => return false,
    };
    if rule.text("type") != Some(kind)
        || rule.text("security_group_id") != text("security_group_id")
    {
        return false;
    }
    let single = inlined(&found.attributes);
    same_traffic(rule, &single) && sources(rule).iter().any(|source| holds(&single, source))
}

/// Converts a rule with an id to this type. Rules from groups of other accounts are left out: no import accepts them.
fn restated(direction: &str, found: &Attributes) -> Option<(Attributes, String)> {
    let group = found.get("security_group_id")?.as_str()?;
    let block = inlined(found);
    let first = |list: &str| block.get(list).as_list()?.first()?.as_str();
    let lists = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"];
    let listed = lists
        .into_iter()
        .find_map(|list| Some((list, block.get(list).clone(), first(list)?)));
    let (name, value, source) = match (listed, first("security_groups")) {
        (Some(listed), _) => listed,
        (None, Some(other)) if !other.contains('/') => {
            ("source_security_group_id", other.into(), other)
        }
        (None, None) if block.get("self").as_bool() == Some(true) => ("self", true.into(), "self"),
        _ => return None,
    };
    let (from, to) = (
        block.get("from_port").as_i64()?,
        block.get("to_port").as_i64()?,
    );
    let protocol = match block.get("protocol").as_str()? {
        "-1" => "all",
        other => other,
    };
    let id = format!("{group}_{direction}_{protocol}_{from}_{to}_{source}");
    let rule = attributes([
        ("description", block.get("description").clone()),
        ("from_port", from.into()),
        ("protocol", block.get("protocol").clone()),
        ("security_group_id", group.into()),
        ("to_port", to.into()),
        ("type", direction.into()),
        (name, value),
    ]);
    Some((rule, id))
}
