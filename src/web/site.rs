//! The state of the pages, and how each of them is answered.

use super::address::PublicAddress;
use super::html::{Allowed, html};
use super::sign_in::{AccessError, Cookie, Rights, Session, SignIn};
use super::stylesheet;
use crate::report::pages::{Frame, Message, MessagePage};
use crate::store::Store;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// The pages.
pub(super) struct Site {
    pub store: Store,
    pub sign_in: SignIn,
    pub address: PublicAddress,
    /// GitHub's pages, without a trailing slash.
    pub github_pages: String,
    /// The origin of GitHub's pages.
    pub github_origin: String,
}

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum PageError {
    /// There is no such thing, or the person may not look at it: nobody is told which.
    NotFound,
    /// Nobody is signed in any more.
    SignedOut,
    /// GitHub does not tell what the person sees.
    GithubAway(String),
    /// The server failed.
    Internal(anyhow::Error),
}

impl From<anyhow::Error> for PageError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<AccessError> for PageError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Ended => Self::SignedOut,
            AccessError::NotFound => Self::NotFound,
            AccessError::Away(problem) => Self::GithubAway(problem),
            AccessError::Internal(error) => Self::Internal(error),
        }
    }
}

impl Site {
    /// Returns what of the sign-in tells what people see.
    pub fn rights(&self) -> &Rights {
        &self.sign_in.rights
    }

    /// Returns the frame of a page.
    pub fn frame(&self, session: Option<&Session>) -> Frame {
        Frame {
            base: self.address.base.clone(),
            stylesheet: self.address.link(stylesheet::path()),
            login: session.map(|session| session.login.clone()),
            form_token: session
                .map(|session| session.form_token.clone())
                .unwrap_or_default(),
        }
    }

    /// Answers with a page, or with the page that tells why it is not shown.
    pub fn respond(&self, session: Option<&Session>, page: Result<String, PageError>) -> Response {
        let (status, message) = match page {
            Ok(html) => return self.html(StatusCode::OK, html),
            Err(PageError::SignedOut) => {
                let mut answer = Redirect::to(&self.address.link("/sign-in")).into_response();
                set_cookie(&mut answer, &Cookie::Session.clear(&self.address));
                return answer;
            }
            Err(PageError::NotFound) => (StatusCode::NOT_FOUND, Message::NotFound),
            Err(PageError::GithubAway(problem)) => {
                tracing::warn!(problem, "GitHub does not tell what a person sees");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    Message::GithubAway(problem),
                )
            }
            Err(PageError::Internal(error)) => {
                tracing::error!(error = format!("{error:#}"), "a page cannot be shown");
                (StatusCode::INTERNAL_SERVER_ERROR, Message::Failed)
            }
        };
        self.tell(session, status, &message)
    }

    /// Answers with a message.
    pub fn tell(
        &self,
        session: Option<&Session>,
        status: StatusCode,
        message: &Message,
    ) -> Response {
        let page = MessagePage::new(self.frame(session), message);
        match page.html() {
            Ok(html) => self.html(status, html),
            Err(error) => {
                tracing::error!(%error, "a page cannot be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// Answers with HTML, which loads the stylesheet only.
    pub fn html(&self, status: StatusCode, text: String) -> Response {
        let allowed = Allowed {
            sources: "style-src 'self'; img-src 'self'",
            sends_to: &self.github_origin,
            // Not `no-referrer`: with that a browser names no origin where a form is sent.
            referrer: "same-origin",
        };
        let mut answer = html(status, text, &allowed);
        let opener = HeaderName::from_static("cross-origin-opener-policy");
        let own = HeaderValue::from_static("same-origin");
        answer.headers_mut().insert(opener, own);
        answer
    }
}

/// Adds a cookie to an answer, which no cache may keep then.
pub(super) fn set_cookie(answer: &mut Response, cookie: &str) {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(cookie) {
        Ok(cookie) => {
            headers.append(header::SET_COOKIE, cookie);
        }
        Err(error) => tracing::error!(%error, "a cookie cannot be written"),
    }
}
