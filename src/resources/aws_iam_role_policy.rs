//! `aws_iam_role_policy`: a policy that is part of a role.

use super::ask::match_up;
use super::policy::{canonical, decoded};
use super::roles::{DETAILS, MISSING, details};
use super::shape::{attributes, name_prefix, option};
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Resource, Value};
use aws_sdk_iam::types::PolicyDetail;
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_role_policy",
    scope: Scope::Global,
    listed: false,
    extra: Extra {
        form: |path, value| match (path, &value) {
            ("policy", Value::String(text)) => canonical(text).into(),
            _ => value,
        },
        undo: Some(|found, _| {
            let given = |name: &str| found.get(name).cloned().unwrap_or_default();
            let (role, policy) = (given("role"), given("name"));
            "aws iam delete-role-policy".to_owned()
                + &option("role-name", &role)
                + &option("policy-name", &policy)
        }),
        ..Extra::NONE
    },
    actions: &[DETAILS, ONE],
    read: |session, ask| read(session, ask).boxed(),
};

/// What a second look at one policy needs.
const ONE: &str = "iam:GetRolePolicy";

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let roles = match details(session).await {
        Ok(roles) => roles,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let policies: BTreeMap<String, Attributes> = roles
        .iter()
        .flat_map(|(role, detail)| detail.role_policy_list().iter().map(move |one| (role, one)))
        .map(|(role, one)| {
            let id = format!("{role}:{}", one.policy_name().unwrap_or_default());
            (id, convert(role, one))
        })
        .collect();
    let confirm = |resource: &'a Resource| {
        async move {
            let (role, name) = resource.id.split_once(':').unwrap_or_default();
            let request = session
                .iam()
                .get_role_policy()
                .role_name(role)
                .policy_name(name)
                .send();
            let answer = session.find(ONE, MISSING, request).await?;
            let policy = |document: &str| {
                PolicyDetail::builder()
                    .policy_name(name)
                    .policy_document(document)
                    .build()
            };
            Ok(answer.map(|answer| convert(role, &policy(answer.policy_document()))))
        }
        .boxed()
    };
    Answer {
        readings: match_up(&ask.tracked, &policies, |_, found| found.clone(), confirm).await,
        ..Answer::default()
    }
}

/// One policy of a role, in the provider's shape.
pub(super) fn convert(role: &str, policy: &PolicyDetail) -> Attributes {
    attributes([
        ("name", policy.policy_name().into()),
        ("name_prefix", name_prefix(policy.policy_name())),
        ("policy", policy.policy_document().map(decoded).into()),
        ("role", role.into()),
    ])
}
