//! Simulates CloudTrail's LookupEvents, small and strict: it refuses what AWS refuses, and throttles as AWS does.

use super::wire::{self, ConnectionCut, Server};
use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many lookups a second an account has in a region.
const PER_SECOND: usize = 2;
/// How many events a page has at most.
const PAGE: usize = 50;
/// How long events are kept, in seconds.
const KEPT: i64 = 90 * 24 * 60 * 60;
/// The attributes that events are looked up by.
const KEYS: &[&str] = &[
    "AccessKeyId",
    "EventId",
    "EventName",
    "EventSource",
    "ReadOnly",
    "ResourceName",
    "ResourceType",
    "Username",
];
/// The parameters of a lookup.
const PARAMETERS: &[&str] = &[
    "EndTime",
    "EventCategory",
    "LookupAttributes",
    "MaxResults",
    "NextToken",
    "StartTime",
];

/// A running simulation of CloudTrail, which stops when it is dropped.
#[derive(Debug)]
pub struct CloudTrail {
    server: Server,
    log: Arc<Mutex<Log>>,
}

/// A lookup that CloudTrail answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The region.
    pub region: String,
    /// The name of the resource.
    pub resource: String,
    /// The beginning and the end of the time, in epoch seconds.
    pub time: (i64, i64),
}

/// How every lookup fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailFault {
    /// The role may not look up.
    Denied,
    /// Others use up what the account has.
    Throttled,
    /// It does not answer, as where a network has no way to it.
    Silent,
}

#[derive(Debug, Default)]
struct Log {
    events: Vec<Recorded>,
    lookups: Vec<Lookup>,
    /// The times of the last lookups, by region.
    recent: BTreeMap<String, VecDeque<Instant>>,
    fault: Option<TrailFault>,
    /// The parameters that each token continues, and how many events came before.
    tokens: BTreeMap<String, (Value, usize)>,
}

#[derive(Debug, Clone)]
struct Recorded {
    region: String,
    resources: Vec<String>,
    /// In epoch seconds.
    time: i64,
    event: Value,
}

/// What AWS refuses a lookup with.
struct Refusal(&'static str, String);

impl CloudTrail {
    /// Starts on a free port of 127.0.0.1, without an event.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Result<Self> {
        let (listener, url) = wire::listen().await?;
        let log = Arc::new(Mutex::new(Log::default()));
        let known = log.clone();
        let answer = move |request: Request<Bytes>| {
            let log = known.clone();
            async move {
                if locked(&log).fault == Some(TrailFault::Silent) {
                    std::future::pending::<()>().await;
                }
                let answer = locked(&log).answer(&request);
                Ok::<_, ConnectionCut>(match answer {
                    Ok(page) => response(200, &page),
                    Err(Refusal(code, message)) => {
                        response(400, &json!({"__type": code, "Message": message}))
                    }
                })
            }
        };
        Ok(Self {
            server: wire::serve(listener, url, answer),
            log,
        })
    }

    /// Records an event about resources of these names. Its region and time are its own.
    ///
    /// # Errors
    /// When it has no region, or no time in RFC 3339.
    pub fn record(&self, resources: &[&str], event: Value) -> Result<()> {
        let region = event["awsRegion"].as_str();
        let time = event["eventTime"].as_str();
        let time: Timestamp = time.context("an event has a time")?.parse()?;
        locked(&self.log).events.push(Recorded {
            region: region.context("an event has a region")?.to_owned(),
            resources: resources.iter().map(|name| (*name).to_owned()).collect(),
            time: time.as_second(),
            event,
        });
        Ok(())
    }

    /// Makes every lookup fail, or none.
    pub fn fail(&self, fault: Option<TrailFault>) {
        locked(&self.log).fault = fault;
    }

    /// Returns the lookups that were answered.
    pub fn lookups(&self) -> Vec<Lookup> {
        locked(&self.log).lookups.clone()
    }

    /// Returns the address: `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_CLOUDTRAIL`.
    pub fn url(&self) -> &str {
        &self.server.url
    }
}

fn locked(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    // A test that panicked elsewhere is reported there.
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Log {
    fn answer(&mut self, request: &Request<Bytes>) -> std::result::Result<Value, Refusal> {
        let region = signed_region(request)?;
        let target = header_of(request, "x-amz-target");
        if target != "CloudTrail_20131101.LookupEvents" {
            return Err(Refusal("UnknownOperationException", target.to_owned()));
        }
        match self.fault {
            Some(TrailFault::Denied) => {
                let message = "User: arn:aws:sts::123456789012:assumed-role/driftguard/driftguard is not authorized to \
                               perform: cloudtrail:LookupEvents because no identity-based policy allows the \
                               cloudtrail:LookupEvents action";
                return Err(Refusal("AccessDeniedException", message.to_owned()));
            }
            Some(TrailFault::Throttled) => return Err(throttling()),
            Some(TrailFault::Silent) | None => self.admit(&region)?,
        }
        let body: Value = serde_json::from_slice(request.body())
            .map_err(|error| Refusal("SerializationException", error.to_string()))?;
        self.page(&region, &body)
    }

    /// Refuses a lookup beyond two a second.
    fn admit(&mut self, region: &str) -> std::result::Result<(), Refusal> {
        let now = Instant::now();
        let recent = self.recent.entry(region.to_owned()).or_default();
        let is_old = |at: &Instant| now.duration_since(*at) >= Duration::from_secs(1);
        while recent.front().is_some_and(is_old) {
            recent.pop_front();
        }
        if recent.len() >= PER_SECOND {
            return Err(throttling());
        }
        recent.push_back(now);
        Ok(())
    }

    fn page(&mut self, region: &str, body: &Value) -> std::result::Result<Value, Refusal> {
        let query = Query::read(body)?;
        let mut start = 0;
        if let Some(token) = body["NextToken"].as_str() {
            let (parameters, before) = self.tokens.remove(token).ok_or_else(invalid_token)?;
            if parameters != query.parameters {
                return Err(invalid_token());
            }
            start = before;
        }
        self.lookups.push(Lookup {
            region: region.to_owned(),
            resource: query.resource.clone(),
            time: (query.start, query.end),
        });
        let oldest = Timestamp::now().as_second() - KEPT;
        let mut found: Vec<_> = self.events.iter().collect();
        found.retain(|recorded| {
            recorded.region == region
                && recorded.time >= oldest
                && (query.start..=query.end).contains(&recorded.time)
                && recorded.resources.contains(&query.resource)
        });
        found.sort_by_key(|recorded| std::cmp::Reverse(recorded.time));
        let shown = found.iter().skip(start).take(query.limit);
        let events: Vec<_> = shown.map(|recorded| recorded.shown()).collect();
        let mut page = json!({"Events": events});
        let before = start + events.len();
        if before < found.len() {
            let token = format!("token-{}", self.lookups.len());
            page["NextToken"] = token.clone().into();
            self.tokens.insert(token, (query.parameters, before));
        }
        Ok(page)
    }
}

/// A lookup by the name of a resource.
struct Query {
    resource: String,
    start: i64,
    end: i64,
    limit: usize,
    /// All parameters but the token.
    parameters: Value,
}

impl Query {
    fn read(body: &Value) -> std::result::Result<Self, Refusal> {
        let mut fields = body.as_object().cloned().unwrap_or_default();
        if let Some(name) = fields
            .keys()
            .find(|name| !PARAMETERS.contains(&name.as_str()))
        {
            return Err(Refusal("SerializationException", name.clone()));
        }
        let attributes = body["LookupAttributes"].as_array();
        let attributes = attributes.map_or([].as_slice(), Vec::as_slice);
        let invalid =
            |message: &str| Refusal("InvalidLookupAttributesException", message.to_owned());
        let [attribute] = attributes else {
            return Err(invalid("Lookup attributes can contain only one item"));
        };
        let key = attribute["AttributeKey"].as_str().unwrap_or_default();
        if !KEYS.contains(&key) {
            return Err(invalid("the attribute is not known"));
        }
        let resource = attribute["AttributeValue"].as_str().unwrap_or_default();
        if key != "ResourceName" || !(1..=2_000).contains(&resource.len()) {
            return Err(invalid("this value of this attribute is not answered"));
        }
        let limit = body["MaxResults"].as_u64().unwrap_or(50);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if !(1..=PAGE).contains(&limit) {
            return Err(Refusal("InvalidMaxResultsException", limit.to_string()));
        }
        let time = |name: &str| body[name].as_f64().map(|time| time as i64);
        let (start, end) = (
            time("StartTime").unwrap_or(0),
            time("EndTime").unwrap_or(i64::MAX),
        );
        if start > end {
            return Err(Refusal("InvalidTimeRangeException", String::new()));
        }
        fields.remove("NextToken");
        Ok(Self {
            resource: resource.to_owned(),
            start,
            end,
            limit,
            parameters: Value::Object(fields),
        })
    }
}

impl Recorded {
    /// Returns the event as LookupEvents shows it.
    fn shown(&self) -> Value {
        let event = &self.event;
        let resources = self.resources.iter();
        let resources = resources.map(|name| json!({"ResourceName": name}));
        let read_only = match &event["readOnly"] {
            Value::Bool(flag) => flag.to_string(),
            _ => "false".to_owned(),
        };
        json!({
            "EventId": event["eventID"],
            "EventName": event["eventName"],
            "ReadOnly": read_only,
            "EventTime": self.time,
            "EventSource": event["eventSource"],
            "Username": event["userIdentity"]["userName"],
            "Resources": resources.collect::<Vec<_>>(),
            "CloudTrailEvent": event.to_string(),
        })
    }
}

fn throttling() -> Refusal {
    Refusal("ThrottlingException", "Rate exceeded".to_owned())
}

fn invalid_token() -> Refusal {
    Refusal("InvalidNextTokenException", String::new())
}

/// Returns the region that a lookup was signed for.
fn signed_region(request: &Request<Bytes>) -> std::result::Result<String, Refusal> {
    let missing = || Refusal("MissingAuthenticationTokenException", String::new());
    let signature = header_of(request, header::AUTHORIZATION.as_str());
    let scope = signature.split_once("Credential=").ok_or_else(missing)?.1;
    let parts: Vec<_> = scope
        .split([',', ' '])
        .next()
        .unwrap_or_default()
        .split('/')
        .collect();
    match parts.as_slice() {
        [_, _, region, "cloudtrail", "aws4_request"] => Ok((*region).to_owned()),
        _ => Err(missing()),
    }
}

fn header_of<'r>(request: &'r Request<Bytes>, name: &str) -> &'r str {
    let value = request.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn response(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let json = http::HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
