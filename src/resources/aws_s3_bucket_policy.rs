//! `aws_s3_bucket_policy`: who may do what with a bucket.

use super::bucket_aspect::{self, bucket};
use super::policy;
use super::shape::attributes;
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Extra, Reason};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_policy",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
        form: policy::form,
        ..Extra::NONE
    },
    actions: &[GET],
    read: |session, ask| {
        bucket_aspect::read(ask, move |resource| {
            async move {
                let name = bucket(resource);
                let policy = policy_of(session, name).await?;
                Ok(policy
                    .map(|policy| attributes([("bucket", name.into()), ("policy", policy.into())])))
            }
            .boxed()
        })
        .boxed()
    },
};

/// What reading it needs.
pub(super) const GET: &str = "s3:GetBucketPolicy";
/// How S3 says that a bucket has none, or is not there.
const MISSING: &[&str] = &["NoSuchBucketPolicy", "NoSuchBucket"];

/// Asks for the policy of a bucket; none where it has none.
pub(super) async fn policy_of(session: &Session, bucket: &str) -> Result<Option<String>, Reason> {
    let request = session.s3().get_bucket_policy().bucket(bucket).send();
    let answer = session.find(GET, MISSING, request).await?;
    Ok(answer.and_then(|answer| answer.policy))
}
