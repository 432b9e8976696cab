//! Serves the App's own API: installations, tokens, deliveries, rate limit.

use super::call::{Answer, Call, Caller, Outcome, Refusal};
use super::gate;
use super::hooks::Delivery;
use super::json;
use super::world::{Level, Permissions, Token, now};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(super) fn app(call: &mut Call) -> Outcome {
    Answer::ok(call.world.show_app())
}

pub(super) fn installations(call: &mut Call) -> Outcome {
    let all = call.world.installations.values();
    Answer::list(all.map(|found| call.world.show_installation(found)))
}

pub(super) fn installation(call: &mut Call) -> Outcome {
    let found = (call.world.installations).get(&call.number("installation_id")?);
    Answer::ok((call.world).show_installation(found.ok_or_else(Refusal::not_found)?))
}

pub(super) fn installation_of(call: &mut Call) -> Outcome {
    let found = call.world.repository(call.part("owner"), call.part("repo"));
    let found = found.and_then(|found| call.world.installation_of(found));
    Answer::ok((call.world).show_installation(found.ok_or_else(Refusal::not_found)?))
}

/// Creates a token with the installation's permissions, or narrowed to those that the body names.
pub(super) fn token(call: &mut Call) -> Outcome {
    let id = call.number("installation_id")?;
    let installation = call.world.installations.get(&id);
    let installation = installation.ok_or_else(Refusal::not_found)?;
    if installation.suspended {
        return Err(Refusal::new(403, "This installation has been suspended"));
    }
    if installation.refused {
        return Err(Refusal::new(403, "Resource not accessible by integration"));
    }
    let permissions = match call.body.get("permissions") {
        Some(Value::Object(requested)) if !requested.is_empty() => {
            narrowed(requested, &installation.permissions)?
        }
        _ => installation.permissions.clone(),
    };
    let chosen = chosen(call, id)?;
    let shown = chosen.iter().flatten();
    let shown: Vec<_> = shown
        .filter_map(|id| call.world.repositories.get(id))
        .map(|found| call.world.show_repository(found))
        .collect();
    let text: String = format!("ghs_{}", &call.world.unguessable()[..36]);
    let expires = now() + SignedDuration::from_hours(1);
    let mut answer = json!({
        "token": text, "expires_at": json::time(expires), "permissions": json::permissions(&permissions),
        "repository_selection": if chosen.is_some() { "selected" } else { "all" },
    });
    if chosen.is_some() {
        answer["repositories"] = shown.into();
    }
    let token = Token {
        installation: id,
        permissions,
        repositories: chosen,
        expires,
    };
    call.world.tokens.insert(text, token);
    Answer::created(answer)
}

fn narrowed(requested: &Map<String, Value>, granted: &Permissions) -> Result<Permissions, Refusal> {
    let refusal = || {
        Refusal::unprocessable("The permissions requested are not granted to this installation.")
    };
    let mut narrowed = Permissions::from([("metadata".into(), Level::Read)]);
    for (name, level) in requested {
        let level = level.as_str().and_then(Level::parse);
        let level = level.filter(|level| granted.get(name) >= Some(level));
        narrowed.insert(name.clone(), level.ok_or_else(refusal)?);
    }
    Ok(narrowed)
}

/// Returns the repositories of a token; `None` where the body names none.
fn chosen(call: &Call, installation: u64) -> Result<Option<BTreeSet<u64>>, Refusal> {
    let refusal = || {
        Refusal::unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let ids = call.body.get("repository_ids").and_then(Value::as_array);
    let names = call.texts("repositories");
    if ids.is_none() && names.is_none() {
        return Ok(None);
    }
    let installation = call.world.installations.get(&installation);
    let installation = installation.ok_or_else(Refusal::not_found)?;
    let covered = |id: &u64| {
        let found = call.world.repositories.get(id)?;
        installation.covers(found).then_some(*id)
    };
    let by_name = |name: &String| Some(call.world.repository(&installation.account, name)?.id);
    let by_id = ids.into_iter().flatten().map(Value::as_u64);
    let by_name = names.iter().flatten().map(by_name);
    by_id
        .chain(by_name)
        .map(|id| id.and_then(|id| covered(&id)).ok_or_else(refusal))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Lists the repositories that the token can access.
pub(super) fn repositories(call: &mut Call) -> Outcome {
    let Caller::Installation { id, token } = &call.caller else {
        return Err(Refusal::not_permitted());
    };
    let world = &call.world;
    let installation = (world.installations.get(id)).ok_or_else(Refusal::not_found)?;
    let token = (world.tokens.get(token)).ok_or_else(Refusal::bad_credentials)?;
    let chosen = token.repositories.as_ref();
    let reached = world.repositories.values().filter(|found| {
        installation.covers(found) && chosen.is_none_or(|chosen| chosen.contains(&found.id))
    });
    Answer::list_in(
        "repositories",
        reached.map(|found| world.show_repository(found)),
    )
}

pub(super) fn rate_limit(call: &mut Call) -> Outcome {
    let used = match &call.caller {
        Caller::Installation { id, .. } => call.world.installations.get(id),
        _ => None,
    };
    let (used, reset) = used.map_or((0, now()), |found| (found.used.0, gate::reset(found)));
    let rate = json!({
        "limit": gate::HOURLY_LIMIT, "remaining": gate::HOURLY_LIMIT - used, "used": used, "reset": reset.as_second(),
    });
    Answer::ok(json!({"resources": {"core": rate, "search": rate}, "rate": rate}))
}

/// Lists deliveries, the newest first, paged by a cursor.
pub(super) fn deliveries(call: &mut Call) -> Outcome {
    let size: usize = match call.asked("per_page") {
        None => 30,
        Some(text) => text.parse().unwrap_or(30),
    };
    let size = size.clamp(1, 100);
    let before: u64 = match call.asked("cursor") {
        None => u64::MAX,
        Some(cursor) => {
            let number = cursor.strip_prefix("v1_").and_then(|id| id.parse().ok());
            number.ok_or_else(|| Refusal::new(400, "Invalid cursor"))?
        }
    };
    let successful = call.asked("status").map(|status| status == "success");
    let sent = call.world.deliveries.iter().rev();
    let mut sent: Vec<_> = sent
        .filter(|found| found.id < before)
        .filter(|found| successful.is_none_or(|successful| successful == found.succeeded()))
        .take(size + 1)
        .collect();
    let more = sent.len() > size;
    sent.truncate(size);
    let mut answer = Answer::json(200, sent.iter().map(|found| json(found)).collect());
    if let (true, Some(last)) = (more, sent.last()) {
        let path = format!("{}/app/hook/deliveries", call.world.api);
        let link = format!(
            "<{path}?per_page={size}&cursor=v1_{}>; rel=\"next\"",
            last.id
        );
        answer.headers.push(("link", link));
    }
    Ok(answer)
}

pub(super) fn delivery(call: &mut Call) -> Outcome {
    let found = find(call)?;
    let mut shown = json(found);
    shown["url"] = call.world.hook.clone().into();
    shown["request"] = json!({
        "headers": {"X-GitHub-Event": found.event, "X-GitHub-Delivery": found.guid},
        "payload": found.payload(),
    });
    shown["response"] = json!({"headers": {}, "payload": ""});
    Answer::ok(shown)
}

/// Redelivers a webhook, soon.
pub(super) fn redeliver(call: &mut Call) -> Outcome {
    let found = find(call)?.clone();
    let again = call.world.again(found);
    call.world.outbox.push_back(again);
    Ok(Answer::json(202, json!({})))
}

fn find<'a>(call: &'a Call) -> Result<&'a Delivery, Refusal> {
    let id = call.number("delivery_id")?;
    let found = call.world.deliveries.iter().find(|found| found.id == id);
    found.ok_or_else(Refusal::not_found)
}

fn json(found: &Delivery) -> Value {
    let status = match found.status {
        0 => "failed to connect to host",
        504 => "timed out",
        _ if found.succeeded() => "OK",
        _ => "Invalid HTTP Response",
    };
    json!({
        "id": found.id, "guid": found.guid, "delivered_at": json::time(found.at),
        "redelivery": found.redelivery, "duration": found.took.as_secs_f64(), "status": status,
        "status_code": found.status, "event": found.event, "action": found.action(),
        "installation_id": found.installation, "repository_id": found.repository,
        "throttled_at": null,
    })
}
