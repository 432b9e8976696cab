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
use std::collections::{BTreeSet, HashMap, VecDeque};
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
const MAX_STACKS: usize = 20;
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
        let find = async |names: &BTreeSet<&str>| {
            let hashes = event.hashes(&hashing, names);
            tenant.stacks_of_events(&hashes, MAX_STACKS).await
        };
        let mut stacks = find(&event.targets).await?;
        for found in find(&event.ids).await? {
            if !stacks.contains(&found) {
                stacks.push(found);
            }
        }
        if stacks.is_empty() {
            stacks = find(&event.words).await?;
        }
        for (repository, stack) in stacks.into_iter().take(MAX_STACKS) {
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
    /// What the call takes and returns by itself, as in `roleName`: the changed resource is nearly always among it.
    targets: BTreeSet<&'a str>,
    /// The ids and ARNs further inside.
    ids: BTreeSet<&'a str>,
    /// The other words further inside: a tag's value may be any resource's name.
    words: BTreeSet<&'a str>,
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
        let mut call = Self {
            account: AccountId::new(account)?,
            region: region.and_then(Region::new),
            targets: BTreeSet::new(),
            ids: BTreeSet::new(),
            words: BTreeSet::new(),
        };
        let parts = ["resources", "requestParameters", "responseElements"];
        call.collect(parts.map(|part| &detail[part]));
        Some(call)
    }

    /// Collects the texts of values, those further outside first: however much a call passes on, what it is about counts.
    fn collect(&mut self, values: [&'a Value; 3]) {
        let mut rest: VecDeque<_> = values.into_iter().map(|value| (value, 0)).collect();
        let mut count = 0;
        while let Some((value, depth)) = rest.pop_front()
            && count < MAX_TEXTS
        {
            match value {
                Value::String(text) if !text.is_empty() && text.len() <= MAX_NAME => {
                    count += 1;
                    let names = match depth {
                        0 | 1 => &mut self.targets,
                        _ if is_id(text) => &mut self.ids,
                        _ => &mut self.words,
                    };
                    names.insert(text);
                }
                Value::Array(items) => rest.extend(items.iter().map(|item| (item, depth))),
                Value::Object(entries) => {
                    rest.extend(entries.values().map(|value| (value, depth + 1)));
                }
                _ => {}
            }
        }
    }

    /// Returns the hashes of names, of the call's region and of global ones.
    fn hashes(&self, key: &EventKey, names: &BTreeSet<&str>) -> Vec<i64> {
        let regions = [self.region.as_ref(), None];
        let hash = |name| regions.map(|region| key.hash(&self.account, region, name));
        names.iter().copied().flat_map(hash).collect()
    }
}

/// Returns whether a text is certainly an id, and no word.
fn is_id(text: &str) -> bool {
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    text.starts_with("arn:") || (text.contains('-') && has_digit)
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
        assert!(call.targets.contains("sg-1"));
        let cidr = "0.0.0.0/0";
        assert!(call.words.contains(cidr) && !call.targets.contains(cidr));
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

    #[test]
    fn however_much_a_call_passes_on_what_it_is_about_is_read() {
        let rules: Vec<_> = (0..1_000)
            .map(|n| json!({"description": format!("rule-{n}")}))
            .collect();
        let event = json!({"account": "123456789012", "detail": {
            "requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": rules}},
            "resources": [{"ARN": "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1"}]}});
        let call = Call::of(&event).unwrap();
        assert_eq!(call.targets.len(), 2);
        assert_eq!(call.targets.len() + call.ids.len(), MAX_TEXTS);
    }
}
