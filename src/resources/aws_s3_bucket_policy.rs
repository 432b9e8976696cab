//! `aws_s3_bucket_policy`: the policy of a bucket.

use super::bucket_aspect::{self, bucket};
use super::policy;
use super::shape::{attributes, option};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, TypeRules};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_policy",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        normalize: policy::normalize,
        undo: Some(|found, _| {
            let bucket = found.get("bucket").cloned().unwrap_or_default();
            format!(
                "aws s3api delete-bucket-policy{}",
                option("bucket", &bucket)
            )
        }),
        ..TypeRules::NONE
    },
    actions: &[GET],
    read: |session, request| {
        bucket_aspect::read(request, move |resource| {
            async move {
                let name = bucket(resource);
                let policy = policy_of(session, name).await?;
                Ok(policy.map(|policy| shape(name, policy)))
            }
            .boxed()
        })
        .boxed()
    },
};

/// The IAM action that reads a bucket policy.
pub(super) const GET: &str = "s3:GetBucketPolicy";
/// S3's error codes for a bucket that does not exist or lacks the configuration.
const NOT_FOUND: &[&str] = &["NoSuchBucketPolicy", "NoSuchBucket"];

/// Reads the policy of a bucket, once for all types that need it; `None` where it has none.
pub(super) async fn policy_of(session: &Session, bucket: &str) -> Result<Option<String>, Reason> {
    let request = async {
        let request = session.s3().get_bucket_policy().bucket(bucket).send();
        let answer = session.find(GET, NOT_FOUND, request).await?;
        Ok(answer.and_then(|answer| answer.policy))
    };
    let key = format!("policy of {bucket}");
    let shared = session.shared(&key, request).await?;
    Ok((*shared).clone())
}

/// Returns the attributes of a bucket's policy.
pub(super) fn shape(bucket: &str, policy: String) -> Attributes {
    attributes([("bucket", bucket.into()), ("policy", policy.into())])
}
