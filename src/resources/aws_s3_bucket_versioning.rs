//! `aws_s3_bucket_versioning`: whether a bucket keeps what is overwritten.

use super::bucket_aspect::{self, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::model::{Extra, Value};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_versioning",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
        never_read: &["mfa", "expected_bucket_owner"],
        form: |path, value| match (path, value.as_str()) {
            ("versioning_configuration.mfa_delete", Some("Disabled")) => Value::Null,
            _ => value,
        },
        ..Extra::NONE
    },
    actions: &[GET],
    read: |session, ask| {
        bucket_aspect::read(ask, move |resource| {
            async move {
                let request = session
                    .s3()
                    .get_bucket_versioning()
                    .bucket(bucket(resource))
                    .send();
                let answer = session.find(GET, bucket_aspect::MISSING, request).await?;
                Ok(answer.map(|answer| {
                    // A bucket that never had versions says nothing.
                    let status = answer.status().map_or("Disabled", |status| status.as_str());
                    let delete = answer.mfa_delete().map(|delete| delete.as_str());
                    attributes([
                        ("bucket", bucket(resource).into()),
                        (
                            "versioning_configuration",
                            block([
                                ("mfa_delete", Some(delete.into())),
                                ("status", Some(status.into())),
                            ]),
                        ),
                    ])
                }))
            }
            .boxed()
        })
        .boxed()
    },
};

const GET: &str = "s3:GetBucketVersioning";
