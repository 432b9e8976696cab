//! `aws_s3_bucket_acl`: the access control list of a bucket.

use super::bucket_aspect::{self, acl, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::model::{TypeRules, Value};
use aws_sdk_s3::operation::get_bucket_acl::GetBucketAclOutput;
use aws_sdk_s3::types::Grant;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_acl",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        // S3 tells what a canned name grants, never the name.
        never_read: &["acl", "expected_bucket_owner"],
        watched: &["access_control_policy"],
        // Names for show, which S3 no longer gives everywhere.
        normalize: |path, value| match path {
            "access_control_policy.owner.display_name"
            | "access_control_policy.grant.grantee.display_name" => Value::Null,
            _ => value,
        },
        written_as: Some(|path, live| {
            let name = path.split('[').next()?;
            let policy = live.get(name).filter(|_| name == "access_control_policy")?;
            Some(("acl", canned(policy)?.into()))
        }),
        unseen: &["access_control_policy"],
        ..TypeRules::NONE
    },
    actions: &[bucket_aspect::ACL],
    read: |session, request| {
        bucket_aspect::read(request, move |resource| {
            async move {
                let name = bucket(resource);
                let acl_answer = acl(session, name).await?;
                Ok(acl_answer.as_ref().as_ref().map(|acl_answer| {
                    attributes([
                        ("access_control_policy", policy(acl_answer)),
                        ("bucket", name.into()),
                    ])
                }))
            }
            .boxed()
        })
        .boxed()
    },
};

/// Converts an access control list to the provider's `access_control_policy`.
fn policy(acl: &GetBucketAclOutput) -> Value {
    let grants = acl.grants().iter().map(grant).collect();
    let owner = block([("id", Some(acl.owner().and_then(|owner| owner.id()).into()))]);
    block([("grant", Some(Value::List(grants))), ("owner", Some(owner))])
}

fn grant(grant: &Grant) -> Value {
    let grantee = grant.grantee().map(|grantee| {
        block([
            ("email_address", Some(grantee.email_address().into())),
            ("id", Some(grantee.id().into())),
            ("type", Some(grantee.r#type().as_str().into())),
            ("uri", Some(grantee.uri().into())),
        ])
    });
    let permission = grant.permission().map(|permission| permission.as_str());
    Value::map([
        ("grantee", grantee.unwrap_or(Value::List(Vec::new()))),
        ("permission", permission.into()),
    ])
}

/// The grantee groups that canned ACLs name.
const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// Returns the canned ACL that makes exactly these grants, if there is one.
fn canned(policy: &Value) -> Option<&'static str> {
    let policy = policy.as_list()?.first()?;
    let owner = policy.get("owner").as_list()?.first()?.get("id");
    let mut others = Vec::new();
    for grant in policy.get("grant").as_list()? {
        let grantee = grant.get("grantee").as_list()?.first()?;
        let permission = grant.get("permission").as_str()?;
        match grantee.get("uri").as_str() {
            None if grantee.get("id") == owner && permission == "FULL_CONTROL" => {}
            None => return None,
            Some(uri) => others.push((uri, permission)),
        }
    }
    others.sort_unstable();
    match others.as_slice() {
        [] => Some("private"),
        [(EVERYBODY, "READ")] => Some("public-read"),
        [(EVERYBODY, "READ"), (EVERYBODY, "WRITE")] => Some("public-read-write"),
        [(AUTHENTICATED, "READ")] => Some("authenticated-read"),
        [(LOG_DELIVERY, "READ_ACP"), (LOG_DELIVERY, "WRITE")] => Some("log-delivery-write"),
        _ => None,
    }
}
