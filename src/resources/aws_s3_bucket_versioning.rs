//! `aws_s3_bucket_versioning`: the versioning of a bucket.

use super::bucket_aspect::{self, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Reason, TypeRules, Value};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_bucket_versioning::{
    GetBucketVersioningError, GetBucketVersioningOutput,
};
use aws_sdk_s3::types::{BucketVersioningStatus, MfaDeleteStatus};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_versioning",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        never_read: &["mfa", "expected_bucket_owner"],
        normalize: |path, value| match (path, value.as_str()) {
            ("versioning_configuration.mfa_delete", Some("Disabled")) => Value::Null,
            _ => value,
        },
        ..TypeRules::NONE
    },
    actions: &[GET],
    read: |session, request| {
        bucket_aspect::read(request, move |resource| {
            async move {
                let answer = versioning_of(session, bucket(resource)).await?;
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

/// The IAM action that reads the versioning.
pub(super) const GET: &str = "s3:GetBucketVersioning";

/// Reads the versioning of a bucket; `None` where the bucket does not exist.
pub(super) async fn versioning_of(
    session: &Session,
    bucket: &str,
) -> Result<Option<GetBucketVersioningOutput>, Reason> {
    let request = session.s3().get_bucket_versioning();
    let request = request.bucket(bucket).send().map(as_answered);
    session.find(GET, bucket_aspect::NOT_FOUND, request).await
}

type Answered = Result<GetBucketVersioningOutput, SdkError<GetBucketVersioningError>>;

/// Parses the raw answer, whatever its outermost element is called: S3-compatible stores name it differently, and the
/// SDK accepts only AWS's name.
#[expect(clippy::result_large_err, reason = "it is the SDK's own")]
fn as_answered(answered: Answered) -> Answered {
    let Err(error) = &answered else {
        return answered;
    };
    let Some(response) = error
        .raw_response()
        .filter(|response| response.status().is_success())
    else {
        return answered;
    };
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.trim())
    };
    Ok(GetBucketVersioningOutput::builder()
        .set_status(element("Status").map(BucketVersioningStatus::from))
        .set_mfa_delete(element("MfaDelete").map(MfaDeleteStatus::from))
        .build())
}
