//! `aws_iam_instance_profile`: the role of an EC2 instance.

use super::authorizations::NOT_FOUND;
use super::read::resolve_tracked;
use super::shape::{attributes, name_prefix, tags};
use super::{ReadRequest, ReadResult, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Resource, TypeRules};
use aws_sdk_iam::types::InstanceProfile;
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_instance_profile",
    scope: Scope::Global,
    listed: false,
    rules: TypeRules::NONE,
    actions: &[GET],
    read: |session, request| read(session, request).boxed(),
};

/// The IAM action that reads a profile with its tags, which the list leaves out.
const GET: &str = "iam:GetInstanceProfile";

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let get_by_id = |resource: &'a Resource| {
        async move {
            let request = session.iam().get_instance_profile();
            let request = request.instance_profile_name(&resource.id).send();
            let answer = session.find(GET, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.instance_profile))
        }
        .boxed()
    };
    // Each is asked for by its name, so one answer is enough.
    let none = BTreeMap::new();
    ReadResult {
        readings: resolve_tracked(
            &request.tracked,
            &none,
            |_, profile| convert(profile),
            get_by_id,
        )
        .await,
        ..ReadResult::default()
    }
}

/// Converts a profile to the provider's attributes.
fn convert(profile: &InstanceProfile) -> Attributes {
    let keys = profile.tags().iter();
    attributes([
        ("arn", profile.arn().into()),
        ("name", profile.instance_profile_name().into()),
        (
            "name_prefix",
            name_prefix(Some(profile.instance_profile_name())),
        ),
        ("path", profile.path().into()),
        (
            "role",
            profile.roles().first().map(|role| role.role_name()).into(),
        ),
        (
            "tags_all",
            tags(keys.map(|tag| (Some(tag.key()), Some(tag.value())))),
        ),
    ])
}
