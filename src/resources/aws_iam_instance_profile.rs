//! `aws_iam_instance_profile`: what gives an instance a role.

use super::ask::match_up;
use super::authorizations::MISSING;
use super::shape::{attributes, name_prefix, tags};
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Resource};
use aws_sdk_iam::types::InstanceProfile;
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_instance_profile",
    scope: Scope::Global,
    listed: false,
    extra: Extra::NONE,
    actions: &[ONE],
    read: |session, ask| read(session, ask).boxed(),
};

/// The list of all leaves their tags out.
const ONE: &str = "iam:GetInstanceProfile";

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    let confirm = |resource: &'a Resource| {
        async move {
            let request = session.iam().get_instance_profile();
            let request = request.instance_profile_name(&resource.id).send();
            let answer = session.find(ONE, MISSING, request).await?;
            Ok(answer.and_then(|answer| answer.instance_profile))
        }
        .boxed()
    };
    // Each is asked for by its name, so one answer is enough.
    let none = BTreeMap::new();
    Answer {
        readings: match_up(&ask.tracked, &none, |_, profile| convert(profile), confirm).await,
        ..Answer::default()
    }
}

/// One profile of the answer, in the provider's shape.
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
