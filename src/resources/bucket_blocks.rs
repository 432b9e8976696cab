//! Reads the inline blocks of `aws_s3_bucket`, which resources of their own replace since version 4 of the provider.
//! Each takes a call, so only those are read that code or state set.

use super::aws_s3_bucket_policy as policies;
use super::aws_s3_bucket_server_side_encryption_configuration::{self as encryption, rule};
use super::aws_s3_bucket_versioning as versioning;
use super::bucket_lifecycle;
use super::bucket_replication;
use super::bucket_website;
use super::shape::{block, texts};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Value};
use aws_sdk_s3::types::{
    CorsRule, ObjectLockConfiguration as Lock, ObjectLockEnabled, ObjectLockRule,
};
use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use std::sync::Arc;

/// An inline block.
pub(super) struct BucketBlock {
    /// The block's name, or that of an attribute in the same style.
    pub name: &'static str,
    /// Reads the block of a bucket, in the provider's shape.
    get: for<'s> fn(&'s Session, &'s str) -> BoxFuture<'s, Result<Value, Reason>>,
}

/// The IAM actions that read the blocks.
pub(super) const LIFECYCLE: &str = "s3:GetLifecycleConfiguration";
pub(super) const REPLICATION: &str = "s3:GetReplicationConfiguration";
pub(super) const WEBSITE: &str = "s3:GetBucketWebsite";
pub(super) const CORS: &str = "s3:GetBucketCORS";
pub(super) const LOGGING: &str = "s3:GetBucketLogging";
pub(super) const PAYER: &str = "s3:GetBucketRequestPayment";
pub(super) const LOCK: &str = "s3:GetBucketObjectLockConfiguration";
pub(super) const ACCELERATION: &str = "s3:GetAccelerateConfiguration";

/// All inline blocks.
pub(super) static ALL: &[BucketBlock] = &[
    BucketBlock {
        name: "acceleration_status",
        get: |session, bucket| acceleration(session, bucket).boxed(),
    },
    BucketBlock {
        name: "cors_rule",
        get: |session, bucket| cors(session, bucket).boxed(),
    },
    BucketBlock {
        name: "lifecycle_rule",
        get: |session, bucket| bucket_lifecycle::rules(session, bucket).boxed(),
    },
    BucketBlock {
        name: "logging",
        get: |session, bucket| logging(session, bucket).boxed(),
    },
    BucketBlock {
        name: "object_lock_configuration",
        get: |session, bucket| lock(session, bucket).boxed(),
    },
    BucketBlock {
        name: "object_lock_enabled",
        get: |session, bucket| is_locked(session, bucket).boxed(),
    },
    BucketBlock {
        name: "policy",
        get: |session, bucket| policy(session, bucket).boxed(),
    },
    BucketBlock {
        name: "replication_configuration",
        get: |session, bucket| bucket_replication::configuration(session, bucket).boxed(),
    },
    BucketBlock {
        name: "request_payer",
        get: |session, bucket| payer(session, bucket).boxed(),
    },
    BucketBlock {
        name: "server_side_encryption_configuration",
        get: |session, bucket| encryption(session, bucket).boxed(),
    },
    BucketBlock {
        name: "versioning",
        get: |session, bucket| versions(session, bucket).boxed(),
    },
    BucketBlock {
        name: "website",
        get: |session, bucket| bucket_website::website(session, bucket).boxed(),
    },
];

/// Reads the requested blocks.
pub(super) async fn read(
    session: &Session,
    bucket: &str,
    is_requested: impl Fn(&str) -> bool,
) -> Result<Attributes, Reason> {
    let requested = ALL.iter().filter(|block| is_requested(block.name));
    let reads = requested.map(|block| async move {
        let value = (block.get)(session, bucket).await?;
        Ok((block.name.to_owned(), value))
    });
    let read = try_join_all(reads).await?;
    Ok(read.into_iter().collect())
}

/// Returns an empty list of blocks.
pub(super) fn nothing() -> Value {
    Value::List(Vec::new())
}

async fn versions(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let found = versioning::versioning_of(session, bucket).await?;
    Ok(found.map_or_else(nothing, |found| {
        let is = |text: Option<&str>| Some(Value::Bool(text == Some("Enabled")));
        block([
            ("enabled", is(found.status().map(|status| status.as_str()))),
            (
                "mfa_delete",
                is(found.mfa_delete().map(|delete| delete.as_str())),
            ),
        ])
    }))
}

async fn encryption(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let found = encryption::encryption_of(session, bucket).await?;
    Ok(found.map_or_else(nothing, |found| {
        let rules = found.rules().iter().map(rule).collect();
        block([("rule", Some(Value::List(rules)))])
    }))
}

async fn policy(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let found = policies::policy_of(session, bucket).await?;
    Ok(found.unwrap_or_default().into())
}

async fn acceleration(session: &Session, bucket: &str) -> Result<Value, Reason> {
    // Some regions, and what stands in for S3, know nothing of it.
    const UNKNOWN: &[&str] = &["NoSuchBucket", "MethodNotAllowed", "UnsupportedArgument"];
    let request = session.s3().get_bucket_accelerate_configuration();
    let request = request.bucket(bucket).send();
    let found = session.find(ACCELERATION, UNKNOWN, request).await?;
    let status = found.and_then(|found| found.status);
    let status = status.as_ref().map(|status| status.as_str());
    Ok(status.unwrap_or_default().into())
}

async fn logging(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let request = session.s3().get_bucket_logging().bucket(bucket).send();
    let found = session.find(LOGGING, &["NoSuchBucket"], request).await?;
    let enabled = found.and_then(|found| found.logging_enabled);
    Ok(enabled.map_or_else(nothing, |enabled| {
        block([
            ("target_bucket", Some(enabled.target_bucket().into())),
            ("target_prefix", Some(enabled.target_prefix().into())),
        ])
    }))
}

async fn cors(session: &Session, bucket: &str) -> Result<Value, Reason> {
    const NOT_FOUND: &[&str] = &["NoSuchCORSConfiguration", "NoSuchBucket"];
    let request = session.s3().get_bucket_cors().bucket(bucket).send();
    let found = session.find(CORS, NOT_FOUND, request).await?;
    let rules = found.and_then(|found| found.cors_rules).unwrap_or_default();
    Ok(Value::List(rules.iter().map(cors_rule).collect()))
}

fn cors_rule(rule: &CorsRule) -> Value {
    Value::map([
        ("allowed_headers", texts(rule.allowed_headers())),
        ("allowed_methods", texts(rule.allowed_methods())),
        ("allowed_origins", texts(rule.allowed_origins())),
        ("expose_headers", texts(rule.expose_headers())),
        (
            "max_age_seconds",
            rule.max_age_seconds().unwrap_or_default().into(),
        ),
    ])
}

/// Returns who pays for requests.
async fn payer(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let request = session.s3().get_bucket_request_payment().bucket(bucket);
    let found = session.find(PAYER, &["NoSuchBucket"], request.send());
    let payer = found.await?.and_then(|found| found.payer);
    let payer = payer.as_ref().map(|payer| payer.as_str());
    Ok(payer.unwrap_or_default().into())
}

/// Reads a bucket's object lock, once for both attributes that it sets.
async fn lock_of(session: &Session, bucket: &str) -> Result<Arc<Option<Lock>>, Reason> {
    const NOT_FOUND: &[&str] = &["ObjectLockConfigurationNotFoundError", "NoSuchBucket"];
    let request = async {
        let request = session.s3().get_object_lock_configuration();
        let request = request.bucket(bucket).send();
        let found = session.find(LOCK, NOT_FOUND, request).await?;
        Ok(found.and_then(|found| found.object_lock_configuration))
    };
    session.shared(&format!("lock of {bucket}"), request).await
}

async fn is_locked(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let found = lock_of(session, bucket).await?;
    let enabled = found.as_ref().as_ref().and_then(Lock::object_lock_enabled);
    Ok((enabled == Some(&ObjectLockEnabled::Enabled)).into())
}

async fn lock(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let found = lock_of(session, bucket).await?;
    Ok(found.as_ref().as_ref().map_or_else(nothing, |found| {
        let enabled = found.object_lock_enabled().map(|enabled| enabled.as_str());
        block([
            ("object_lock_enabled", Some(enabled.into())),
            ("rule", Some(found.rule().map_or_else(nothing, lock_rule))),
        ])
    }))
}

fn lock_rule(rule: &ObjectLockRule) -> Value {
    let retention = rule.default_retention().map(|retention| {
        block([
            ("days", Some(retention.days().into())),
            (
                "mode",
                Some(retention.mode().map(|mode| mode.as_str()).into()),
            ),
            ("years", Some(retention.years().into())),
        ])
    });
    block([("default_retention", Some(retention.unwrap_or_else(nothing)))])
}
