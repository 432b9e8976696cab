//! `aws_s3_bucket_server_side_encryption_configuration`: the default encryption of a bucket.

use super::bucket_aspect::{self, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Reason, TypeRules, Value};
use aws_sdk_s3::types::{ServerSideEncryptionConfiguration, ServerSideEncryptionRule};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_server_side_encryption_configuration",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        never_read: &["expected_bucket_owner"],
        ..TypeRules::NONE
    },
    actions: &[GET],
    read: |session, request| {
        bucket_aspect::read(request, move |resource| {
            async move {
                let name = bucket(resource);
                let configuration = encryption_of(session, name).await?;
                Ok(configuration.map(|configuration| {
                    let rules = configuration.rules().iter().map(rule).collect();
                    attributes([("bucket", name.into()), ("rule", Value::List(rules))])
                }))
            }
            .boxed()
        })
        .boxed()
    },
};

/// The IAM action that reads the configuration.
pub(super) const GET: &str = "s3:GetEncryptionConfiguration";
/// S3's error codes for a bucket that does not exist or lacks the configuration.
const NOT_FOUND: &[&str] = &[
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchBucket",
];

/// Reads the configuration of a bucket; `None` where it has none.
pub(super) async fn encryption_of(
    session: &Session,
    bucket: &str,
) -> Result<Option<ServerSideEncryptionConfiguration>, Reason> {
    let request = session.s3().get_bucket_encryption().bucket(bucket).send();
    let answer = session.find(GET, NOT_FOUND, request).await?;
    Ok(answer.and_then(|answer| answer.server_side_encryption_configuration))
}

/// Converts an encryption rule to the provider's attributes.
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
