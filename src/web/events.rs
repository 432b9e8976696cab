//! Takes events of AWS: EventBridge's API destination sends what CloudTrail recorded.
//!
//! An event only starts scans, of the stacks whose last scan read what it names, in the account in which it was read.
//! Nothing of it is stored or shown: who made a change is asked of CloudTrail itself.

use crate::model::{AccountId, ApiKey, ApiScope, EventKey, Region};
use crate::queue::inbox::Inbox;
use crate::queue::job::Trigger;
use crate::queue::now;
use crate::queue::orders::StackScan;
use crate::store::ApiKeyRecord;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The path.
pub const PATH: &str = "/events/aws";

/// The largest event, in bytes: EventBridge sends at most 256 KiB.
const MAX_BODY: usize = 512 * 1024;
/// How many events a minute are taken of one key; EventBridge sends what is refused again.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(1_200).unwrap();
/// How many texts of an event are looked at.
const MAX_TEXTS: usize = 400;
/// The longest text that can name a resource.
const MAX_NAME: usize = 300;
/// How many stacks one event scans.
const MAX_STACKS: u32 = 20;
/// How long a scan waits for the events that follow.
const QUIET: Duration = Duration::from_secs(60);
/// How many stacks are remembered of which a scan was enqueued.
const MAX_REMEMBERED: usize = 100_000;
/// Events start at most one scan of a stack in so many milliseconds.
const PERIOD: i64 = 5 * 60 * 1_000;

struct Events {
    inbox: Inbox,
    secret_key: SecretString,
    limits: DefaultKeyedRateLimiter<String>,
    /// For which period each scan was enqueued last.
    periods: Mutex<HashMap<StackScan, i64>>,
}

/// Routes the events.
pub fn router(inbox: &Inbox, secret_key: &SecretString) -> Router {
    let events = Events {
        inbox: inbox.clone(),
        secret_key: secret_key.clone(),
        limits: RateLimiter::keyed(Quota::per_minute(A_MINUTE)),
        periods: Mutex::default(),
    };
    Router::new()
        .route(PATH, post(take))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(events))
}

/// Takes an event. The answer says nothing of what it leads to.
async fn take(State(events): State<Arc<Events>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let key = match events.key(&headers).await {
        Ok(Some(key)) => key,
        Ok(None) => return StatusCode::UNAUTHORIZED,
        Err(error) => return failed(&error),
    };
    if events.limits.check_key(&key.prefix).is_err() {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    match events.start_scans(&key, &event).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> StatusCode {
    tracing::error!(error = format!("{error:#}"), "an event was not taken");
    StatusCode::SERVICE_UNAVAILABLE
}

impl Events {
    /// Returns whose key a request has.
    async fn key(&self, headers: &HeaderMap) -> anyhow::Result<Option<ApiKeyRecord>> {
        let sent = headers.get(header::AUTHORIZATION);
        let sent = sent.and_then(|value| value.to_str().ok());
        let key = sent.and_then(|text| text.strip_prefix("Bearer "));
        let Some(key) = key.and_then(|key| ApiKey::parse(key.trim())) else {
            return Ok(None);
        };
        let store = &self.inbox.store;
        let found = store.api_key(&key, now()).await?;
        let found = found.filter(|found| found.scope == ApiScope::Events);
        if let Some(found) = &found {
            store.use_api_key(found, now()).await?;
        }
        Ok(found)
    }

    /// Starts scans of the stacks that an event may be about.
    async fn start_scans(&self, key: &ApiKeyRecord, event: &Value) -> anyhow::Result<()> {
        let Some(event) = Call::of(event) else {
            return Ok(());
        };
        let hashing = EventKey::new(self.secret_key.expose_secret().as_bytes(), key.installation);
        let tenant = self.inbox.store.of(key.installation);
        // What is certainly an id counts before what may be any word: a tag's value, say.
        let (ids, words) = event.hashes(&hashing);
        let mut stacks = tenant.stacks_of_events(&ids, MAX_STACKS).await?;
        if stacks.is_empty() {
            stacks = tenant.stacks_of_events(&words, MAX_STACKS).await?;
        }
        for (repository, stack) in stacks {
            let found = StackScan {
                installation: key.installation,
                repository,
                stack,
            };
            self.start_scan(found, now()).await?;
        }
        Ok(())
    }

    /// Enqueues a scan, unless one of this period and of the next wait already.
    async fn start_scan(&self, scan: StackScan, now: i64) -> anyhow::Result<()> {
        let period = now / PERIOD;
        let pushed = self.pushed(&scan);
        // The scan of this period may have run: what happens behind it is the next one's.
        for (period, delay) in [
            (period, QUIET),
            (period + 1, until(period + 1, now) + QUIET),
        ] {
            if pushed.is_some_and(|pushed| pushed >= period) {
                continue;
            }
            let key = format!("event/{}/{}@{period}", scan.repository, scan.stack);
            let scanning = self.inbox.scan(&scan, Trigger::Event, now, (key, delay));
            let is_new = scanning.await?;
            self.remember(&scan, period);
            if is_new {
                break;
            }
        }
        Ok(())
    }

    /// Returns the last period for which this process enqueued a scan.
    fn pushed(&self, scan: &StackScan) -> Option<i64> {
        let periods = self.periods.lock().unwrap_or_else(PoisonError::into_inner);
        periods.get(scan).copied()
    }

    fn remember(&self, scan: &StackScan, period: i64) {
        let mut periods = self.periods.lock().unwrap_or_else(PoisonError::into_inner);
        if periods.len() >= MAX_REMEMBERED {
            periods.clear();
        }
        periods.insert(scan.clone(), period);
    }
}

/// Returns how long it is until a period begins.
fn until(period: i64, now: i64) -> Duration {
    let rest = (period * PERIOD).saturating_sub(now);
    Duration::from_millis(u64::try_from(rest).unwrap_or_default())
}

/// A call that changed something.
struct Call<'a> {
    account: AccountId,
    region: Option<Region>,
    /// What may name the changed resource.
    names: BTreeSet<&'a str>,
}

impl<'a> Call<'a> {
    /// Reads what EventBridge sends of CloudTrail; `None` for anything else, for what only reads and for what AWS refused.
    fn of(event: &'a Value) -> Option<Self> {
        let detail = event.get("detail")?;
        let reads = detail["readOnly"].as_bool() == Some(true);
        if reads || detail["errorCode"].is_string() {
            return None;
        }
        let account = event["account"].as_str()?;
        let region = detail["awsRegion"].as_str().or(event["region"].as_str());
        let mut names = BTreeSet::new();
        for part in ["requestParameters", "responseElements", "resources"] {
            collect(&detail[part], &mut names);
        }
        Some(Self {
            account: AccountId::new(account)?,
            region: region.and_then(Region::new),
            names,
        })
    }

    /// Returns the hashes of what it may be about, of the call's region and of global ones: of ids and ARNs, and of other
    /// words.
    fn hashes(&self, key: &EventKey) -> (Vec<i64>, Vec<i64>) {
        let is_id = |name: &&&str| {
            let has_digit = name.bytes().any(|b| b.is_ascii_digit());
            name.starts_with("arn:") || (name.contains('-') && has_digit)
        };
        let (ids, words): (Vec<_>, Vec<_>) = self.names.iter().partition(is_id);
        let of = |names: Vec<&&str>| {
            let hash = |name: &str| {
                [self.region.as_ref(), None].map(|region| key.hash(&self.account, region, name))
            };
            names.into_iter().flat_map(|name| hash(name)).collect()
        };
        (of(ids), of(words))
    }
}

/// Collects the texts of a value.
fn collect<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        if names.len() >= MAX_TEXTS {
            return;
        }
        match value {
            Value::String(text) if !text.is_empty() && text.len() <= MAX_NAME => {
                names.insert(text);
            }
            Value::Array(items) => rest.extend(items),
            Value::Object(entries) => rest.extend(entries.values()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_that_changes_something_names_what_it_changes() {
        let event = |detail: Value| json!({"account": "123456789012", "region": "us-east-1", "detail": detail});
        let change = event(json!({
            "awsRegion": "eu-west-1", "readOnly": false, "eventName": "AuthorizeSecurityGroupIngress",
            "requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": [{"cidrIp": "0.0.0.0/0"}]}},
            "responseElements": null
        }));
        let call = Call::of(&change).unwrap();
        assert_eq!(call.region, Region::new("eu-west-1"));
        assert!(call.names.contains("sg-1"));
        for nothing in [
            event(json!({"readOnly": true, "requestParameters": {"groupId": "sg-1"}})),
            event(json!({"errorCode": "AccessDenied", "requestParameters": {"groupId": "sg-1"}})),
            json!({"account": "123456789012"}),
            json!({"account": "root", "detail": {}}),
            json!([]),
        ] {
            assert!(Call::of(&nothing).is_none(), "{nothing}");
        }
    }
}
