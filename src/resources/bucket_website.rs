//! Reads `website` of `aws_s3_bucket`: static website hosting.

use super::bucket_blocks::{WEBSITE, nothing};
use super::shape::block;
use crate::aws::Session;
use crate::model::{Reason, Value};
use aws_sdk_s3::types::{Condition, Redirect, RedirectAllRequestsTo, RoutingRule};

/// S3's error codes for a bucket without a website.
const NOT_FOUND: &[&str] = &["NoSuchWebsiteConfiguration", "NoSuchBucket"];

/// Reads the website configuration of a bucket.
pub(super) async fn website(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let request = session.s3().get_bucket_website().bucket(bucket).send();
    let found = session.find(WEBSITE, NOT_FOUND, request).await?;
    Ok(found.map_or_else(nothing, |found| {
        let error = found.error_document().map(|document| document.key());
        let index = found.index_document().map(|document| document.suffix());
        let all = found.redirect_all_requests_to().map(redirected);
        block([
            ("error_document", Some(error.into())),
            ("index_document", Some(index.into())),
            (
                "redirect_all_requests_to",
                Some(all.unwrap_or_default().into()),
            ),
            ("routing_rules", Some(routing(found.routing_rules()).into())),
        ])
    }))
}

/// Formats the host that all requests are redirected to, with its protocol where one is set.
fn redirected(all: &RedirectAllRequestsTo) -> String {
    match all.protocol() {
        Some(protocol) => format!("{}://{}", protocol.as_str(), all.host_name()),
        None => all.host_name().to_owned(),
    }
}

/// Formats routing rules as the provider does: JSON in S3's own words, empty where there is none.
fn routing(rules: &[RoutingRule]) -> String {
    if rules.is_empty() {
        return String::new();
    }
    let rule = |rule: &RoutingRule| {
        let condition = rule.condition().map(condition);
        let redirect = rule.redirect().map(redirect);
        named([("Condition", condition), ("Redirect", redirect)])
    };
    serde_json::Value::Array(rules.iter().map(rule).collect()).to_string()
}

fn condition(condition: &Condition) -> serde_json::Value {
    let code = condition.http_error_code_returned_equals();
    named([
        ("HttpErrorCodeReturnedEquals", code.map(Into::into)),
        (
            "KeyPrefixEquals",
            condition.key_prefix_equals().map(Into::into),
        ),
    ])
}

fn redirect(redirect: &Redirect) -> serde_json::Value {
    let protocol = redirect.protocol().map(|protocol| protocol.as_str());
    named([
        ("HostName", redirect.host_name().map(Into::into)),
        (
            "HttpRedirectCode",
            redirect.http_redirect_code().map(Into::into),
        ),
        ("Protocol", protocol.map(Into::into)),
        (
            "ReplaceKeyPrefixWith",
            redirect.replace_key_prefix_with().map(Into::into),
        ),
        (
            "ReplaceKeyWith",
            redirect.replace_key_with().map(Into::into),
        ),
    ])
}

/// Builds an object of the values that are set.
fn named<const N: usize>(parts: [(&str, Option<serde_json::Value>); N]) -> serde_json::Value {
    let set = parts
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    serde_json::Value::Object(set.collect())
}

/// Normalizes routing rules: JSON without what is left out.
pub(super) fn normalize(value: Value) -> Value {
    let Value::String(text) = &value else {
        return value;
    };
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(rules) => rules.to_string().into(),
        Err(_) => value,
    }
}
