//! Checks where a form comes from.

use super::cookies::Cookie;
use crate::web::site::Site;
use axum::http::{HeaderMap, header};
use std::collections::HashMap;

/// Returns whether a form was sent by the session of this browser, from a page of this server.
pub(in crate::web) fn is_own_form(
    site: &Site,
    headers: &HeaderMap,
    typed: &HashMap<String, String>,
) -> bool {
    let id = Cookie::Session.read(headers, &site.address);
    let token = typed.get("token").map(String::as_str).unwrap_or_default();
    let origin = headers.get(header::ORIGIN).and_then(|it| it.to_str().ok());
    let seal = &site.sign_in.seal;
    seal.is_form_token(token, id.unwrap_or_default())
        && origin == Some(site.address.origin.as_str())
}
