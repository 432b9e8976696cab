//! Writes the page of the keys of the API of an organisation, for its owners.

use super::{Crumb, Frame};
use crate::model::{ApiKey, ApiScope};
use crate::report::when::minute;
use crate::report::words::excerpt;
use askama::Template;

/// The page of an organisation's keys.
#[derive(Debug, Template)]
#[template(path = "pages/keys.html")]
pub struct KeysPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The login of the account.
    pub account: String,
    /// The keys, the newest first.
    pub rows: Vec<KeyRow>,
    /// The id of the form that creates a key: sent again, it creates no other one.
    pub form_id: String,
    /// The key that was created a moment ago, which no other answer shows.
    pub created: Option<ApiKey>,
    /// Whether a key was revoked a moment ago.
    pub is_revoked: bool,
}

/// A key in the list, without the key itself. Times are in epoch milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The beginning of the key.
    pub prefix: String,
    /// The name that was given to the key.
    pub name: String,
    /// What the key may do.
    pub scope: ApiScope,
    /// The login of who created the key; empty where it was created on the server.
    pub created_by: String,
    /// When the key was created.
    pub created_at: i64,
    /// When the key expires; `None` for never.
    pub expires_at: Option<i64>,
    /// Whether the key has expired.
    pub is_expired: bool,
    /// When the key was used last; `None` for never.
    pub used_at: Option<i64>,
}

impl KeyRow {
    fn name(&self) -> String {
        excerpt(&self.name, 100)
    }

    fn creator(&self) -> String {
        match self.created_by.as_str() {
            "" => "on the server".to_owned(),
            login => excerpt(login, 100),
        }
    }

    fn created(&self) -> String {
        minute(self.created_at)
    }

    fn expires(&self) -> String {
        self.expires_at.map_or_else(|| "never".to_owned(), minute)
    }

    fn used(&self) -> String {
        self.used_at.map_or_else(|| "never".to_owned(), minute)
    }
}

impl KeysPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![
            Crumb::to(&self.account, format!("/orgs/{}", self.account)),
            Crumb::here("API keys"),
        ]
    }
}
