//! `aws_iam_role_policy_attachment`: a managed policy on a role.

use super::roles::{DETAILS, details};
use super::shape::attributes;
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Extra, Reading, Reason, Resource};
use futures::FutureExt;
use futures::future::join_all;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_role_policy_attachment",
    scope: Scope::Global,
    listed: false,
    extra: Extra {
        claims: Some(|attachment, found| {
            let same = |name: &str| {
                let own = attachment.text(name);
                own.is_some() && own == found.attributes.get(name).and_then(|value| value.as_str())
            };
            found.tf_type == TYPE.tf_type && same("role") && same("policy_arn")
        }),
        ..Extra::NONE
    },
    actions: &[DETAILS, ONE],
    read: |session, ask| read(session, ask).boxed(),
};

/// What a second look at one role's attachments needs.
const ONE: &str = "iam:ListAttachedRolePolicies";

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let roles = match details(session).await {
        Ok(roles) => roles,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let read = |resource: &'a Resource| {
        let roles = roles.clone();
        async move {
            let (role, policy) = parts(resource);
            let listed = roles.get(role).is_some_and(|detail| {
                let mut attached = detail.attached_managed_policies().iter();
                attached.any(|one| one.policy_arn() == Some(policy))
            });
            let reading = match listed {
                true => found(resource),
                false => match attached(session, role, policy).await {
                    Ok(true) => found(resource),
                    Ok(false) => Reading::Absent,
                    Err(reason) => Reading::Unknown(reason),
                },
            };
            (resource, reading)
        }
    };
    Answer {
        readings: join_all(ask.tracked.iter().copied().map(read)).await,
        ..Answer::default()
    }
}

fn parts(resource: &Resource) -> (&str, &str) {
    let text = |name| resource.text(name).unwrap_or_default();
    (text("role"), text("policy_arn"))
}

/// A second look, at the one role.
async fn attached(session: &Session, role: &str, policy: &str) -> Result<bool, Reason> {
    let request = session.iam().list_attached_role_policies().role_name(role);
    let answer = session
        .find(ONE, super::roles::MISSING, request.max_items(1000).send())
        .await?;
    let attached = answer
        .and_then(|answer| answer.attached_policies)
        .unwrap_or_default();
    Ok(attached.iter().any(|one| one.policy_arn() == Some(policy)))
}

fn found(resource: &Resource) -> Reading {
    let (role, policy) = parts(resource);
    Reading::Found(attributes([
        ("policy_arn", policy.into()),
        ("role", role.into()),
    ]))
}
