//! `aws_security_group`: a security group.

use super::permissions::{GROUPS, RULES, blocks, groups, inlined, rules, single, split_by_source};
use super::permissions_shared::{rule_block, without_sources};
use super::read::{resolve_tracked, unmanaged_resource};
use super::shape::{attributes, created_by_aws, name_prefix, tags};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use crate::aws::Session;
use crate::model::{
    Attributes, Children, Owner, Reason, Resource, SharedItems, TypeRules, UnmanagedResource, Value,
};
use aws_sdk_ec2::types::SecurityGroup;
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_security_group",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules {
        owners: &[
            owner("ingress", INGRESS, None, |rule| vec![inlined(rule)]),
            owner("egress", EGRESS, None, |rule| vec![inlined(rule)]),
            owner(
                "ingress",
                "aws_security_group_rule",
                Some(("type", "ingress")),
                |rule| vec![rule_block(rule)],
            ),
            owner(
                "egress",
                "aws_security_group_rule",
                Some(("type", "egress")),
                |rule| vec![rule_block(rule)],
            ),
        ],
        children: &[
            Children {
                path: "ingress",
                tf_type: INGRESS,
            },
            Children {
                path: "egress",
                tf_type: EGRESS,
            },
        ],
        never_read: &["revoke_rules_on_delete"],
        watched: &["ingress", "egress"],
        normalize: |path, value| match path {
            "ingress" | "egress" => split_by_source(value),
            _ => value,
        },
        inlined: Some(inlined),
        ..TypeRules::NONE
    },
    actions: &[GROUPS, RULES],
    read: |session, request| read(session, request).boxed(),
};

const INGRESS: &str = "aws_vpc_security_group_ingress_rule";
const EGRESS: &str = "aws_vpc_security_group_egress_rule";
/// The types whose resources are rules of a group.
const RULE_TYPES: &[&str] = &[INGRESS, EGRESS, "aws_security_group_rule"];
/// EC2's error codes for a group that does not exist.
const NOT_FOUND: &[&str] = &["InvalidGroup.NotFound", "InvalidGroupId.Malformed"];
/// The name of the group that AWS creates in each VPC.
const DEFAULT: &str = "default";
/// The name prefixes of groups that AWS services create.
const SERVICE_NAME_PREFIXES: &[&str] = &["ElasticMapReduce-", "awseb-", "eks-cluster-sg-", "d-"];

const fn owner(
    path: &'static str,
    tf_type: &'static str,
    when: Option<(&'static str, &'static str)>,
    set_by: fn(&Attributes) -> Vec<Value>,
) -> Owner {
    Owner {
        path,
        tf_type,
        parent: "security_group_id",
        key: "id",
        when,
        items: Some(SharedItems {
            set_by,
            without: without_sources,
        }),
    }
}

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() && request.unmanaged_scope != UnmanagedScope::Account {
        return ReadResult::default();
    }
    let groups = match groups(session).await {
        Ok(groups) => groups,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let get_by_id = |resource: &'a Resource| get_by_id(session, &resource.id).boxed();
    let mut answer = ReadResult {
        readings: resolve_tracked(
            &request.tracked,
            &groups,
            |_, group| convert(group),
            get_by_id,
        )
        .await,
        ..ReadResult::default()
    };
    if request.unmanaged_scope != UnmanagedScope::Off {
        let changed = |resource: &&&Resource| {
            groups
                .get(&resource.id)
                .is_some_and(|group| differs(resource, &convert(group)))
        };
        let rules_tracked = RULE_TYPES
            .iter()
            .any(|rule| request.tracked_types.contains(rule));
        let parents: Vec<_> = request
            .tracked
            .iter()
            .filter(|group| rules_tracked || changed(group))
            .collect();
        if !parents.is_empty() {
            match children(session, &parents).await {
                Ok(children) => answer.unmanaged = children,
                Err(reason) => answer.incomplete = Some(reason),
            }
        }
    }
    if request.unmanaged_scope == UnmanagedScope::Account {
        let own = groups.iter().filter(|(_, group)| is_user_created(group));
        answer.unmanaged.extend(
            own.map(|(id, group)| unmanaged_resource(session, TYPE.tf_type, id, convert(group))),
        );
    }
    answer
}

/// Describes one group that the list does not hold; none where AWS knows no such group.
async fn get_by_id(session: &Session, id: &str) -> Result<Option<SecurityGroup>, Reason> {
    let request = session
        .ec2()
        .describe_security_groups()
        .group_ids(id)
        .send();
    let answer = session.find(GROUPS, NOT_FOUND, request).await?;
    let groups = answer.and_then(|answer| answer.security_groups);
    Ok(groups.unwrap_or_default().into_iter().next())
}

/// Returns whether the state's rules differ from the group's in AWS: only then the rules are read one by one.
fn differs(recorded: &Resource, live: &Attributes) -> bool {
    let same = |path: &str| {
        let of = |value: &Value| {
            let items = split_by_source(value.clone());
            let mut items: Vec<_> = items
                .as_list()
                .unwrap_or_default()
                .iter()
                .map(|item| format!("{item:?}"))
                .collect();
            items.sort();
            items
        };
        of(recorded.get(path)) == of(live.get(path).unwrap_or(&Value::Null))
    };
    !same("ingress") || !same("egress")
}

/// Reads the rules of these groups as unmanaged children.
async fn children(
    session: &Session,
    parents: &[&&Resource],
) -> Result<Vec<UnmanagedResource>, Reason> {
    let rules = rules(session).await?;
    let mut by_id: BTreeMap<&str, &Resource> = BTreeMap::new();
    for parent in parents {
        by_id.entry(parent.id.as_str()).or_insert(parent);
    }
    let child = |(id, rule): (&String, &aws_sdk_ec2::types::SecurityGroupRule)| {
        let parent = by_id.get(rule.group_id()?)?;
        let (path, tf_type) = match rule.is_egress() {
            Some(true) => ("egress", EGRESS),
            _ => ("ingress", INGRESS),
        };
        Some(UnmanagedResource {
            under: Some(parent.address.clone()),
            path: Some(path),
            ..unmanaged_resource(session, tf_type, id, single(session, rule))
        })
    };
    Ok(rules.iter().filter_map(child).collect())
}

/// Returns false for groups that AWS created itself.
fn is_user_created(group: &SecurityGroup) -> bool {
    let name = group.group_name().unwrap_or_default();
    let by_service = SERVICE_NAME_PREFIXES
        .iter()
        .any(|start| name.starts_with(start));
    name != DEFAULT && !by_service && !created_by_aws(group.tags().iter().map(|tag| tag.key()))
}

/// Converts a group to the provider's attributes.
fn convert(group: &SecurityGroup) -> Attributes {
    attributes([
        ("description", group.description().into()),
        ("egress", blocks(group, group.ip_permissions_egress())),
        ("ingress", blocks(group, group.ip_permissions())),
        ("name", group.group_name().into()),
        ("name_prefix", name_prefix(group.group_name())),
        ("owner_id", group.owner_id().into()),
        (
            "tags_all",
            tags(group.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc_id", group.vpc_id().into()),
    ])
}
