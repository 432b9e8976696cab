//! Finds out who is signed in.

use super::cookies::Cookie;
use super::session::Session;
use crate::queue::now;
use crate::web::page_error::PageError;
use crate::web::site::Site;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;
use url::form_urlencoded::byte_serialize;

/// A person who is signed in. Anybody else is sent to the sign-in, whatever the address.
pub(in crate::web) struct Visitor(pub Session);

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        match site.session(&parts.headers).await {
            Ok(Some(session)) => Ok(Self(session)),
            Ok(None) => {
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                let to: String = byte_serialize(path.as_bytes()).collect();
                let sign_in = site.address.link(&format!("/sign-in?to={to}"));
                Err(Redirect::to(&sign_in).into_response())
            }
            Err(error) => Err(site.respond(None, Err(PageError::Internal(error)))),
        }
    }
}

impl Site {
    /// Returns the session of a browser; `None` where nobody is signed in.
    pub(in crate::web) async fn session(
        &self,
        headers: &HeaderMap,
    ) -> anyhow::Result<Option<Session>> {
        match Cookie::Session.read(headers, &self.address) {
            Some(id) => self.sign_in.rights.sessions.find(id, now()).await,
            None => Ok(None),
        }
    }
}
