//! Reads the rules of security groups once for all types that describe them, and normalizes them for comparison.

use super::Scope;
use super::listing::{ById, Listing};
use super::shape::{attributes, tags, texts};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Value};
use aws_sdk_ec2::operation::describe_security_group_rules::DescribeSecurityGroupRulesOutput;
use aws_sdk_ec2::operation::describe_security_groups::DescribeSecurityGroupsOutput;
use aws_sdk_ec2::types::{IpPermission, SecurityGroup, SecurityGroupRule};
use std::collections::BTreeMap;

/// The IAM action that lists security groups.
pub(super) const GROUPS: &str = "ec2:DescribeSecurityGroups";
/// The IAM action that lists security group rules.
pub(super) const RULES: &str = "ec2:DescribeSecurityGroupRules";
/// The largest page that EC2 returns of either.
const PAGE_SIZE: i32 = 1000;

static GROUP_LISTING: Listing<DescribeSecurityGroupsOutput, SecurityGroup> = Listing {
    action: GROUPS,
    scope: Scope::Regional,
    items: |page| page.security_groups,
    id: SecurityGroup::group_id,
};

/// Lists the region's security groups by id.
pub(super) async fn groups(session: &Session) -> Result<ById<SecurityGroup>, Reason> {
    let request = session
        .ec2()
        .describe_security_groups()
        .max_results(PAGE_SIZE);
    GROUP_LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

static RULE_LISTING: Listing<DescribeSecurityGroupRulesOutput, SecurityGroupRule> = Listing {
    action: RULES,
    scope: Scope::Regional,
    items: |page| page.security_group_rules,
    id: SecurityGroupRule::security_group_rule_id,
};

/// Lists the region's security group rules by id.
pub(super) async fn rules(session: &Session) -> Result<ById<SecurityGroupRule>, Reason> {
    let request = session
        .ec2()
        .describe_security_group_rules()
        .max_results(PAGE_SIZE);
    RULE_LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// The attributes of a group's rule that list its sources.
pub(super) const SOURCES: &[&str] = &[
    "cidr_blocks",
    "ipv6_cidr_blocks",
    "prefix_list_ids",
    "security_groups",
];

/// Identifies a block of rules: protocol, ports and description.
type BlockKey = (String, i32, i32, String);
/// The sources of a block, by the attribute that lists them.
type Sources = BTreeMap<&'static str, Vec<Value>>;

/// Groups a group's rules into blocks as the provider writes them: one per protocol, ports and description.
pub(super) fn blocks(group: &SecurityGroup, permissions: &[IpPermission]) -> Value {
    let mut blocks: BTreeMap<BlockKey, Sources> = BTreeMap::new();
    for permission in permissions {
        let mut add = |description: Option<&str>, list: &'static str, source: Value| {
            let key = (
                protocol(permission.ip_protocol().unwrap_or_default()),
                permission.from_port().unwrap_or_default(),
                permission.to_port().unwrap_or_default(),
                description.unwrap_or_default().to_owned(),
            );
            blocks
                .entry(key)
                .or_default()
                .entry(list)
                .or_default()
                .push(source);
        };
        for range in permission.ip_ranges() {
            add(range.description(), "cidr_blocks", range.cidr_ip().into());
        }
        for range in permission.ipv6_ranges() {
            add(
                range.description(),
                "ipv6_cidr_blocks",
                range.cidr_ipv6().into(),
            );
        }
        for list in permission.prefix_list_ids() {
            add(
                list.description(),
                "prefix_list_ids",
                list.prefix_list_id().into(),
            );
        }
        for pair in permission.user_id_group_pairs() {
            if pair.group_id() == group.group_id() {
                add(pair.description(), "self", true.into());
            } else {
                let name = foreign(group.owner_id(), pair.user_id(), pair.group_id());
                add(pair.description(), "security_groups", name.into());
            }
        }
    }
    let blocks = blocks.into_iter();
    Value::List(blocks.map(|(key, sources)| block(key, sources)).collect())
}

/// Converts a rule to a block, with all its sources.
fn block((protocol, from, to, description): BlockKey, mut sources: Sources) -> Value {
    let mut block = attributes([
        ("description", description.into()),
        ("from_port", from.into()),
        ("protocol", protocol.into()),
        ("self", sources.contains_key("self").into()),
        ("to_port", to.into()),
    ]);
    for list in SOURCES {
        let sources = sources.remove(list).unwrap_or_default();
        block.insert((*list).to_owned(), Value::List(sources));
    }
    Value::Map(block)
}

/// Returns a group's id, prefixed by its owner if that is another account.
fn foreign(own: Option<&str>, owner: Option<&str>, group: Option<&str>) -> String {
    let group = group.unwrap_or_default();
    match owner.filter(|owner| Some(*owner) != own) {
        Some(owner) => format!("{owner}/{group}"),
        None => group.to_owned(),
    }
}

/// Returns a protocol's name as the provider writes it.
pub(super) fn protocol(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "all" | "-1" => "-1",
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        other => other,
    }
    .to_owned()
}

/// Converts a rule with an id to `aws_vpc_security_group_ingress_rule` or its egress sibling.
pub(super) fn single(session: &Session, rule: &SecurityGroupRule) -> Attributes {
    let id = rule.security_group_rule_id().unwrap_or_default();
    let (account, region) = (session.account(), session.region());
    let arn = format!(
        "arn:{}:ec2:{region}:{account}:security-group-rule/{id}",
        session.partition()
    );
    let pair = rule.referenced_group_info();
    let referenced =
        pair.map(|pair| foreign(Some(account.as_str()), pair.user_id(), pair.group_id()));
    attributes([
        ("arn", rule.security_group_rule_arn().unwrap_or(&arn).into()),
        ("cidr_ipv4", rule.cidr_ipv4().into()),
        ("cidr_ipv6", rule.cidr_ipv6().into()),
        ("description", rule.description().into()),
        ("from_port", rule.from_port().into()),
        ("id", id.into()),
        ("ip_protocol", rule.ip_protocol().map(protocol).into()),
        ("prefix_list_id", rule.prefix_list_id().into()),
        ("referenced_security_group_id", referenced.into()),
        ("security_group_id", rule.group_id().into()),
        ("security_group_rule_id", id.into()),
        (
            "tags_all",
            tags(rule.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("to_port", rule.to_port().into()),
    ])
}

/// Converts a rule with an id to an inline block of its group.
pub(super) fn inlined(found: &Attributes) -> Value {
    let part = |name: &str| found.get(name).cloned().unwrap_or_default();
    let list = |value: Value| Value::List(value.as_str().map(Value::from).into_iter().collect());
    let group = part("referenced_security_group_id");
    let own = !group.is_null() && group == part("security_group_id");
    let all = part("ip_protocol").as_str() == Some("-1");
    // All protocols have all ports: a block says 0 for them.
    let port = |name: &str| if all { 0.into() } else { part(name) };
    Value::map([
        ("cidr_blocks", list(part("cidr_ipv4"))),
        (
            "description",
            part("description").as_str().unwrap_or_default().into(),
        ),
        ("from_port", port("from_port")),
        ("ipv6_cidr_blocks", list(part("cidr_ipv6"))),
        ("prefix_list_ids", list(part("prefix_list_id"))),
        ("protocol", part("ip_protocol")),
        (
            "security_groups",
            if own { list(Value::Null) } else { list(group) },
        ),
        ("self", own.into()),
        ("to_port", port("to_port")),
    ])
}

/// Splits a group's rules into one element per source, so that they compare however they are grouped into blocks.
pub(super) fn split_by_source(blocks: Value) -> Value {
    let Value::List(blocks) = blocks else {
        return blocks;
    };
    let mut split_by_source = Vec::new();
    for block in blocks {
        let Value::Map(mut parts) = block else {
            // What the code does not tell stays whole.
            split_by_source.push(block);
            continue;
        };
        if let Some(Value::String(text)) = parts.get("protocol") {
            let name = protocol(text);
            parts.insert("protocol".to_owned(), name.into());
        }
        let mut sources: Vec<(&str, Value)> = Vec::new();
        for list in SOURCES {
            match parts.remove(list) {
                Some(Value::List(items)) => {
                    sources.extend(items.into_iter().map(|item| (*list, texts_of(item))));
                }
                Some(Value::Null) | None => {}
                Some(unknown) => sources.push((list, unknown)),
            }
        }
        if parts
            .remove("self")
            .and_then(|own| own.as_bool())
            .unwrap_or_default()
        {
            sources.push(("self", true.into()));
        }
        for (list, source) in sources {
            let mut rule = parts.clone();
            rule.insert(list.to_owned(), source);
            split_by_source.push(Value::Map(rule));
        }
    }
    Value::List(split_by_source)
}

fn texts_of(item: Value) -> Value {
    match item {
        Value::String(text) => texts([text]),
        other => Value::List(vec![other]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(cidrs: &[&str]) -> Value {
        Value::map([
            ("protocol", Value::from("6")),
            ("from_port", 22.into()),
            ("cidr_blocks", texts(cidrs)),
        ])
    }

    #[test]
    fn how_rules_are_grouped_into_blocks_does_not_matter() {
        let grouped = split_by_source(Value::List(vec![rule(&["10.0.0.0/8", "192.168.0.0/16"])]));
        let separate = split_by_source(Value::List(vec![
            rule(&["10.0.0.0/8"]),
            rule(&["192.168.0.0/16"]),
        ]));
        assert_eq!(grouped, separate);
        assert_eq!(split_by_source(grouped.clone()), grouped);
    }
}
