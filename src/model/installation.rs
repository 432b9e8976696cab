//! The identities of installations, repositories and deliveries.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An installation of the App: the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstallationId(pub u64);

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// GitHub's id of a repository, which survives a change of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepositoryId(pub u64);

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `owner/name`, in lower case: GitHub ignores the case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName {
    owner: String,
    name: String,
}

impl RepositoryName {
    /// Parses a name; `None` where the text is no `owner/name`. It becomes part of addresses and paths, so neither part
    /// leads anywhere else.
    pub fn new(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_dots = |part: &str| matches!(part, "." | "..");
        let good = |part: &str| !part.is_empty() && part.chars().all(allowed) && !is_dots(part);
        (good(owner) && good(name)).then(|| Self {
            owner: owner.to_ascii_lowercase(),
            name: name.to_ascii_lowercase(),
        })
    }

    /// Returns the user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns the name without its owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text).ok_or_else(|| format!("`{text}` is no repository name: owner/name"))
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.to_string()
    }
}

/// GitHub's id of a webhook delivery: unique, and kept when the delivery is sent again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub String);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RepositoryName;

    #[test]
    fn no_part_of_a_name_leads_to_another_address() {
        for text in [
            "",
            "acme",
            "acme/",
            "/shop",
            "./shop",
            "acme/.",
            "../shop",
            "acme/..",
            "acme/shop/x",
            "acme/shop?x",
            "acme/sh%2fop",
            "acme/sh op",
            "acme/sh\0op",
            "acme\\shop/x",
            "ac:me/shop",
        ] {
            assert_eq!(RepositoryName::new(text), None, "{text:?}");
        }
        for text in ["acme/.github", "acme/shop.js", "a/...", "acme-1/s_hop"] {
            assert_eq!(RepositoryName::new(text).unwrap().to_string(), text);
        }
    }
}
