//! Reads which repository a list is filtered by.

use super::Fields;
use super::organisation::Account;
use crate::model::{RepositoryId, RepositoryName};

/// The longest text that is filtered by, in characters.
const MAX_TEXT: usize = 100;

/// The repository that a list is filtered by.
pub(super) struct RepositoryChoice {
    /// Its name as it was typed; empty for all.
    pub text: String,
    /// The repository; `None` for all, and where the person may not look at it.
    pub id: Option<RepositoryId>,
}

impl RepositoryChoice {
    /// Reads the field `repository`.
    pub fn of(account: &Account, asked: &Fields) -> Self {
        let text = field(asked, "repository");
        let name = RepositoryName::new(&format!("{}/{text}", account.name));
        Self {
            id: name.and_then(|name| account.repositories.id(&name)),
            text,
        }
    }

    /// Returns whether the list is empty: a repository that the person may not look at has nothing for them, as one that
    /// is not there.
    pub fn is_nowhere(&self) -> bool {
        self.id.is_none() && !self.text.is_empty()
    }
}

/// Reads a field that a list is filtered by.
pub(super) fn field(asked: &Fields, name: &str) -> String {
    let text = asked.get(name).map(|text| text.trim()).unwrap_or_default();
    text.chars().take(MAX_TEXT).collect()
}
