//! Serves the sign-in: to GitHub, back with a code, and out.

use super::attempt::{self, ReturnedAttempt};
use super::cookies::Cookie;
use super::forms::is_own_form;
use super::{SignIn, session};
use crate::github::UserAccessError;
use crate::queue::now;
use crate::report::pages::{Message, SignInPage};
use crate::web::address::local_path;
use crate::web::page_error::PageError;
use crate::web::senders::Sender;
use crate::web::site::{Site, set_cookie};
use axum::extract::{Form, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use url::Url;
use url::form_urlencoded::byte_serialize;

type Fields = HashMap<String, String>;
type Shared = State<Arc<Site>>;

/// How many characters of GitHub's reason are shown.
const MAX_REASON: usize = 300;

/// Shows the page with the way to GitHub; whoever is signed in goes on.
pub(in crate::web) async fn show(
    State(site): Shared,
    headers: HeaderMap,
    Query(asked): Query<Fields>,
) -> Response {
    let to = local_path(field(&asked, "to").unwrap_or("/"));
    match site.session(&headers).await {
        Ok(Some(_)) => return Redirect::to(&site.address.link(to)).into_response(),
        Ok(None) => {}
        Err(error) => return site.respond(None, Err(PageError::Internal(error))),
    }
    let to: String = byte_serialize(to.as_bytes()).collect();
    let page = SignInPage {
        frame: site.frame(None),
        start: site.address.link(&format!("/sign-in/github?to={to}")),
    };
    site.respond(None, page.html().map_err(PageError::from))
}

/// Sends the browser to GitHub.
pub(in crate::web) async fn start(State(site): Shared, Query(asked): Query<Fields>) -> Response {
    let to = local_path(field(&asked, "to").unwrap_or("/"));
    match begin(&site, to) {
        Ok(answer) => answer,
        Err(error) => site.respond(None, Err(PageError::Internal(error))),
    }
}

fn begin(site: &Site, to: &str) -> anyhow::Result<Response> {
    let started = site.sign_in.attempts.start(to, now())?;
    let mut url = Url::parse(&format!("{}/login/oauth/authorize", site.github_pages))?;
    url.query_pairs_mut()
        .append_pair("client_id", &site.sign_in.client_id)
        .append_pair("redirect_uri", &callback_url(site))
        .append_pair("state", &started.state)
        .append_pair("code_challenge", &started.challenge)
        .append_pair("code_challenge_method", "S256");
    let mut answer = Redirect::to(url.as_str()).into_response();
    let cookie = Cookie::Attempt.set(&started.cookie, attempt::LIFE, &site.address);
    set_cookie(&mut answer, &cookie);
    Ok(answer)
}

/// Takes the browser back from GitHub, and starts its session.
pub(in crate::web) async fn callback(
    State(site): Shared,
    headers: HeaderMap,
    extensions: Extensions,
    Query(asked): Query<Fields>,
) -> Response {
    let cookie = Cookie::Attempt.read(&headers, &site.address);
    let state = field(&asked, "state").unwrap_or_default();
    let attempts = &site.sign_in.attempts;
    let Some(attempt) = attempts.returned(cookie.unwrap_or_default(), state, now()) else {
        return site.tell(None, StatusCode::FORBIDDEN, &Message::NotBegunHere);
    };
    let answer = match (field(&asked, "error"), field(&asked, "code")) {
        (Some(error), _) => {
            let reason = field(&asked, "error_description").unwrap_or(error);
            Err(Refusal::Refused(reason.to_owned()))
        }
        (None, Some(code)) => {
            let sender = Sender::of(&headers, &extensions);
            sign_in_in_turn(&site, &headers, sender, attempt, code).await
        }
        (None, None) => Err(Refusal::NoCode),
    };
    // Nothing was used up where it has to wait: the same address is good once more.
    let is_over = !matches!(answer, Err(Refusal::Busy));
    let mut answer = answer.unwrap_or_else(|refusal| refuse(&site, refusal));
    if is_over {
        set_cookie(&mut answer, &Cookie::Attempt.clear(&site.address));
    }
    answer
}

/// Why a browser that GitHub sent back is not signed in.
enum Refusal {
    /// GitHub refused, for this reason.
    Refused(String),
    /// GitHub sent nothing that could be a code.
    NoCode,
    /// GitHub does not accept the token that it gave.
    NoToken,
    /// The state was used before.
    Used,
    /// Too many others sign in at the moment.
    Busy,
    /// GitHub refused too many codes of the sender within an hour.
    TooMany,
    /// GitHub did not answer.
    Away(String),
    /// The server failed.
    Internal(anyhow::Error),
}

impl From<UserAccessError> for Refusal {
    fn from(error: UserAccessError) -> Self {
        match error {
            UserAccessError::Refused(reason) => Self::Refused(reason),
            UserAccessError::Unavailable(problem) | UserAccessError::Forbidden(problem) => {
                Self::Away(problem)
            }
            UserAccessError::NoCode => Self::NoCode,
            UserAccessError::Ended | UserAccessError::NotFound => Self::NoToken,
        }
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

fn refuse(site: &Site, refusal: Refusal) -> Response {
    let (status, message) = match refusal {
        Refusal::Refused(reason) => {
            let reason = crate::report::excerpt(&reason, MAX_REASON);
            tracing::warn!(reason, "GitHub refused a sign-in");
            (StatusCode::FORBIDDEN, Message::Refused(reason))
        }
        Refusal::NoCode => (StatusCode::FORBIDDEN, Message::NoCode),
        Refusal::NoToken => (StatusCode::FORBIDDEN, Message::NoToken),
        Refusal::Used => (StatusCode::FORBIDDEN, Message::NotBegunHere),
        Refusal::Busy => (StatusCode::TOO_MANY_REQUESTS, Message::Busy),
        Refusal::TooMany => (StatusCode::TOO_MANY_REQUESTS, Message::TooMany),
        Refusal::Away(problem) => {
            return site.respond(None, Err(PageError::GithubAway(problem)));
        }
        Refusal::Internal(error) => return site.respond(None, Err(PageError::Internal(error))),
    };
    site.tell(None, status, &message)
}

/// Waits for the sender's turn, and signs in. Counts the codes of the sender that GitHub refuses; behind a proxy that
/// names no client they would be everybody's.
async fn sign_in_in_turn(
    site: &Site,
    headers: &HeaderMap,
    sender: Sender,
    attempt: ReturnedAttempt,
    code: &str,
) -> Result<Response, Refusal> {
    let SignIn { turns, refused, .. } = &site.sign_in;
    let _turn = turns.wait(sender).await.ok_or(Refusal::Busy)?;
    let Sender::Named(address) = sender else {
        return sign_in(site, headers, attempt, code).await;
    };
    if !refused.may_bring(address, Instant::now()) {
        return Err(Refusal::TooMany);
    }
    let answer = sign_in(site, headers, attempt, code).await;
    if matches!(answer, Err(Refusal::Refused(_) | Refusal::NoCode)) {
        refused.admit(address, Instant::now());
    }
    answer
}

/// Exchanges the code, and starts a session in place of the one that the browser may have.
async fn sign_in(
    site: &Site,
    headers: &HeaderMap,
    attempt: ReturnedAttempt,
    code: &str,
) -> Result<Response, Refusal> {
    let sign_in = &site.sign_in;
    let token = sign_in
        .github
        .exchange(code, &attempt.verifier, &callback_url(site))
        .await?;
    let person = sign_in.github.person(&token.access).await?;
    let former = site.session(headers).await?;
    let sessions = &sign_in.rights.sessions;
    let started = sessions.start(&attempt.state, &person, &token, now());
    let Some(id) = started.await? else {
        sessions.revoke(&token.access).await;
        return Err(Refusal::Used);
    };
    if let Some(former) = former {
        sign_in.rights.forget(&former);
        sessions.end(&former, now()).await?;
    }
    tracing::info!(person = person.id, "signed in");
    let mut answer = Redirect::to(&site.address.link(local_path(&attempt.to))).into_response();
    let cookie = Cookie::Session.set(&id, session::LIFE, &site.address);
    set_cookie(&mut answer, &cookie);
    Ok(answer)
}

/// Signs out: only for a form of this session, sent from a page of this server.
pub(in crate::web) async fn leave(
    State(site): Shared,
    headers: HeaderMap,
    Form(typed): Form<Fields>,
) -> Response {
    let session = match site.session(&headers).await {
        Ok(session) => session,
        Err(error) => return site.respond(None, Err(PageError::Internal(error))),
    };
    let Some(session) = session else {
        return site.respond(None, Err(PageError::SignedOut));
    };
    if !is_own_form(&site, &headers, &typed) {
        return site.tell(Some(&session), StatusCode::FORBIDDEN, &Message::ForeignForm);
    }
    site.sign_in.rights.forget(&session);
    match site.sign_in.rights.sessions.end(&session, now()).await {
        Ok(()) => site.respond(None, Err(PageError::SignedOut)),
        Err(error) => site.respond(Some(&session), Err(PageError::Internal(error))),
    }
}

fn callback_url(site: &Site) -> String {
    format!("{}/sign-in/callback", site.address.url)
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let text = fields.get(name).map(String::as_str);
    text.filter(|text| !text.is_empty())
}
