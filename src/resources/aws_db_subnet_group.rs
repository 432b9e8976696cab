//! `aws_db_subnet_group`: the subnets that a database may use.

use super::listing::{ById, Listing};
use super::read::each;
use super::shape::{attributes, name_prefix, tags, texts};
use super::{ReadRequest, ReadResult, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Reading, Reason, Resource, TypeRules};
use aws_sdk_rds::operation::describe_db_subnet_groups::DescribeDbSubnetGroupsOutput;
use aws_sdk_rds::types::DbSubnetGroup;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_db_subnet_group",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules::NONE,
    actions: &[GROUPS, TAGS],
    read: |session, request| read(session, request).boxed(),
};

const GROUPS: &str = "rds:DescribeDBSubnetGroups";
const TAGS: &str = "rds:ListTagsForResource";
/// RDS's error codes for a group that does not exist.
const NOT_FOUND: &[&str] = &["DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"];
/// The largest page that RDS returns.
const PAGE_SIZE: i32 = 100;

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() {
        return ReadResult::default();
    }
    let groups = match groups(session).await {
        Ok(groups) => groups,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let read_group = |resource: &'a Resource| {
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
    ReadResult {
        readings: each(&request.tracked, |resource| read_group(resource)).await,
        ..ReadResult::default()
    }
}

static LISTING: Listing<DescribeDbSubnetGroupsOutput, DbSubnetGroup> = Listing {
    action: GROUPS,
    scope: Scope::Regional,
    items: |page| page.db_subnet_groups,
    id: DbSubnetGroup::db_subnet_group_name,
};

/// Lists the region's subnet groups by name.
async fn groups(session: &Session) -> Result<ById<DbSubnetGroup>, Reason> {
    let request = session
        .rds()
        .describe_db_subnet_groups()
        .max_records(PAGE_SIZE);
    LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// Reads a group with its tags, which the list leaves out. A group that the list lacks is read by name.
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
            let answer = session.find(GROUPS, NOT_FOUND, request).await?;
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

/// Converts a group to the provider's attributes.
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
