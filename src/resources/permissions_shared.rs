//! Divides the rules of a security group among its own blocks and the resources that are rules.

use super::permissions::{SOURCES, protocol};
use crate::model::{Attributes, Value};
use std::collections::HashSet;

/// Converts an `aws_security_group_rule` to a block of its group.
pub(super) fn rule_block(rule: &Attributes) -> Value {
    let part = |name: &str| rule.get(name).cloned().unwrap_or_default();
    let source = part("source_security_group_id");
    let is_own = !source.is_empty() && source == part("security_group_id");
    let groups = Some(source).filter(|source| !source.is_empty() && !is_own);
    let copied = ["protocol", "from_port", "to_port"];
    let lists = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"];
    let parts = copied.into_iter().chain(lists);
    let parts = parts.map(|name| (name, part(name)));
    Value::map(parts.chain([
        (
            "self",
            (is_own || part("self").as_bool() == Some(true)).into(),
        ),
        ("security_groups", Value::List(groups.into_iter().collect())),
    ]))
}

/// Returns the blocks without the sources of others: blocks that have no source left are left out.
pub(super) fn without_sources(blocks: Vec<Value>, others: &[Value]) -> Vec<Value> {
    let taken: HashSet<String> = others.iter().flat_map(keys).collect();
    if taken.is_empty() {
        return blocks;
    }
    let left = blocks.into_iter().filter_map(|block| {
        let Value::Map(mut parts) = block else {
            return Some(block);
        };
        let traffic = traffic(&Value::Map(parts.clone()));
        let is_left = |list: &str, source: &Value| !taken.contains(&key(&traffic, list, source));
        let mut is_used = false;
        for list in SOURCES {
            match parts.get_mut(list) {
                Some(Value::List(sources)) => {
                    sources.retain(|source| is_left(list, source));
                    is_used |= !sources.is_empty();
                }
                Some(Value::Null) | None => {}
                Some(_) => is_used = true,
            }
        }
        if let Some(own) = parts.get_mut("self")
            && own.as_bool() == Some(true)
        {
            match is_left("self", &Value::Null) {
                true => is_used = true,
                false => *own = false.into(),
            }
        }
        is_used.then_some(Value::Map(parts))
    });
    left.collect()
}

/// Returns what identifies each source of a block in its group: AWS has each once, whatever its description.
fn keys(block: &Value) -> Vec<String> {
    let traffic = traffic(block);
    let listed = SOURCES.iter().flat_map(|list| {
        let sources = block.get(list).as_list().unwrap_or_default().iter();
        let key_of = |source| key(&traffic, list, source);
        sources.map(key_of).collect::<Vec<_>>()
    });
    let own = block.get("self").as_bool() == Some(true);
    let own = own.then(|| key(&traffic, "self", &Value::Null));
    listed.chain(own).collect()
}

/// Returns the protocol and the ports of a block: all protocols have all ports, whatever the code says.
fn traffic(block: &Value) -> String {
    let name = protocol(block.get("protocol").as_str().unwrap_or_default());
    let port = |name: &str| block.get(name).as_i64().unwrap_or_default();
    match name.as_str() {
        "-1" => name,
        _ => format!("{name} {} {}", port("from_port"), port("to_port")),
    }
}

fn key(traffic: &str, list: &str, source: &Value) -> String {
    format!("{traffic} {list} {}", source.as_str().unwrap_or_default())
}
