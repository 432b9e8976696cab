//! A group's permissions: read once for all the types that stand for them, and in forms that compare.

use super::shape::{attributes, tags, texts};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Value};
use aws_sdk_ec2::types::{IpPermission, SecurityGroup, SecurityGroupRule};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What reading groups needs.
pub(super) const GROUPS: &str = "ec2:DescribeSecurityGroups";
/// What reading rules by their own ids needs.
pub(super) const RULES: &str = "ec2:DescribeSecurityGroupRules";
/// EC2's longest page of either.
const PAGE: i32 = 1000;

/// The region's groups by id, asked once.
pub(super) async fn groups(
    session: &Session,
) -> Result<Arc<BTreeMap<String, SecurityGroup>>, Reason> {
    let ask = async {
        let request = session.ec2().describe_security_groups().max_results(PAGE);
        let pages = session
            .pages(GROUPS, request.into_paginator().send())
            .await?;
        let groups = pages
            .into_iter()
            .flat_map(|page| page.security_groups.unwrap_or_default());
        Ok(groups
            .filter_map(|one| Some((one.group_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("security groups", ask).await
}

/// The region's rules by id, asked once.
pub(super) async fn rules(
    session: &Session,
) -> Result<Arc<BTreeMap<String, SecurityGroupRule>>, Reason> {
    let ask = async {
        let request = session
            .ec2()
            .describe_security_group_rules()
            .max_results(PAGE);
        let pages = session
            .pages(RULES, request.into_paginator().send())
            .await?;
        let rules = pages
            .into_iter()
            .flat_map(|page| page.security_group_rules.unwrap_or_default());
        Ok(rules
            .filter_map(|one| Some((one.security_group_rule_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("security group rules", ask).await
}

/// Where traffic comes from or goes to: the list that a group's rule holds it in.
const SOURCES: &[&str] = &[
    "cidr_blocks",
    "ipv6_cidr_blocks",
    "prefix_list_ids",
    "security_groups",
];

/// What makes one block: protocol, ports and description.
type BlockKey = (String, i32, i32, String);
/// Who is let in or out, by the list it stands in.
type Sources = BTreeMap<&'static str, Vec<Value>>;

/// A group's permissions as the provider writes them: one block for each protocol, ports and description.
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

/// One block, with all its sources.
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

/// A group's id, with its owner before it where that is another account.
fn foreign(own: Option<&str>, owner: Option<&str>, group: Option<&str>) -> String {
    let group = group.unwrap_or_default();
    match owner.filter(|owner| Some(*owner) != own) {
        Some(owner) => format!("{owner}/{group}"),
        None => group.to_owned(),
    }
}

/// Protocols by their names, as the provider writes them.
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

/// A rule of its own, in the shape of `aws_vpc_security_group_ingress_rule` and its sibling.
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

/// A rule of its own, as a block of its group would say it.
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

/// The equal forms of a group's rules: one element for each source, however they are grouped into blocks.
pub(super) fn apart(blocks: Value) -> Value {
    let Value::List(blocks) = blocks else {
        return blocks;
    };
    let mut apart = Vec::new();
    for block in blocks {
        let Value::Map(mut parts) = block else {
            // What the code does not tell stays whole.
            apart.push(block);
            continue;
        };
        if let Some(Value::String(text)) = parts.get("protocol") {
            let name = protocol(text);
            parts.insert("protocol".to_owned(), name.into());
        }
        let mut sources: Vec<(&str, Value)> = Vec::new();
        for list in SOURCES {
            match parts.remove(*list) {
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
            let mut one = parts.clone();
            one.insert(list.to_owned(), source);
            apart.push(Value::Map(one));
        }
    }
    Value::List(apart)
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
        let one = apart(Value::List(vec![rule(&["10.0.0.0/8", "192.168.0.0/16"])]));
        let two = apart(Value::List(vec![
            rule(&["10.0.0.0/8"]),
            rule(&["192.168.0.0/16"]),
        ]));
        assert_eq!(one, two);
        assert_eq!(apart(one.clone()), one);
    }
}
