//! Defines whose credentials a request uses, and the permissions of each token.

use super::gate::Account;
use crate::model::{InstallationId, RepositoryId};

/// Permissions by name, with their levels.
type Permissions = &'static [(&'static str, &'static str)];

/// The permissions of an installation token.
const PERMISSIONS: Permissions = &[
    ("checks", "write"),
    ("contents", "write"),
    ("issues", "write"),
    ("metadata", "read"),
    ("pull_requests", "write"),
];
/// The permissions of the token for code scanning. It is requested separately: GitHub refuses a token altogether for
/// one permission that an installation has not accepted yet.
const CODE_SCANNING: Permissions = &[("metadata", "read"), ("security_events", "write")];
/// The permissions of the token that requests team reviews, which personal accounts do not have.
const TEAMS: Permissions = &[
    ("members", "read"),
    ("metadata", "read"),
    ("pull_requests", "write"),
];

/// The permissions of the token that only reads files.
const CONTENTS: Permissions = &[("contents", "read"), ("metadata", "read")];

/// The permissions of the token that asks about people: what each installation grants.
const METADATA: Permissions = &[("metadata", "read")];

/// Whose credentials a request uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    App,
    Installation(InstallationId, RepositoryId),
    /// The installation, to upload to code scanning.
    CodeScanning(InstallationId, RepositoryId),
    /// The installation, to request team reviews.
    Teams(InstallationId, RepositoryId),
    /// The installation, to read files.
    Contents(InstallationId, RepositoryId),
    /// The installation, to ask about people.
    Metadata(InstallationId, RepositoryId),
}

impl Caller {
    /// Returns the account that the caller's requests count against.
    pub(super) fn account(self) -> Account {
        match self {
            Self::App => None,
            Self::Installation(installation, _)
            | Self::CodeScanning(installation, _)
            | Self::Teams(installation, _)
            | Self::Contents(installation, _)
            | Self::Metadata(installation, _) => Some(installation),
        }
    }

    /// Returns the installation, repository and permissions of the caller's token; `None` for the App itself.
    pub(super) fn token_scope(self) -> Option<(InstallationId, RepositoryId, Permissions)> {
        match self {
            Self::App => None,
            Self::Installation(installation, id) => Some((installation, id, PERMISSIONS)),
            Self::CodeScanning(installation, id) => Some((installation, id, CODE_SCANNING)),
            Self::Teams(installation, id) => Some((installation, id, TEAMS)),
            Self::Contents(installation, id) => Some((installation, id, CONTENTS)),
            Self::Metadata(installation, id) => Some((installation, id, METADATA)),
        }
    }
}
