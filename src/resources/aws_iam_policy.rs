//! `aws_iam_policy`: a customer managed policy.

use super::authorizations::{DETAILS, NOT_FOUND, details};
use super::policy::{self, decoded};
use super::read::{resolve_tracked, unmanaged_resource};
use super::shape::{attributes, name_prefix, tags};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Resource, TypeRules, UnmanagedResource};
use aws_sdk_iam::types::{ManagedPolicyDetail, Policy};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_policy",
    scope: Scope::Global,
    listed: true,
    rules: TypeRules {
        normalize: policy::normalize,
        ..TypeRules::NONE
    },
    actions: &[DETAILS, GET, VERSION],
    read: |session, request| read(session, request).boxed(),
};

/// The IAM action that reads a policy's tags and description, which no list has.
const GET: &str = "iam:GetPolicy";
/// The IAM action that reads a policy document that the list left out.
const VERSION: &str = "iam:GetPolicyVersion";

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let all = request.unmanaged_scope == UnmanagedScope::Account;
    if request.tracked.is_empty() && !all {
        return ReadResult::default();
    }
    let details = match details(session).await {
        Ok(details) => details,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let get_by_id = |resource: &'a Resource| {
        let document = details
            .policies
            .get(&resource.id)
            .and_then(default_document);
        whole(session, resource, document).boxed()
    };
    // Each is asked for by its ARN, so one answer is enough.
    let none = BTreeMap::<String, Attributes>::new();
    let mut answer = ReadResult {
        readings: resolve_tracked(&request.tracked, &none, |_, found| found.clone(), get_by_id)
            .await,
        ..ReadResult::default()
    };
    if all {
        let own = details.policies.iter();
        let found = own.map(|(arn, policy)| UnmanagedResource {
            region: None,
            ..unmanaged_resource(session, TYPE.tf_type, arn, of_detail(policy))
        });
        answer.unmanaged = found.collect();
    }
    answer
}

/// Converts a policy from the account's authorization details, which lack its tags.
fn of_detail(policy: &ManagedPolicyDetail) -> Attributes {
    attributes([
        ("arn", policy.arn().into()),
        ("description", policy.description().into()),
        ("name", policy.policy_name().into()),
        ("path", policy.path().into()),
        (
            "policy",
            default_document(policy).as_deref().map(decoded).into(),
        ),
    ])
}

/// Returns the document of the default version.
fn default_document(policy: &ManagedPolicyDetail) -> Option<String> {
    let mut versions = policy.policy_version_list().iter();
    let version = versions.find(|version| version.is_default_version())?;
    version.document().map(str::to_owned)
}

/// Reads a policy with its document, in a call of its own where the list lacks it.
async fn whole(
    session: &Session,
    resource: &Resource,
    document: Option<String>,
) -> Result<Option<Attributes>, Reason> {
    let client = session.iam();
    let request = client.get_policy().policy_arn(&resource.id).send();
    let answer = session.find(GET, NOT_FOUND, request).await?;
    let Some(policy) = answer.and_then(|answer| answer.policy) else {
        return Ok(None);
    };
    let document = match document {
        Some(document) => document,
        None => {
            let version = policy.default_version_id().unwrap_or_default();
            let request = client.get_policy_version().policy_arn(&resource.id);
            let request = request.version_id(version).send();
            let answer = session.find(VERSION, NOT_FOUND, request).await?;
            answer
                .and_then(|answer| answer.policy_version?.document)
                .ok_or_else(|| Reason::Failed {
                    message: format!("IAM answered {} without its document", resource.id),
                })?
        }
    };
    Ok(Some(convert(&policy, &document)))
}

/// Converts a policy to the provider's attributes.
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
