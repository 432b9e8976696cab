//! Looks up calls in CloudTrail, within its two lookups a second.

use super::{Session, reason};
use crate::model::Reason;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use std::time::Duration;

/// The IAM action of a lookup.
pub const LOOKUP: &str = "cloudtrail:LookupEvents";

/// How many events a page has at most.
const PAGE: i32 = 50;

/// How often a lookup is tried: others may use up what the account has.
const MAX_ATTEMPTS: u32 = 3;

/// How long an attempt may take, and a lookup with all its attempts: where CloudTrail is out of reach, the time of a scan
/// is not all spent on its first account.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(12);

/// Which calls to look up.
#[derive(Debug, Clone, Copy)]
pub struct EventQuery<'a> {
    /// The name of a resource that the calls name.
    pub resource: &'a str,
    /// The time of the oldest call, in epoch milliseconds.
    pub from: i64,
    /// The time of the newest call, in epoch milliseconds.
    pub to: i64,
}

/// Calls that name a resource, the newest first.
#[derive(Debug, Clone, Default)]
pub struct EventPage {
    /// The events, as JSON.
    pub events: Vec<String>,
    /// What asks for the next page; `None` where this is the last one.
    pub next: Option<String>,
}

impl Session {
    /// Returns a page of the calls that name a resource: the first one without `next`.
    ///
    /// # Errors
    /// The reason why there is no answer, after the last retry.
    pub async fn lookup_events(
        &self,
        query: EventQuery<'_>,
        next: Option<String>,
    ) -> Result<EventPage, Reason> {
        let turns = self.identity.budget.trail(self.region());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(ATTEMPT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(LOOKUP_TIMEOUT);
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
            .interceptor(turns.retry_interceptor())
            .retry_partition(turns.retry_partition());
        let client = aws_sdk_cloudtrail::Client::from_conf(config.build());
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::ResourceName)
            .attribute_value(query.resource)
            .build();
        let attribute = attribute.map_err(|error| Reason::Failed {
            message: error.to_string(),
        })?;
        let request = client
            .lookup_events()
            .lookup_attributes(attribute)
            .start_time(DateTime::from_millis(query.from))
            .end_time(DateTime::from_millis(query.to))
            .max_results(PAGE)
            .set_next_token(next);
        let permit = turns.acquire(1).await;
        self.count();
        let answer = request.send().await;
        drop(permit);
        let answer = answer.map_err(|error| reason::from_error(LOOKUP, error))?;
        let next = answer.next_token;
        let events = answer.events.unwrap_or_default().into_iter();
        Ok(EventPage {
            events: events.filter_map(|event| event.cloud_trail_event).collect(),
            next: next.filter(|next| !next.is_empty()),
        })
    }
}
