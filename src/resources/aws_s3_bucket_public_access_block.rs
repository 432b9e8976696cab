//! `aws_s3_bucket_public_access_block`: the public access block of a bucket.

use super::bucket_aspect::{self, bucket};
use super::shape::attributes;
use super::{ResourceType, Scope};
use crate::model::TypeRules;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_public_access_block",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules::NONE,
    actions: &[GET],
    read: |session, request| {
        bucket_aspect::read(request, move |resource| {
            async move {
                let request = session
                    .s3()
                    .get_public_access_block()
                    .bucket(bucket(resource))
                    .send();
                let answer = session.find(GET, NOT_FOUND, request).await?;
                let block = answer.and_then(|answer| answer.public_access_block_configuration);
                Ok(block.map(|block| {
                    let flag = |flag: Option<bool>| flag.unwrap_or_default().into();
                    attributes([
                        ("block_public_acls", flag(block.block_public_acls)),
                        ("block_public_policy", flag(block.block_public_policy)),
                        ("bucket", bucket(resource).into()),
                        ("ignore_public_acls", flag(block.ignore_public_acls)),
                        (
                            "restrict_public_buckets",
                            flag(block.restrict_public_buckets),
                        ),
                    ])
                }))
            }
            .boxed()
        })
        .boxed()
    },
};

const GET: &str = "s3:GetBucketPublicAccessBlock";
/// S3's error codes for a bucket that does not exist or lacks the configuration.
const NOT_FOUND: &[&str] = &["NoSuchPublicAccessBlockConfiguration", "NoSuchBucket"];
