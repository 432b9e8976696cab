//! `aws_iam_user`: a person or a program with keys of its own.

use super::ask::{match_up, unclaimed};
use super::authorizations::{DETAILS, MISSING, details};
use super::shape::{attributes, tags};
use super::users::USERS;
use super::{Answer, Ask, Look, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Address, Attributes, Extra, Resource, Unclaimed};
use aws_sdk_iam::types::{AttachedPermissionsBoundary, Tag, User, UserDetail};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_user",
    scope: Scope::Global,
    listed: false,
    extra: Extra {
        never_read: &["force_destroy"],
        ..Extra::NONE
    },
    actions: &[DETAILS, ONE],
    read: |session, ask| read(session, ask).boxed(),
};

/// What a second look at one user needs.
const ONE: &str = "iam:GetUser";
const INLINE: &str = "aws_iam_user_policy";
const ATTACHMENT: &str = "aws_iam_user_policy_attachment";

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let details = match details(session).await {
        Ok(details) => details,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let users: BTreeMap<String, Attributes> = details
        .users
        .iter()
        .map(|(name, user)| (name.clone(), of_detail(user)))
        .collect();
    let confirm = |resource: &'a Resource| {
        async move {
            let request = session.iam().get_user().user_name(&resource.id).send();
            let answer = session.find(ONE, MISSING, request).await?;
            Ok(answer.and_then(|answer| answer.user).as_ref().map(of_user))
        }
        .boxed()
    };
    let mut answer = Answer {
        readings: match_up(&ask.tracked, &users, |_, user| user.clone(), confirm).await,
        ..Answer::default()
    };
    if ask.look != Look::Off {
        for resource in &ask.tracked {
            let user = details.users.get(&resource.id).into_iter();
            let parts = user.flat_map(|user| parts(session, &resource.address, user));
            answer.unclaimed.extend(parts);
        }
    }
    answer
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

/// A user in the provider's shape.
fn shaped(
    (arn, name, path): (Option<&str>, Option<&str>, Option<&str>),
    boundary: Option<&AttachedPermissionsBoundary>,
    keys: &[Tag],
) -> Attributes {
    let boundary = boundary.and_then(|one| one.permissions_boundary_arn());
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

/// Each policy of a user, below it.
fn parts(session: &Session, parent: &Address, user: &UserDetail) -> Vec<Unclaimed> {
    let held = (
        user.user_name().unwrap_or_default(),
        user.user_policy_list(),
        user.attached_managed_policies(),
    );
    USERS.parts(held, (INLINE, ATTACHMENT), |tf_type, id, all| Unclaimed {
        under: Some(parent.clone()),
        region: None,
        ..unclaimed(session, tf_type, id, all)
    })
}
