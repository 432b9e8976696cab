//! `aws_db_subnet_group`: the subnets that databases may stand in.

use super::bulk::All;
use super::shape::{attributes, name_prefix, tags, texts};
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Reading, Reason, Resource};
use aws_sdk_rds::types::DbSubnetGroup;
use futures::FutureExt;
use futures::future::join_all;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_db_subnet_group",
    scope: Scope::Regional,
    listed: false,
    extra: Extra::NONE,
    actions: &[GROUPS, TAGS],
    read: |session, ask| read(session, ask).boxed(),
};

const GROUPS: &str = "rds:DescribeDBSubnetGroups";
const TAGS: &str = "rds:ListTagsForResource";
/// How RDS says that a group is not there.
const MISSING: &[&str] = &["DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"];
/// RDS's longest page.
const PAGE: i32 = 100;

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let groups = match groups(session).await {
        Ok(groups) => groups,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let one = |resource: &'a Resource| {
        let listed = groups.get(&resource.id).cloned();
        async move {
            let reading = match whole(session, resource, listed).await {
                Ok(Some(all)) => Reading::Found(all),
                Ok(None) => Reading::Absent,
                Err(reason) => Reading::Unknown(reason),
            };
            (resource, reading)
        }
    };
    Answer {
        readings: join_all(ask.tracked.iter().copied().map(one)).await,
        ..Answer::default()
    }
}

/// The region's groups by name, asked once.
async fn groups(session: &Session) -> Result<All<DbSubnetGroup>, Reason> {
    let ask = async {
        let request = session.rds().describe_db_subnet_groups().max_records(PAGE);
        let pages = session
            .pages(GROUPS, request.into_paginator().send())
            .await?;
        let groups = pages
            .into_iter()
            .flat_map(|page| page.db_subnet_groups.unwrap_or_default());
        Ok(groups
            .filter_map(|one| Some((one.db_subnet_group_name()?.to_owned(), one)))
            .collect())
    };
    session.shared("database subnet groups", ask).await
}

/// A group with its tags, which the list leaves out. One that the list lacks is looked for once more.
async fn whole(
    session: &Session,
    resource: &Resource,
    listed: Option<DbSubnetGroup>,
) -> Result<Option<Attributes>, Reason> {
    let client = session.rds();
    let found = match listed {
        Some(group) => Some(group),
        None => {
            let request = client.describe_db_subnet_groups();
            let request = request.db_subnet_group_name(&resource.id).send();
            let answer = session.find(GROUPS, MISSING, request).await?;
            answer.and_then(|answer| answer.db_subnet_groups?.into_iter().next())
        }
    };
    let Some(group) = found else { return Ok(None) };
    let arn = group.db_subnet_group_arn().unwrap_or_default();
    let request = client.list_tags_for_resource().resource_name(arn).send();
    let answer = session.call(TAGS, request).await?;
    let mut all = convert(&group);
    let keys = answer.tag_list().iter();
    all.insert(
        "tags_all".to_owned(),
        tags(keys.map(|tag| (tag.key(), tag.value()))),
    );
    Ok(Some(all))
}

/// One group of the answer, in the provider's shape.
fn convert(group: &DbSubnetGroup) -> Attributes {
    let subnets = group.subnets().iter();
    attributes([
        ("description", group.db_subnet_group_description().into()),
        ("name", group.db_subnet_group_name().into()),
        ("name_prefix", name_prefix(group.db_subnet_group_name())),
        (
            "subnet_ids",
            texts(subnets.filter_map(|subnet| subnet.subnet_identifier())),
        ),
    ])
}
