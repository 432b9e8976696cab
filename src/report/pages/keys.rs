//! Writes the pages of keys of the API: of an organisation, for its owners, and of a person.

use super::{Crumb, Frame};
use crate::model::{ApiKey, ApiScope};
use crate::report::when::minute;
use crate::report::words::excerpt;
use askama::Template;

/// How many repositories of a key are named.
const NAMED: usize = 10;

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
    /// How many repositories a person's key reaches; `None` for a key of the organisation.
    pub repositories: Option<u32>,
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

    fn reach(&self) -> String {
        match self.repositories {
            None => "all".to_owned(),
            Some(1) => "1 repository".to_owned(),
            Some(count) => format!("{count} repositories"),
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

/// The page of a person's own keys.
#[derive(Debug, Template)]
#[template(path = "pages/own_keys.html")]
pub struct OwnKeysPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The keys, the newest first.
    pub rows: Vec<OwnKeyRow>,
    /// The logins of the accounts for which the person may create a key.
    pub accounts: Vec<String>,
    /// The form that creates a key; `None` until an account is chosen.
    pub form: Option<OwnKeyForm>,
    /// The key that was created a moment ago, which no other answer shows.
    pub created: Option<ApiKey>,
    /// Whether a key was revoked a moment ago.
    pub is_revoked: bool,
}

/// A key of a person's, with what the person sees of where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKeyRow {
    /// The key.
    pub key: KeyRow,
    /// The login of the account; `None` where GitHub does not show it to the person.
    pub account: Option<String>,
    /// The names of the key's repositories that the person sees.
    pub names: Vec<String>,
}

/// The form that creates a key of a person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKeyForm {
    /// The login of the account.
    pub account: String,
    /// The id of the form: sent again, it creates no other key.
    pub id: String,
    /// The repositories to choose from, by id and name.
    pub choices: Vec<(String, String)>,
    /// How many repositories the person may write to.
    pub writable: usize,
    /// How many repositories a key reaches at most.
    pub most: usize,
}

impl OwnKeyRow {
    fn account(&self) -> &str {
        self.account
            .as_deref()
            .unwrap_or("not shown to you by GitHub")
    }

    /// Names the first of the repositories, and counts the others, and those that the person does not see.
    fn reach(&self) -> String {
        let count = self.key.repositories.unwrap_or_default();
        let unseen = usize::try_from(count).unwrap_or_default();
        let unseen = unseen.saturating_sub(self.names.len());
        let more = self.names.len().saturating_sub(NAMED);
        let mut parts: Vec<_> = self.names.iter().take(NAMED).cloned().collect();
        parts.extend((more > 0).then(|| format!("{more} more")));
        parts.extend((unseen > 0).then(|| format!("{unseen} that you do not see")));
        match parts.is_empty() {
            true => "none".to_owned(),
            false => parts.join(", "),
        }
    }
}

impl OwnKeyForm {
    /// Returns whether a key may reach all repositories that the person may write to.
    fn fits(&self) -> bool {
        self.writable <= self.most
    }
}

impl OwnKeysPage {
    /// Renders the page.
    pub fn html(&self) -> askama::Result<String> {
        self.render()
    }

    fn crumbs(&self) -> Vec<Crumb> {
        vec![Crumb::here("Your API keys")]
    }

    /// Returns whether the form is about this account.
    fn is_chosen(&self, account: &str) -> bool {
        let form = self.form.as_ref();
        form.is_some_and(|form| form.account == account)
    }
}
