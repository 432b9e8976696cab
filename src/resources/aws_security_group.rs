//! `aws_security_group`: a VPC firewall.

use super::ask::{match_up, unclaimed};
use super::permissions::{GROUPS, RULES, apart, blocks, groups, inlined, rules, single};
use super::shape::{attributes, made_by_aws, name_prefix, tags};
use super::{Answer, Ask, Look, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Children, Extra, Owner, Reason, Resource, Unclaimed, Value};
use aws_sdk_ec2::types::SecurityGroup;
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_security_group",
    scope: Scope::Regional,
    listed: true,
    extra: Extra {
        owners: &[
            owner("ingress", INGRESS, None),
            owner("egress", EGRESS, None),
            owner(
                "ingress",
                "aws_security_group_rule",
                Some(("type", "ingress")),
            ),
            owner(
                "egress",
                "aws_security_group_rule",
                Some(("type", "egress")),
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
        form: |path, value| match path {
            "ingress" | "egress" => apart(value),
            _ => value,
        },
        inlined: Some(inlined),
        ..Extra::NONE
    },
    actions: &[GROUPS, RULES],
    read: |session, ask| read(session, ask).boxed(),
};

const INGRESS: &str = "aws_vpc_security_group_ingress_rule";
const EGRESS: &str = "aws_vpc_security_group_egress_rule";
/// The types whose resources are rules of a group.
const RULE_TYPES: &[&str] = &[INGRESS, EGRESS, "aws_security_group_rule"];
/// How EC2 says that a group is not there.
const MISSING: &[&str] = &["InvalidGroup.NotFound", "InvalidGroupId.Malformed"];
/// The group that each VPC has, and nobody made.
const DEFAULT: &str = "default";
/// How the names of groups begin that services of AWS make.
const MADE_BY_SERVICES: &[&str] = &["ElasticMapReduce-", "awseb-", "eks-cluster-sg-", "d-"];

const fn owner(
    path: &'static str,
    tf_type: &'static str,
    when: Option<(&'static str, &'static str)>,
) -> Owner {
    Owner {
        path,
        tf_type,
        parent: "security_group_id",
        key: "id",
        when,
    }
}

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() && ask.look != Look::Account {
        return Answer::default();
    }
    let groups = match groups(session).await {
        Ok(groups) => groups,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let confirm = |resource: &'a Resource| {
        async move {
            let request = session
                .ec2()
                .describe_security_groups()
                .group_ids(&resource.id)
                .send();
            let answer = session.find(GROUPS, MISSING, request).await?;
            Ok(answer.and_then(|answer| {
                answer
                    .security_groups
                    .unwrap_or_default()
                    .into_iter()
                    .next()
            }))
        }
        .boxed()
    };
    let mut answer = Answer {
        readings: match_up(&ask.tracked, &groups, |_, group| convert(group), confirm).await,
        ..Answer::default()
    };
    if ask.look != Look::Off {
        let changed = |resource: &&&Resource| {
            groups
                .get(&resource.id)
                .is_some_and(|group| differs(resource, &convert(group)))
        };
        let beside = RULE_TYPES.iter().any(|rule| ask.beside.contains(rule));
        let parents: Vec<_> = ask
            .tracked
            .iter()
            .filter(|one| beside || changed(one))
            .collect();
        if !parents.is_empty() {
            match children(session, &parents).await {
                Ok(children) => answer.unclaimed = children,
                Err(reason) => answer.gap = Some(reason),
            }
        }
    }
    if ask.look == Look::Account {
        let own = groups.iter().filter(|(_, group)| is_somebodys(group));
        answer
            .unclaimed
            .extend(own.map(|(id, group)| unclaimed(session, TYPE.tf_type, id, convert(group))));
    }
    answer
}

/// Whether the state knows the group's rules otherwise than AWS: only then they are asked for one by one.
fn differs(recorded: &Resource, live: &Attributes) -> bool {
    let same = |path: &str| {
        let of = |value: &Value| {
            let items = apart(value.clone());
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

/// Each rule of these groups, below its group.
async fn children(session: &Session, parents: &[&&Resource]) -> Result<Vec<Unclaimed>, Reason> {
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
        Some(Unclaimed {
            under: Some(parent.address.clone()),
            path: Some(path),
            ..unclaimed(session, tf_type, id, single(session, rule))
        })
    };
    Ok(rules.iter().filter_map(child).collect())
}

/// Whether a person or a program of theirs made a group.
fn is_somebodys(group: &SecurityGroup) -> bool {
    let name = group.group_name().unwrap_or_default();
    let by_service = MADE_BY_SERVICES.iter().any(|start| name.starts_with(start));
    name != DEFAULT && !by_service && !made_by_aws(group.tags().iter().map(|tag| tag.key()))
}

/// One group of the answer, in the provider's shape.
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
