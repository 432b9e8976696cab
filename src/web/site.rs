//! The state of the pages, and how each of them is answered.

use super::address::PublicAddress;
use super::icon::ICON_PATH;
use super::order_rate::OrderRate;
use super::page_error::PageError;
use super::sign_in::{Cookie, Rights, Session, SignIn};
use super::stylesheet;
use crate::config::Operators;
use crate::queue::inbox::Inbox;
use crate::report::pages::{Frame, Message, MessagePage};
use crate::store::Store;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::sync::Arc;

/// The pages.
pub(super) struct Site {
    pub store: Store,
    /// Takes what people order.
    pub inbox: Inbox,
    /// How many orders each person sent.
    pub orders: OrderRate,
    /// Who may see the server's own state.
    pub operators: Operators,
    pub sign_in: SignIn,
    pub address: PublicAddress,
    /// GitHub's pages, without a trailing slash.
    pub github_pages: String,
}

impl Site {
    /// Returns what of the sign-in tells what people see.
    pub fn rights(&self) -> &Arc<Rights> {
        &self.sign_in.rights
    }

    /// Returns the frame of a page.
    pub fn frame(&self, session: Option<&Session>) -> Frame {
        Frame {
            base: self.address.base.clone(),
            stylesheet: self.address.link(stylesheet::path()),
            icon: self.address.link(ICON_PATH),
            login: session.map(|session| session.login.clone()),
            form_token: session
                .map(|session| session.form_token.clone())
                .unwrap_or_default(),
        }
    }

    /// Answers with a page, or with the page that tells why it is not shown.
    pub fn respond(&self, session: Option<&Session>, page: Result<String, PageError>) -> Response {
        let (status, message) = match page {
            Ok(html) => return Html(html).into_response(),
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
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Adds a cookie to an answer.
pub(super) fn set_cookie(answer: &mut Response, cookie: &str) {
    let headers = answer.headers_mut();
    match HeaderValue::from_str(cookie) {
        Ok(cookie) => {
            headers.append(header::SET_COOKIE, cookie);
        }
        Err(error) => tracing::error!(%error, "a cookie cannot be written"),
    }
}
