//! Reads `lifecycle_rule` of `aws_s3_bucket`: the transitions and expirations of objects.

use super::bucket_blocks::{LIFECYCLE, nothing};
use super::shape::{block, tags};
use crate::aws::Session;
use crate::model::{Reason, Value};
use aws_sdk_s3::types::{
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionTransition, Tag, Transition,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// S3's error codes for a bucket without lifecycle rules.
const NOT_FOUND: &[&str] = &["NoSuchLifecycleConfiguration", "NoSuchBucket"];

/// Reads the lifecycle rules of a bucket.
pub(super) async fn rules(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let request = session.s3().get_bucket_lifecycle_configuration();
    let request = request.bucket(bucket).send();
    let found = session.find(LIFECYCLE, NOT_FOUND, request).await?;
    let rules = found.and_then(|found| found.rules).unwrap_or_default();
    Ok(Value::List(rules.iter().map(rule).collect()))
}

fn rule(rule: &LifecycleRule) -> Value {
    let (prefix, tagged) = rule.filter().map(filtered).unwrap_or_default();
    #[expect(
        deprecated,
        reason = "rules of the oldest form have it in place of a filter"
    )]
    let oldest = rule.prefix();
    let aborted = rule.abort_incomplete_multipart_upload();
    let aborted = aborted.and_then(|aborted| aborted.days_after_initiation());
    let expired = rule.noncurrent_version_expiration();
    let expired = expired.map(|expired| block([("days", Some(expired.noncurrent_days().into()))]));
    let expiration = rule.expiration().map(expiration);
    let transitions = rule.transitions().iter().map(transition).collect();
    let older = rule.noncurrent_version_transitions().iter();
    let older = older.map(noncurrent_transition).collect();
    Value::map([
        ("abort_incomplete_multipart_upload_days", aborted.into()),
        (
            "enabled",
            (*rule.status() == ExpirationStatus::Enabled).into(),
        ),
        ("expiration", expiration.unwrap_or_else(nothing)),
        ("id", rule.id().into()),
        (
            "noncurrent_version_expiration",
            expired.unwrap_or_else(nothing),
        ),
        ("noncurrent_version_transition", Value::List(older)),
        ("prefix", prefix.or(oldest).into()),
        (
            "tags",
            tags(
                tagged
                    .iter()
                    .map(|tag| (Some(tag.key()), Some(tag.value()))),
            ),
        ),
        ("transition", Value::List(transitions)),
    ])
}

/// Converts the filter of a rule: a key prefix, and tags.
fn filtered(filter: &LifecycleRuleFilter) -> (Option<&str>, Vec<&Tag>) {
    match filter.and() {
        Some(both) => (both.prefix(), both.tags().iter().collect()),
        None => (filter.prefix(), filter.tag().into_iter().collect()),
    }
}

fn expiration(expiration: &LifecycleExpiration) -> Value {
    let marker = expiration.expired_object_delete_marker();
    block([
        ("date", Some(day(expiration.date()))),
        ("days", Some(expiration.days().into())),
        ("expired_object_delete_marker", Some(marker.into())),
    ])
}

fn transition(transition: &Transition) -> Value {
    let class = transition.storage_class().map(|class| class.as_str());
    Value::map([
        ("date", day(transition.date())),
        ("days", transition.days().into()),
        ("storage_class", class.into()),
    ])
}

fn noncurrent_transition(transition: &NoncurrentVersionTransition) -> Value {
    let class = transition.storage_class().map(|class| class.as_str());
    Value::map([
        ("days", transition.noncurrent_days().into()),
        ("storage_class", class.into()),
    ])
}

/// Formats a day as the provider does: `2027-03-31`.
fn day(date: Option<&DateTime>) -> Value {
    let text = date.and_then(|date| date.fmt(Format::DateTime).ok());
    let day = text.as_deref().and_then(|text| text.split('T').next());
    day.unwrap_or_default().into()
}
