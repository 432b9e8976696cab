//! `aws_s3_bucket_server_side_encryption_configuration`: how a bucket encrypts what is written to it.

use super::bucket_aspect::{self, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Extra, Reason, Value};
use aws_sdk_s3::types::{ServerSideEncryptionConfiguration, ServerSideEncryptionRule};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_server_side_encryption_configuration",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
        never_read: &["expected_bucket_owner"],
        ..Extra::NONE
    },
    actions: &[GET],
    read: |session, ask| {
        bucket_aspect::read(ask, move |resource| {
            async move {
                let name = bucket(resource);
                let told = encryption_of(session, name).await?;
                Ok(told.map(|told| {
                    let rules = told.rules().iter().map(rule).collect();
                    attributes([("bucket", name.into()), ("rule", Value::List(rules))])
                }))
            }
            .boxed()
        })
        .boxed()
    },
};

/// What reading it needs.
pub(super) const GET: &str = "s3:GetEncryptionConfiguration";
/// How S3 says that a bucket has none, or is not there.
const MISSING: &[&str] = &[
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchBucket",
];

/// Asks for the configuration of a bucket; none where it has none.
pub(super) async fn encryption_of(
    session: &Session,
    bucket: &str,
) -> Result<Option<ServerSideEncryptionConfiguration>, Reason> {
    let request = session.s3().get_bucket_encryption().bucket(bucket).send();
    let answer = session.find(GET, MISSING, request).await?;
    Ok(answer.and_then(|answer| answer.server_side_encryption_configuration))
}

/// One rule of the answer, in the provider's shape.
pub(super) fn rule(rule: &ServerSideEncryptionRule) -> Value {
    let by_default = rule.apply_server_side_encryption_by_default();
    let by_default = by_default.map(|default| {
        let key = default.kms_master_key_id();
        let algorithm = default.sse_algorithm().as_str();
        block([
            ("kms_master_key_id", Some(key.into())),
            ("sse_algorithm", Some(algorithm.into())),
        ])
    });
    Value::map([
        (
            "apply_server_side_encryption_by_default",
            by_default.unwrap_or(Value::List(Vec::new())),
        ),
        ("bucket_key_enabled", rule.bucket_key_enabled().into()),
    ])
}
