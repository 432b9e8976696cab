//! Dispatches a request: admits, routes, answers, pages, tags.

use super::Validator;
use super::call::{Answer, Call, Caller, Content, Outcome, Refusal};
use super::faults::{Fault, secondary_limit};
use super::gate::{self, text};
use super::oauth;
use super::routes::{self, PathParameters, Route};
use super::world::{AnsweredRequest, World};
use crate::standin::wire::{ConnectionCut, Reply};
use bytes::Bytes;
use http::{Request, Response, response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Answers a request, and records it.
pub(super) fn answer(
    world: &mut World,
    validator: Option<&Validator>,
    request: &Request<Bytes>,
) -> Reply {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let found = routes::find(method, path);
    let name = found.as_ref().map(|(route, _)| route.name());
    let name = name.or_else(|| oauth::name(method, path));
    let fault = (world.faults).take(&name.unwrap_or_default(), world.requests.len() + 1);
    let mut caller = Caller::Stranger;
    let outcome = match fault {
        Some(Fault::Status(status)) => Err(Refusal::new(status, "a fault on demand")),
        Some(Fault::SecondaryLimit) => Err(secondary_limit(1)),
        Some(Fault::StaleToken) => Err(forget_token(world, request)),
        Some(Fault::LostResponse) | None => handle(world, validator, request, found, &mut caller),
    };
    let answer = outcome.unwrap_or_else(Answer::from);
    let lost = fault == Some(Fault::LostResponse);
    let response = respond(world, request, &caller, answer);
    let status = if lost { 0 } else { response.status().as_u16() };
    note(world, request, status);
    if lost {
        Err(ConnectionCut)
    } else {
        Ok(response)
    }
}

/// Refuses a request beyond the concurrency limit.
pub(super) fn too_many(world: &mut World, request: &Request<Bytes>) -> Reply {
    world.refused += 1;
    let refusal = Answer::from(secondary_limit(60));
    let response = respond(world, request, &Caller::Stranger, refusal);
    note(world, request, response.status().as_u16());
    Ok(response)
}

fn note(world: &mut World, request: &Request<Bytes>, status: u16) {
    world.requests.push(AnsweredRequest {
        method: request.method().as_str().into(),
        path: request.uri().path().into(),
        status,
        body: String::from_utf8_lossy(request.body()).into_owned(),
    });
}

/// Forgets the token of a request.
fn forget_token(world: &mut World, request: &Request<Bytes>) -> Refusal {
    let given = text(request.headers(), "authorization");
    if let Some((_, token)) = given.split_once(' ') {
        world.tokens.remove(token);
    }
    Refusal::bad_credentials()
}

fn handle(
    world: &mut World,
    validator: Option<&Validator>,
    request: &Request<Bytes>,
    found: Option<(&'static Route, PathParameters)>,
    caller: &mut Caller,
) -> Outcome {
    let (method, uri) = (request.method(), request.uri());
    let request_line = format!("{method} {uri}");
    gate::check_headers(request.headers())?;
    if let Some(outcome) = oauth::answer(world, request) {
        return outcome;
    }
    let Some((route, path)) = found else {
        world
            .violations
            .push(format!("{request_line}: no such path"));
        return Err(Refusal::not_found());
    };
    let query = uri.query().unwrap_or_default();
    if let Some(validator) = validator
        && let Err(why) = validator(method, uri.path(), query, request.body())
    {
        world.violations.push(format!("{request_line}: {why}"));
        return Err(Refusal::unprocessable(why));
    }
    *caller = gate::caller(world, request.headers())?;
    let named = path.get("owner").zip(path.get("repo"));
    let named = named.map(|(owner, name)| (owner.as_str(), name.as_str()));
    let target = gate::admit(world, caller, route, named)?;
    gate::limits(world, caller, route)?;
    let body = body(request).inspect_err(|refusal| {
        let message = &refusal.message;
        world.violations.push(format!("{request_line}: {message}"));
    })?;
    let query = url::form_urlencoded::parse(query.as_bytes());
    (route.answer)(&mut Call {
        world,
        caller: caller.clone(),
        path,
        query: query.into_owned().collect(),
        body,
        target,
    })
}

/// Parses the body as JSON; null where there is none.
fn body(request: &Request<Bytes>) -> Result<Value, Refusal> {
    if request.body().is_empty() {
        return Ok(Value::Null);
    }
    let kind = text(request.headers(), "content-type");
    if !kind.starts_with("application/json") {
        return Err(Refusal::new(
            415,
            format!("Unsupported content type '{kind}'"),
        ));
    }
    match serde_json::from_slice(request.body()) {
        Err(_) => Err(Refusal::new(400, "Problems parsing JSON")),
        Ok(body @ (Value::Object(_) | Value::Array(_))) => Ok(body),
        Ok(_) => Err(Refusal::new(400, "Body should be a JSON object")),
    }
}

/// Builds the response with its headers.
fn respond(
    world: &World,
    request: &Request<Bytes>,
    caller: &Caller,
    answer: Answer,
) -> Response<Bytes> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in answer.headers.iter().chain(&allowance(world, caller)) {
        builder = builder.header(*name, value);
    }
    builder = builder.header("x-github-request-id", format!("{:X}", world.requests.len()));
    match answer.content {
        Content::Nothing => finish(builder, Bytes::new()),
        Content::Json(value) => tagged(builder, request, &value),
        Content::List(key, items) => {
            let (value, link) = page(world, request, key, items);
            if let Some(link) = link {
                builder = builder.header("link", link);
            }
            tagged(builder, request, &value)
        }
    }
}

/// Returns a page of a list, with links to the other pages.
fn page(
    world: &World,
    request: &Request<Bytes>,
    key: Option<&str>,
    items: Vec<Value>,
) -> (Value, Option<String>) {
    let query = request.uri().query().unwrap_or_default();
    let query = url::form_urlencoded::parse(query.as_bytes());
    let mut query: BTreeMap<String, String> = query.into_owned().collect();
    let asked = |name: &str| query.get(name).and_then(|text| text.parse().ok());
    let size: usize = asked("per_page").unwrap_or(30).clamp(1, 100);
    let number: usize = asked("page").unwrap_or(1).max(1);
    let last = items.len().div_ceil(size).max(1);
    let mut link = |to: usize, relation: &str| {
        query.insert("page".into(), to.to_string());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&query)
            .finish();
        let path = request.uri().path();
        format!("<{}{path}?{query}>; rel=\"{relation}\"", world.api)
    };
    let mut links = Vec::new();
    if number > 1 {
        links.extend([link(number - 1, "prev"), link(1, "first")]);
    }
    if number < last {
        links.extend([link(number + 1, "next"), link(last, "last")]);
    }
    let total = items.len();
    let items: Vec<_> = items
        .into_iter()
        .skip((number - 1) * size)
        .take(size)
        .collect();
    let value = match key {
        Some(key) => json!({"total_count": total, key: items}),
        None => items.into(),
    };
    (value, (!links.is_empty()).then(|| links.join(", ")))
}

/// Tags JSON with its ETag; 304 where the caller has it already.
fn tagged(builder: response::Builder, request: &Request<Bytes>, value: &Value) -> Response<Bytes> {
    let body = value.to_string();
    let builder = builder.header("content-type", "application/json; charset=utf-8");
    let good = builder.headers_ref().is_some() && request.method() == "GET";
    if !good {
        return finish(builder, body.into());
    }
    let tag = format!("W/\"{}\"", hex::encode(Sha256::digest(&body)));
    let builder = builder.header("etag", &tag);
    let known = text(request.headers(), "if-none-match");
    if known.split(',').any(|known| known.trim() == tag) {
        return finish(builder.status(304), Bytes::new());
    }
    finish(builder, body.into())
}

/// Returns the rate limit headers of the caller.
fn allowance(world: &World, caller: &Caller) -> Vec<(&'static str, String)> {
    let (used, reset) = match caller {
        Caller::Installation { id, .. } => match world.installations.get(id) {
            Some(found) => (found.used.0, gate::reset(found)),
            None => (0, super::world::now()),
        },
        _ => (0, super::world::now()),
    };
    vec![
        ("x-ratelimit-limit", gate::HOURLY_LIMIT.to_string()),
        (
            "x-ratelimit-remaining",
            (gate::HOURLY_LIMIT - used).to_string(),
        ),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-reset", reset.as_second().to_string()),
        ("x-ratelimit-resource", "core".into()),
    ]
}

fn finish(builder: response::Builder, body: Bytes) -> Response<Bytes> {
    // Only a header that this folder itself wrote wrongly could fail.
    builder.body(body).unwrap_or_default()
}
