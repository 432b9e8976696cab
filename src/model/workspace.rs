//! Workspaces, as the API names them: the stacks of repositories, and those that were created through the API.

use super::{InstallationId, RepositoryId, StackName};
use std::fmt;

/// The beginning of the id of a workspace that was created through the API.
const OWN: &str = "w-";

impl InstallationId {
    /// The organisation `local`, for whoever uses the API without GitHub: GitHub's own ids begin with 1.
    pub const LOCAL: Self = Self(0);
    /// The name of that organisation.
    pub const LOCAL_NAME: &str = "local";
}

impl RepositoryId {
    /// What stands in place of a repository for workspaces that were created through the API: GitHub's own ids begin
    /// with 1.
    pub const NONE: Self = Self(0);
}

/// The id of a workspace: `123.production` is a stack of the repository 123, `w-0abc...` was created through the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkspaceId {
    /// The repository; `RepositoryId::NONE` where there is none.
    pub repository: RepositoryId,
    /// The stack; for a workspace without a repository its whole id.
    pub stack: StackName,
}

impl WorkspaceId {
    /// Creates the id of a workspace without a repository from random bytes.
    pub fn of_random(bytes: [u8; 32]) -> Self {
        let stack = StackName::of_path(&format!("{OWN}{}", hex::encode(&bytes[..16])));
        Self {
            repository: RepositoryId::NONE,
            stack,
        }
    }

    /// Parses an id; `None` for a text that is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (repository, stack) = match text.split_once('.') {
            Some((repository, stack)) => {
                let is_number = repository.bytes().all(|b| b.is_ascii_digit());
                let number = repository.parse().ok().filter(|_| is_number)?;
                (RepositoryId(number), stack)
            }
            None if text.starts_with(OWN) => (RepositoryId::NONE, text),
            None => return None,
        };
        let stack = StackName::new(stack)?;
        let id = Self { repository, stack };
        // One id has one form.
        (id.to_string() == text).then_some(id)
    }

    /// Returns whether the workspace was created through the API.
    pub fn is_own(&self) -> bool {
        self.repository == RepositoryId::NONE
    }
}

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_own() {
            true => write!(f, "{}", self.stack),
            false => write!(f, "{}.{}", self.repository, self.stack),
        }
    }
}

/// Splits the place of an object, `s3://bucket/key`, into its bucket and key; `None` where either is missing.
pub fn s3_place(text: &str) -> Option<(&str, &str)> {
    let place = text.strip_prefix("s3://")?.split_once('/');
    place.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_form() {
        let own = WorkspaceId::of_random([7; 32]);
        assert!(own.is_own());
        for text in ["123.production", &own.to_string()] {
            assert_eq!(WorkspaceId::parse(text).unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "production",
            "0.w-ab",
            "0123.production",
            "+1.production",
            "123.Production",
            "123.",
            "w-A",
            "-1.a",
        ] {
            assert_eq!(WorkspaceId::parse(wrong), None, "{wrong}");
        }
    }
}
