//! Admits requests: checks headers, caller, permissions and rate limits.

use super::call::{Caller, Refusal};
use super::faults::secondary_limit;
use super::routes::{Requirement, Route};
use super::world::{Installation, Level, Repository, World, now};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Validation, decode};
use serde_json::Value;

/// How many requests an installation may send per hour.
pub(super) const HOURLY_LIMIT: u64 = 5_000;

/// GitHub's secondary limits on created content, per minute and per hour.
const CONTENT_LIMITS: [(usize, SignedDuration); 2] = [
    (80, SignedDuration::from_mins(1)),
    (500, SignedDuration::from_hours(1)),
];

/// How many of the App's requests may be in flight at once.
pub(super) const MAX_CONCURRENT: usize = 100;

/// The longest lifetime of a JWT, in seconds.
const MAX_JWT_LIFE: i64 = 600;

/// Checks the headers that every request needs.
pub(super) fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    if text(headers, "user-agent").is_empty() {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.";
        return Err(Refusal::new(403, message));
    }
    let accept = text(headers, "accept");
    let known = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        matches!(kind, "" | "*/*" | "application/*" | "application/json")
            || kind.starts_with("application/vnd.github")
    };
    if !accept.split(',').any(known) {
        let message =
            format!("Unsupported 'Accept' header: '{accept}'. Must accept 'application/json'.");
        return Err(Refusal::new(415, message));
    }
    Ok(())
}

/// Identifies the caller.
pub(super) fn caller(world: &World, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let given = text(headers, "authorization");
    if given.is_empty() {
        return Ok(Caller::Stranger);
    }
    let (scheme, secret) = given.split_once(' ').unwrap_or((given, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return world.client_of(secret).ok_or_else(Refusal::bad_credentials);
    }
    if !["bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Refusal::bad_credentials());
    }
    if secret.matches('.').count() == 2 {
        return jwt(world, secret).map(|()| Caller::App);
    }
    if secret.starts_with("ghu_") {
        return world.person_of(secret).ok_or_else(Refusal::bad_credentials);
    }
    let token = world
        .tokens
        .get(secret)
        .filter(|found| now() < found.expires);
    let token = token.ok_or_else(Refusal::bad_credentials)?;
    match world.installations.get(&token.installation) {
        None => Err(Refusal::bad_credentials()),
        Some(found) if found.suspended => {
            Err(Refusal::new(403, "This installation has been suspended"))
        }
        Some(found) => Ok(Caller::Installation {
            id: found.id,
            token: secret.into(),
        }),
    }
}

/// Verifies the App's JWT.
fn jwt(world: &World, text: &str) -> Result<(), Refusal> {
    let undecodable = || Refusal::new(401, "A JSON web token could not be decoded");
    let mut validation = Validation::new(Algorithm::RS256);
    // The claims are checked below, in GitHub's words.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let claims = decode::<Value>(text, &world.app.key, &validation);
    let claims = claims.map_err(|_| undecodable())?.claims;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let issuer = match &claims["iss"] {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    let now = now().as_second();
    let refuse = |message: &str| Err(Refusal::new(401, message));
    match (number("iat"), number("exp")) {
        _ if issuer.is_none() => refuse("'Issuer' claim ('iss') must be an Integer"),
        _ if issuer != Some(world.app.id) => Err(Refusal::new(404, "Integration not found")),
        (None, _) => refuse(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ),
        (Some(issued), _) if issued > now => refuse(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ),
        (_, None) => refuse(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ),
        (_, Some(expires)) if expires <= now => refuse(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ),
        (_, Some(expires)) if expires > now + MAX_JWT_LIFE => {
            refuse("'Expiration time' claim ('exp') is too far in the future")
        }
        _ => Ok(()),
    }
}

/// Checks the caller's permission, and returns the repository (0 where the path names none).
pub(super) fn admit(
    world: &World,
    caller: &Caller,
    route: &Route,
    named: Option<(&str, &str)>,
) -> Result<u64, Refusal> {
    match (route.needs, caller) {
        (Requirement::Nothing, _) | (Requirement::App, Caller::App) => Ok(0),
        (Requirement::Client, Caller::Client) | (Requirement::Person, Caller::Person(_)) => Ok(0),
        (Requirement::Person, Caller::Stranger) => {
            Err(Refusal::new(401, "Requires authentication"))
        }
        (Requirement::Person, _) => Err(Refusal::not_permitted()),
        (Requirement::Client, _) => Err(Refusal::bad_credentials()),
        (Requirement::App, _) => Err(Refusal::new(401, "A JSON web token could not be decoded")),
        (_, Caller::App) => Err(Refusal::not_permitted()),
        (Requirement::Installation, Caller::Installation { .. }) => Ok(0),
        (Requirement::Installation, Caller::Stranger) => {
            Err(Refusal::new(401, "Requires authentication"))
        }
        (Requirement::Installation, _) => Err(Refusal::not_permitted()),
        (Requirement::Any(permissions), _) => {
            let (owner, name) = named.unwrap_or_default();
            let found = world.repository(owner, name);
            let found = found.ok_or_else(Refusal::not_found)?;
            enter(world, caller, found, route, permissions)?;
            Ok(found.id)
        }
    }
}

fn enter(
    world: &World,
    caller: &Caller,
    repository: &Repository,
    route: &Route,
    permissions: &[&str],
) -> Result<(), Refusal> {
    let reads = route.method == "GET";
    let level = if reads { Level::Read } else { Level::Write };
    let granted = granted(world, caller, repository);
    match granted {
        // Whatever is public may be read by anyone.
        _ if reads && !repository.private => Ok(()),
        None if repository.private => Err(Refusal::not_found()),
        None if *caller == Caller::Stranger => Err(Refusal::new(401, "Requires authentication")),
        Some(granted) if permissions.iter().any(|name| granted(name) >= Some(level)) => Ok(()),
        _ => Err(Refusal::not_permitted()),
    }
}

/// Returns the permissions of the caller's token on a repository; `None` where it has no access.
fn granted<'a>(
    world: &'a World,
    caller: &Caller,
    repository: &Repository,
) -> Option<impl Fn(&str) -> Option<Level> + 'a> {
    let Caller::Installation { id, token } = caller else {
        return None;
    };
    let token = world.tokens.get(token)?;
    let covered = world.installations.get(id)?.covers(repository);
    let chosen = token.repositories.as_ref();
    (covered && chosen.is_none_or(|chosen| chosen.contains(&repository.id)))
        .then_some(|name: &str| token.permissions.get(name).copied())
}

/// Counts the request, and refuses one beyond the limits.
pub(super) fn limits(world: &mut World, caller: &Caller, route: &Route) -> Result<(), Refusal> {
    let Caller::Installation { id, .. } = caller else {
        return Ok(());
    };
    let Some(installation) = world.installations.get_mut(id) else {
        return Ok(());
    };
    let now = now();
    if now >= reset(installation) {
        installation.used = (0, now);
    }
    if installation.used.0 >= HOURLY_LIMIT {
        let message = format!("API rate limit exceeded for installation ID {id}.");
        world.refused += 1;
        return Err(Refusal::new(403, message));
    }
    installation.used.0 += 1;
    if route.creates_content() {
        let created = &mut installation.created_content;
        let within = |then: &Timestamp, span| now.duration_since(*then) < span;
        created.retain(|then| within(then, SignedDuration::from_hours(1)));
        for (most, span) in CONTENT_LIMITS {
            if created.iter().filter(|then| within(then, span)).count() >= most {
                world.refused += 1;
                return Err(secondary_limit(60));
            }
        }
        created.push(now);
    }
    Ok(())
}

/// Returns when an installation's hour ends.
pub(super) fn reset(installation: &Installation) -> Timestamp {
    let since = installation.used.1;
    since + SignedDuration::from_hours(1)
}

/// Returns a header's text; empty where it is missing or not text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}
