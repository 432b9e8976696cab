//! Signs people in to Apps: GitHub's pages for that, the tokens of people, and what a person's token shows.

use super::GitHub;
use super::call::{Answer, Call, Caller, Outcome, Refusal};
use super::gate::text;
use super::world::{Repository, World, now};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use url::Url;

/// How long a code is valid.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How long a person's token is valid.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(8);
/// How long a token is valid that ends within a minute.
const SHORT_LIFE: SignedDuration = SignedDuration::from_secs(30);
/// How long a refresh token is valid, in seconds.
const REFRESH_LIFE: u64 = 15_897_600;

/// The page that a browser is sent to.
const AUTHORIZE: &str = "/login/oauth/authorize";
/// Where codes and refresh tokens are exchanged.
const ACCESS_TOKEN: &str = "/login/oauth/access_token";

/// The App as a client of the sign-in, and whom it signed in.
#[derive(Default)]
pub(super) struct OAuth {
    pub secret: String,
    /// The addresses that the App's page names.
    pub callbacks: Vec<String>,
    /// Who is signed in to GitHub in the browser that asks.
    person: Option<String>,
    /// Whether GitHub tells that tokens end within a minute.
    short_lived: bool,
    /// Whether the person declines.
    declines: bool,
    codes: BTreeMap<String, Code>,
    tokens: BTreeMap<String, UserToken>,
}

/// A code that was not exchanged yet.
struct Code {
    login: String,
    redirect: String,
    challenge: Option<String>,
    expires: Timestamp,
}

/// A person's token.
struct UserToken {
    login: String,
    refresh: String,
    expires: Timestamp,
}

impl GitHub {
    /// Returns the App's client id and client secret.
    pub fn oauth_client(&self) -> (String, String) {
        let mut world = self.world();
        if world.oauth.secret.is_empty() {
            world.oauth.secret = world.unguessable()[..40].to_owned();
        }
        (world.client_id(), world.oauth.secret.clone())
    }

    /// Adds a callback address to the App's page.
    pub fn add_callback(&self, url: &str) {
        self.world().oauth.callbacks.push(url.to_owned());
    }

    /// Signs a person in to GitHub, in whatever browser asks next; `None` signs out.
    pub fn use_browser_of(&self, person: Option<&str>) {
        self.world().oauth.person = person.map(str::to_owned);
    }

    /// Makes people decline to be signed in to the App, or not.
    pub fn decline_sign_in(&self, declines: bool) {
        self.world().oauth.declines = declines;
    }

    /// Tells Apps that a person's token ends within a minute, or not.
    pub fn hand_out_short_tokens(&self, short: bool) {
        self.world().oauth.short_lived = short;
    }

    /// Expires all access tokens of people; their refresh tokens stay.
    pub fn let_user_tokens_expire(&self) {
        for token in self.world().oauth.tokens.values_mut() {
            token.expires = now();
        }
    }

    /// Revokes all tokens of a person, as the person does on their settings' page.
    pub fn revoke_user_tokens(&self, person: &str) {
        let mut world = self.world();
        world.oauth.tokens.retain(|_, token| token.login != person);
    }

    /// Counts the valid tokens of a person.
    pub fn user_tokens(&self, person: &str) -> usize {
        let world = self.world();
        let tokens = world.oauth.tokens.values();
        tokens
            .filter(|token| token.login == person && now() < token.expires)
            .count()
    }
}

impl World {
    /// Returns the App's client id.
    pub fn client_id(&self) -> String {
        format!("Iv1.{:016x}", self.app.id)
    }

    /// Returns the caller of a person's token.
    pub fn person_of(&self, token: &str) -> Option<Caller> {
        let token = self.oauth.tokens.get(token)?;
        (now() < token.expires).then(|| Caller::Person(token.login.clone()))
    }

    /// Returns the App as the caller that a basic authorization names.
    pub fn client_of(&self, authorization: &str) -> Option<Caller> {
        let decoded = base64::engine::general_purpose::STANDARD.decode(authorization);
        let decoded = String::from_utf8(decoded.ok()?).ok()?;
        let known = format!("{}:{}", self.client_id(), self.oauth.secret);
        (!self.oauth.secret.is_empty() && decoded == known).then_some(Caller::Client)
    }
}

/// Returns the name by which tests select a page of the sign-in.
pub(super) fn name(method: &str, path: &str) -> Option<String> {
    [("GET", AUTHORIZE), ("POST", ACCESS_TOKEN)]
        .contains(&(method, path))
        .then(|| format!("{method} {path}"))
}

/// Answers a request for a page of the sign-in; `None` for any other.
pub(super) fn answer(world: &mut World, request: &Request<Bytes>) -> Option<Outcome> {
    let query = request.uri().query().unwrap_or_default();
    match (request.method().as_str(), request.uri().path()) {
        ("GET", AUTHORIZE) => Some(authorize(world, &pairs(query.as_bytes()))),
        ("POST", ACCESS_TOKEN) => {
            let kind = text(request.headers(), "content-type");
            if !kind.starts_with("application/x-www-form-urlencoded") {
                return Some(Err(Refusal::new(415, "Unsupported content type")));
            }
            if text(request.headers(), "accept") != "application/json" {
                return Some(Err(Refusal::new(406, "answers as a form")));
            }
            Some(Answer::ok(exchange(world, &pairs(request.body()))))
        }
        _ => None,
    }
}

fn pairs(text: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// Sends a browser back to the App, with a code or an error.
fn authorize(world: &mut World, asked: &BTreeMap<String, String>) -> Outcome {
    let field = |name: &str| asked.get(name).map(String::as_str);
    if field("client_id") != Some(world.client_id().as_str()) {
        return Err(Refusal::not_found());
    }
    let first = world.oauth.callbacks.first().cloned();
    let first = first.ok_or_else(Refusal::not_found)?;
    let redirect = field("redirect_uri").unwrap_or(&first).to_owned();
    let state = field("state").unwrap_or_default();
    let refused = |to: &str, error: &str, description: &str| {
        back(
            to,
            &[
                ("error", error),
                ("error_description", description),
                ("state", state),
            ],
        )
    };
    if !world.oauth.callbacks.contains(&redirect) {
        let description = "The redirect_uri is not associated with this application.";
        return refused(&first, "redirect_uri_mismatch", description);
    }
    let Some(login) = world.oauth.person.clone() else {
        return Ok(Answer::json(200, "Sign in to GitHub".into()));
    };
    if world.oauth.declines {
        let description = "The user has denied your application access.";
        return refused(&redirect, "access_denied", description);
    }
    let challenge = field("code_challenge").map(str::to_owned);
    if challenge.is_some() && field("code_challenge_method") != Some("S256") {
        let description = "Only the code_challenge_method S256 is supported.";
        return refused(&redirect, "invalid_request", description);
    }
    let code = world.unguessable()[..20].to_owned();
    let answer = back(&redirect, &[("code", &code), ("state", state)]);
    let handed_out = Code {
        login,
        redirect,
        challenge,
        expires: now() + CODE_LIFE,
    };
    world.oauth.codes.insert(code, handed_out);
    answer
}

fn back(to: &str, fields: &[(&str, &str)]) -> Outcome {
    let mut url = Url::parse(to).map_err(|_| Refusal::not_found())?;
    url.query_pairs_mut().extend_pairs(fields);
    Answer::elsewhere(url.into())
}

/// Exchanges a code or a refresh token. GitHub refuses with status 200.
fn exchange(world: &mut World, asked: &BTreeMap<String, String>) -> Value {
    let field = |name: &str| asked.get(name).map_or("", String::as_str);
    let refused =
        |error: &str, description: &str| json!({"error": error, "error_description": description});
    let is_client = field("client_id") == world.client_id()
        && !world.oauth.secret.is_empty()
        && field("client_secret") == world.oauth.secret;
    if !is_client {
        let description = "The client_id and/or client_secret passed are incorrect.";
        return refused("incorrect_client_credentials", description);
    }
    if field("grant_type") == "refresh_token" {
        let mut tokens = world.oauth.tokens.iter();
        let known = tokens.find(|(_, token)| token.refresh == field("refresh_token"));
        let known = known.map(|(text, token)| (text.clone(), token.login.clone()));
        let Some((former, login)) = known else {
            let description = "The refresh token passed is incorrect or expired.";
            return refused("bad_refresh_token", description);
        };
        world.oauth.tokens.remove(&former);
        return hand_out(world, login);
    }
    let bad_code = || {
        refused(
            "bad_verification_code",
            "The code passed is incorrect or expired.",
        )
    };
    let code = world.oauth.codes.remove(field("code"));
    let Some(code) = code.filter(|code| now() < code.expires) else {
        return bad_code();
    };
    if field("redirect_uri") != code.redirect {
        let description =
            "The redirect_uri MUST match the registered callback URL for this application.";
        return refused("redirect_uri_mismatch", description);
    }
    let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
    if code
        .challenge
        .is_some_and(|challenge| challenge != verifier)
    {
        return bad_code();
    }
    hand_out(world, code.login)
}

fn hand_out(world: &mut World, login: String) -> Value {
    let access = format!("ghu_{}", &world.unguessable()[..36]);
    let refresh = format!("ghr_{}{}", world.unguessable(), &world.unguessable()[..12]);
    let token = UserToken {
        login,
        refresh: refresh.clone(),
        expires: now() + TOKEN_LIFE,
    };
    world.oauth.tokens.insert(access.clone(), token);
    let life = if world.oauth.short_lived {
        SHORT_LIFE
    } else {
        TOKEN_LIFE
    };
    json!({
        "access_token": access, "expires_in": life.as_secs(), "refresh_token": refresh,
        "refresh_token_expires_in": REFRESH_LIFE, "token_type": "bearer", "scope": "",
    })
}

fn login<'a>(call: &'a Call) -> Result<&'a str, Refusal> {
    match &call.caller {
        Caller::Person(login) => Ok(login),
        _ => Err(Refusal::not_permitted()),
    }
}

pub(super) fn user(call: &mut Call) -> Outcome {
    let mut shown = call.world.show_user(login(call)?);
    shown["type"] = "User".into();
    Answer::ok(shown)
}

/// Lists the installations on accounts in which the person has access to a repository.
pub(super) fn installations(call: &mut Call) -> Outcome {
    let (world, login) = (&call.world, login(call)?);
    let all = world.installations.values();
    let seen = all.filter(|found| {
        let mut repositories = world.repositories.values();
        repositories.any(|it| found.covers(it) && it.people.contains_key(login))
    });
    Answer::list_in(
        "installations",
        seen.map(|found| world.show_installation(found)),
    )
}

/// Lists the repositories of an installation to which the person has access.
pub(super) fn repositories(call: &mut Call) -> Outcome {
    let (world, login) = (&call.world, login(call)?);
    let installation = world.installations.get(&call.number("installation_id")?);
    let installation = installation.ok_or_else(Refusal::not_found)?;
    let covered = world.repositories.values();
    let seen: Vec<_> = covered
        .filter(|found| installation.covers(found))
        .filter_map(|found| Some((found, level(found, login)?)))
        .map(|(found, level)| {
            let mut shown = world.show_repository(found);
            let at_least = |names: &[&str]| names.contains(&level);
            shown["permissions"] = json!({
                "admin": at_least(&["admin"]), "maintain": at_least(&["admin", "maintain"]),
                "push": at_least(&["admin", "maintain", "write"]), "triage": level != "read", "pull": true,
            });
            shown
        })
        .collect();
    match seen.is_empty() {
        true => Err(Refusal::not_found()),
        false => Answer::list_in("repositories", seen),
    }
}

fn level<'a>(repository: &'a Repository, login: &str) -> Option<&'a str> {
    repository.people.get(login).map(String::as_str)
}

/// Revokes a person's token.
pub(super) fn revoke(call: &mut Call) -> Outcome {
    if call.part("client_id") != call.world.client_id() {
        return Err(Refusal::not_found());
    }
    let token = call.text("access_token").unwrap_or_default().to_owned();
    match call.world.oauth.tokens.remove(&token) {
        Some(_) => Answer::nothing(),
        None => Err(Refusal::unprocessable("Validation Failed")),
    }
}
