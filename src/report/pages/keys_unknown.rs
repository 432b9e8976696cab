//! Writes the page of keys of an organisation whose owners GitHub does not tell: what to do about it.

use super::{Crumb, Frame};
use crate::model::InstallationId;
use askama::Template;

/// The page in place of the keys where the App may not ask GitHub who owns the organisation.
#[derive(Debug, Template)]
#[template(path = "pages/keys_unknown.html")]
pub struct KeysUnknownPage {
    /// What stands around the page.
    pub frame: Frame,
    /// The login of the account.
    pub account: String,
    /// The installation.
    pub installation: InstallationId,
    /// GitHub's pages, without a trailing slash.
    pub github_pages: String,
}

impl KeysUnknownPage {
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
