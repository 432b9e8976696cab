//! `aws_iam_policy`: a policy of the account's own.

use super::ask::match_up;
use super::authorizations::{DETAILS, MISSING, details};
use super::policy::{self, decoded};
use super::shape::{attributes, name_prefix, tags};
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Reason, Resource};
use aws_sdk_iam::types::{ManagedPolicyDetail, Policy};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_policy",
    scope: Scope::Global,
    listed: false,
    extra: Extra {
        form: policy::form,
        ..Extra::NONE
    },
    actions: &[DETAILS, ONE, VERSION],
    read: |session, ask| read(session, ask).boxed(),
};

/// What reading one policy's tags and description needs: no bulk form has both.
const ONE: &str = "iam:GetPolicy";
/// What reading a document needs that the bulk form left out.
const VERSION: &str = "iam:GetPolicyVersion";

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let details = match details(session).await {
        Ok(details) => details,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let confirm = |resource: &'a Resource| {
        let document = details
            .policies
            .get(&resource.id)
            .and_then(default_document);
        whole(session, resource, document).boxed()
    };
    // Each is asked for by its ARN, so one answer is enough.
    let none = BTreeMap::<String, Attributes>::new();
    Answer {
        readings: match_up(&ask.tracked, &none, |_, found| found.clone(), confirm).await,
        ..Answer::default()
    }
}

/// The document that counts.
fn default_document(policy: &ManagedPolicyDetail) -> Option<String> {
    let mut versions = policy.policy_version_list().iter();
    let version = versions.find(|version| version.is_default_version())?;
    version.document().map(str::to_owned)
}

/// A policy with its document, which is asked for where the bulk form does not have it.
async fn whole(
    session: &Session,
    resource: &Resource,
    document: Option<String>,
) -> Result<Option<Attributes>, Reason> {
    let client = session.iam();
    let request = client.get_policy().policy_arn(&resource.id).send();
    let answer = session.find(ONE, MISSING, request).await?;
    let Some(policy) = answer.and_then(|answer| answer.policy) else {
        return Ok(None);
    };
    let document = match document {
        Some(document) => document,
        None => {
            let version = policy.default_version_id().unwrap_or_default();
            let request = client.get_policy_version().policy_arn(&resource.id);
            let request = request.version_id(version).send();
            let answer = session.find(VERSION, MISSING, request).await?;
            answer
                .and_then(|answer| answer.policy_version?.document)
                .ok_or_else(|| Reason::Failed {
                    message: format!("IAM answered {} without its document", resource.id),
                })?
        }
    };
    Ok(Some(convert(&policy, &document)))
}

/// One policy of the answer, in the provider's shape.
fn convert(policy: &Policy, document: &str) -> Attributes {
    attributes([
        ("arn", policy.arn().into()),
        ("description", policy.description().into()),
        ("name", policy.policy_name().into()),
        ("name_prefix", name_prefix(policy.policy_name())),
        ("path", policy.path().into()),
        ("policy", decoded(document).into()),
        (
            "tags_all",
            tags(
                policy
                    .tags()
                    .iter()
                    .map(|tag| (Some(tag.key()), Some(tag.value()))),
            ),
        ),
    ])
}
