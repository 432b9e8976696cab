//! `aws_iam_group`: an IAM group.

use super::authorizations::{DETAILS, NOT_FOUND, details};
use super::groups::GROUPS;
use super::read::{resolve_tracked, unmanaged_resource};
use super::shape::attributes;
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Resource, TypeRules, UnmanagedResource};
use aws_sdk_iam::types::{Group, GroupDetail};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_group",
    scope: Scope::Global,
    listed: true,
    rules: TypeRules::NONE,
    actions: &[DETAILS, GET],
    read: |session, request| read(session, request).boxed(),
};

/// The IAM action that reads a single group.
const GET: &str = "iam:GetGroup";

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let all = request.unmanaged_scope == UnmanagedScope::Account;
    if request.tracked.is_empty() && !all {
        return ReadResult::default();
    }
    let details = match details(session).await {
        Ok(details) => details,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let groups: BTreeMap<String, Attributes> = details
        .groups
        .iter()
        .map(|(name, group)| (name.clone(), of_detail(group)))
        .collect();
    let get_by_id = |resource: &'a Resource| get_by_id(session, &resource.id).boxed();
    let mut answer = ReadResult {
        readings: resolve_tracked(
            &request.tracked,
            &groups,
            |_, group| group.clone(),
            get_by_id,
        )
        .await,
        unmanaged: GROUPS.below_tracked(session, &TYPE, &request, &details),
        ..ReadResult::default()
    };
    if all {
        // A group has no tags: nothing tells those that an AWS service created.
        let found = groups.iter().map(|(name, group)| UnmanagedResource {
            region: None,
            ..unmanaged_resource(session, TYPE.tf_type, name, group.clone())
        });
        answer.unmanaged.extend(found);
    }
    answer
}

/// Gets one group that the list does not hold; none where AWS knows no such group.
async fn get_by_id(session: &Session, name: &str) -> Result<Option<Attributes>, Reason> {
    // The members are in pages, and none of them matters.
    let request = session.iam().get_group().group_name(name).max_items(1);
    let answer = session.find(GET, NOT_FOUND, request.send()).await?;
    Ok(answer
        .and_then(|answer| answer.group)
        .as_ref()
        .map(of_group))
}

fn of_detail(group: &GroupDetail) -> Attributes {
    attributes([
        ("arn", group.arn().into()),
        ("name", group.group_name().into()),
        ("path", group.path().into()),
        ("unique_id", group.group_id().into()),
    ])
}

fn of_group(group: &Group) -> Attributes {
    attributes([
        ("arn", group.arn().into()),
        ("name", group.group_name().into()),
        ("path", group.path().into()),
        ("unique_id", group.group_id().into()),
    ])
}
