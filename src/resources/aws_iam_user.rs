//! `aws_iam_user`: an IAM user.

use super::authorizations::{DETAILS, NOT_FOUND, details};
use super::read::{resolve_tracked, unmanaged_resource};
use super::shape::{attributes, created_by_aws, tags};
use super::users::USERS;
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use crate::aws::Session;
use crate::model::{Attributes, Resource, TypeRules, UnmanagedResource, Value};
use aws_sdk_iam::types::{AttachedPermissionsBoundary, Tag, User, UserDetail};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_user",
    scope: Scope::Global,
    listed: true,
    rules: TypeRules {
        never_read: &["force_destroy"],
        ..TypeRules::NONE
    },
    actions: &[DETAILS, GET],
    read: |session, request| read(session, request).boxed(),
};

/// The IAM action that reads a single user.
const GET: &str = "iam:GetUser";

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let all = request.unmanaged_scope == UnmanagedScope::Account;
    if request.tracked.is_empty() && !all {
        return ReadResult::default();
    }
    let details = match details(session).await {
        Ok(details) => details,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let users: BTreeMap<String, Attributes> = details
        .users
        .iter()
        .map(|(name, user)| (name.clone(), of_detail(user)))
        .collect();
    let get_by_id = |resource: &'a Resource| {
        async move {
            let request = session.iam().get_user().user_name(&resource.id).send();
            let answer = session.find(GET, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.user).as_ref().map(of_user))
        }
        .boxed()
    };
    let mut answer = ReadResult {
        readings: resolve_tracked(&request.tracked, &users, |_, user| user.clone(), get_by_id)
            .await,
        unmanaged: USERS.below_tracked(session, &TYPE, &request, &details),
        ..ReadResult::default()
    };
    if all {
        let own = users.iter().filter(|(name, user)| {
            let arn = user.get("arn").and_then(Value::as_str);
            arn != Some(session.caller()) && !has_aws_tag(&details.users, name)
        });
        answer
            .unmanaged
            .extend(own.map(|(name, user)| UnmanagedResource {
                region: None,
                ..unmanaged_resource(session, TYPE.tf_type, name, user.clone())
            }));
    }
    answer
}

/// Returns whether a user carries a tag of the AWS service that created it.
fn has_aws_tag(users: &BTreeMap<String, UserDetail>, name: &str) -> bool {
    let tags = users.get(name).map(UserDetail::tags).unwrap_or_default();
    created_by_aws(tags.iter().map(|tag| Some(tag.key())))
}

fn of_detail(user: &UserDetail) -> Attributes {
    shaped(
        (user.arn(), user.user_name(), user.path()),
        user.permissions_boundary(),
        user.tags(),
    )
}

fn of_user(user: &User) -> Attributes {
    shaped(
        (Some(user.arn()), Some(user.user_name()), Some(user.path())),
        user.permissions_boundary(),
        user.tags(),
    )
}

/// Converts a user to the provider's attributes.
fn shaped(
    (arn, name, path): (Option<&str>, Option<&str>, Option<&str>),
    boundary: Option<&AttachedPermissionsBoundary>,
    keys: &[Tag],
) -> Attributes {
    let boundary = boundary.and_then(|boundary| boundary.permissions_boundary_arn());
    attributes([
        ("arn", arn.into()),
        ("name", name.into()),
        ("path", path.into()),
        ("permissions_boundary", boundary.into()),
        (
            "tags_all",
            tags(keys.iter().map(|tag| (Some(tag.key()), Some(tag.value())))),
        ),
    ])
}
